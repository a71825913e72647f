/*
 * Arbitrary bytes as a spool segment, taken over and read as a drainer does. An odd first byte: the
 * header and every record whose length makes sense get right checksums, since no fuzzer finds one.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/checksum.h"
#include "sender/encode.h"
#include "sender/segment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int folder = -1;
static char path[64] = "/dev/shm/bookend-fuzz-XXXXXX";

static void clean(void)
{
	unlinkat(folder, "a", 0);
	unlinkat(folder, "a.damaged", 0);
	rmdir(path);
}

static void make_folder(void)
{
	if (!mkdtemp(path))
		abort();
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	atexit(clean);
}

static void seal(uint8_t *bytes, size_t size)
{
	size_t at = sizeof(struct spool_header);
	struct spool_record head;

	if (size < at)
		return;
	record_seal_header((struct spool_header *)(void *)bytes);
	while (size - at >= sizeof(head)) {
		memcpy(&head, bytes + at, sizeof(head));
		head.length %= 512;
		if (size - at < sizeof(head) + head.length)
			break;
		memcpy(bytes + at, &head, sizeof(head));
		head.check = checksum(bytes + at + 4, sizeof(head) - 4 + head.length, at);
		memcpy(bytes + at, &head.check, sizeof(head.check));
		at += (sizeof(head) + head.length + 7) & ~(size_t)7;
		if (at > size)
			break;
	}
}

static void write_file(const uint8_t *bytes, size_t size)
{
	int file = openat(folder, "a", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (file < 0 || write(file, bytes, size) != (ssize_t)size)
		abort();
	close(file);
}

static void visit(void *context, const struct spool_mark *mark)
{
	*(uint64_t *)context += mark->lifecycle;
}

static void read_events(struct segment *segment)
{
	struct buffer line = { 0 };
	struct event event;
	uint64_t sum = 0;

	if (segment_load(segment))
		return;
	for (uint32_t i = 0; i < segment->items; i++) {
		if (segment->item[i].end > segment->end)
			abort();
		segment_item_waits(segment, &segment->item[i]);
		if (!event_unpack(segment->item[i].payload, segment->item[i].length, &event))
			encode_native(&line, &event);
		line.length = 0;
	}
	segment_each_end(segment, visit, &sum);
	buffer_free(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct segment *segment;
	uint8_t *copy;

	if (folder < 0)
		make_folder();
	if (!size || size > 64 * 1024)
		return 0;
	copy = malloc(size);
	memcpy(copy, data + 1, size - 1);
	if (data[0] & 1)
		seal(copy, size - 1);
	write_file(copy, size - 1);
	free(copy);
	if (!segment_peek(folder, "a", &segment)) {
		read_events(segment);
		segment_close(segment);
	}
	if (segment_open(folder, "a", &segment))
		return 0;
	read_events(segment);
	segment_add_mark(segment, SPOOL_END, &(struct spool_mark){ .lifecycle = 1, .moments = 1 });
	if (segment_write(segment, false))
		abort();
	segment_unload(segment);
	read_events(segment);
	segment_finished(segment);
	segment_close(segment);
	return 0;
}
