/*
 * A file is written under its own name: one that was torn by a reset fails its checksum and goes.
 * Of two drainers the one that has the file's flock ends the lifecycle, with the identifiers that
 * its pool would have given.
 */
#include "sender/open.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/checksum.h"
#include "base/machine.h"
#include "base/process.h"
#include "policy/late.h"
#include "sender/drain_group.h"
#include "sender/open_format.h"

#define OPEN_FOLDER  "open"
#define OPEN_NAME    64
#define OPEN_PAYLOAD (64 * 1024)

static int open_folder(const char *state, bool make)
{
	char path[PATHS_MAX + sizeof("/" OPEN_FOLDER)];
	int folder;

	snprintf(path, sizeof(path), "%s/" OPEN_FOLDER, state);
	if (make)
		mkdir(path, 0700);
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return folder < 0 ? -errno : folder;
}

static void make_name(const uint8_t pool_id[16], uint64_t lifecycle, char into[OPEN_NAME])
{
	char *at = into;

	for (int i = 0; i < 16; i++)
		at += sprintf(at, "%02x", pool_id[i]);
	sprintf(at, "-%016" PRIx64, lifecycle);
}

static bool parse_name(const char *name, uint8_t pool_id[16], uint64_t *lifecycle)
{
	int end = 0;

	if (strlen(name) != 32 + 1 + 16)
		return false;
	for (int i = 0; i < 16; i++)
		if (sscanf(name + (size_t)2 * i, "%2hhx", &pool_id[i]) != 1)
			return false;
	return sscanf(name + 32, "-%16" SCNx64 "%n", lifecycle, &end) == 1 && !name[32 + end];
}

static uint32_t check_of(const struct start_block *start, const uint8_t *payload)
{
	return checksum(payload, start->payload, checksum(start, sizeof(*start), 0));
}

static int write_file(int file, const struct open_header *header, const uint8_t *payload, bool wait)
{
	const struct iovec part[] = {
		{ (void *)(uintptr_t)header, sizeof(*header) },
		{ (void *)(uintptr_t)payload, header->start.payload },
	};
	ssize_t written = writev(file, part, 2);

	if (written != (ssize_t)(sizeof(*header) + header->start.payload))
		return -EIO;
	return wait && fsync(file) ? -errno : 0;
}

void open_add(const char *state, const struct pool *pool, uint64_t lifecycle,
	      const struct start_block *start, const uint8_t *payload, bool wait)
{
	struct open_header header = { .magic = OPEN_MAGIC, .version = OPEN_VERSION };
	char name[OPEN_NAME];
	int folder = open_folder(state, true);
	int file;

	if (folder < 0)
		return;
	header.start = *start;
	header.check = check_of(&header.start, payload);
	memcpy(header.boot_id, pool->boot_id, sizeof(header.boot_id));
	make_name(pool->id, lifecycle, name);
	file = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (file >= 0) {
		if (write_file(file, &header, payload, wait) || (wait && fsync(folder)))
			unlinkat(folder, name, 0);
		close(file);
	}
	close(folder);
}

void open_remove(const char *state, const uint8_t pool_id[16], uint64_t lifecycle)
{
	int folder = open_folder(state, false);
	char name[OPEN_NAME];

	if (folder < 0)
		return;
	make_name(pool_id, lifecycle, name);
	unlinkat(folder, name, 0);
	close(folder);
}

struct settled {
	int folder;
	const uint8_t *pool_id;
};

static void settle_one(void *context, const struct spool_mark *mark)
{
	const struct settled *settled = context;
	char name[OPEN_NAME];

	if (!(mark->moments & DRAIN_DONE_STOP))
		return;
	make_name(settled->pool_id, mark->lifecycle, name);
	unlinkat(settled->folder, name, 0);
}

void open_settle(const char *state, struct segment *segment)
{
	struct settled settled = { open_folder(state, false), segment->pool_id };

	if (settled.folder < 0)
		return;
	segment_each_end(segment, settle_one, &settled);
	close(settled.folder);
}

/* What open_reset() works with. */
struct reset {
	const struct sender_options *options;
	struct pool *pool; /* that is there, or NULL */
	struct spool *spool;
	struct images *images;
	struct stats *stats;
	int folder;
	uint8_t boot_id[16];
	uint32_t written;
	struct open_header header;
	uint8_t payload[OPEN_PAYLOAD];
};

/* Takes the flock. -ENOENT: another drainer was quicker. */
static int read_file(struct reset *r, const char *name)
{
	int file = openat(r->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	ssize_t length;

	if (file < 0)
		return -errno;
	if (flock(file, LOCK_EX | LOCK_NB) || fstat(file, &st) || !st.st_nlink) {
		close(file);
		return -ENOENT;
	}
	length = read(file, &r->header, sizeof(r->header));
	if (length == sizeof(r->header) && !memcmp(r->header.magic, OPEN_MAGIC, 8) &&
	    r->header.version == OPEN_VERSION && r->header.start.payload <= OPEN_PAYLOAD &&
	    read(file, r->payload, OPEN_PAYLOAD) == (ssize_t)r->header.start.payload &&
	    r->header.check == check_of(&r->header.start, r->payload))
		return file;
	/* Its writer holds no lock and may be at it: only what stays torn goes. */
	if (st.st_mtime + DRAIN_LEASE_SECONDS < time(NULL))
		unlinkat(r->folder, name, 0);
	close(file);
	return -EBADMSG;
}

/* EXIT_UNKNOWN: it may live, or somebody else may end it. */
static enum exit_reason how_it_ended(const struct reset *r)
{
	static const uint8_t unknown[16];
	const struct start_block *start = &r->header.start;

	if (!memcmp(r->boot_id, unknown, 16) || !memcmp(r->header.boot_id, unknown, 16))
		return EXIT_UNKNOWN;
	if (memcmp(r->boot_id, r->header.boot_id, 16) != 0)
		return EXIT_HOST_RESET;
	if (start->pid_namespace == process_pid_namespace() &&
	    process_life((int)start->pid, start->boot_ns) == PROCESS_DEAD)
		return EXIT_VANISHED;
	return EXIT_UNKNOWN;
}

static int write_group(struct reset *r, struct pool *gone, uint64_t lifecycle,
		       const struct stop_facts *stop)
{
	struct drain_group group = { .lifecycle = lifecycle,
				     .start = &r->header.start,
				     .stop = stop,
				     .moments = DRAIN_DONE_STOP };
	struct segment *segment;
	struct drain d;
	int error;

	group.image = images_get(r->images, r->header.start.image,
				 late_image_path(r->payload, r->header.start.payload));
	if (!group.image)
		return -ENOENT;
	error = drain_open(&d, r->options, gone, r->spool, r->images, r->stats);
	if (error)
		return error;
	memcpy(d.payload, r->payload, r->header.start.payload);
	error = drain_write_group(&d, &group, &segment);
	if (!error)
		error = segment_write(segment, true);
	if (!error)
		stats_add(r->stats, STATS_RECORDED, d.events);
	drain_close(&d);
	return error;
}

/* As if the pool were there still: its identifiers, segments under its name. */
static int write_stop(struct reset *r, const uint8_t pool_id[16], uint64_t lifecycle,
		      enum exit_reason reason)
{
	const struct start_block *start = &r->header.start;
	struct pool gone = { .classes = 1, .class = { { .payload_bytes = OPEN_PAYLOAD } } };
	struct stop_facts stop = { .reason = reason, .code = -1, .real_ns = clock_real_ns() };
	uint8_t own[16];
	int error;

	/* The boot clock began anew. */
	stop.boot_ns = start->boot_ns;
	if (stop.real_ns > start->real_ns)
		stop.boot_ns += stop.real_ns - start->real_ns;
	gone.header = calloc(1, sizeof(*gone.header));
	if (!gone.header)
		return -ENOMEM;
	memcpy(gone.id, pool_id, sizeof(gone.id));
	memcpy(own, r->spool->pool_id, sizeof(own));
	memcpy(r->spool->pool_id, pool_id, sizeof(own));
	error = write_group(r, &gone, lifecycle, &stop);
	memcpy(r->spool->pool_id, own, sizeof(own));
	free(gone.header);
	return error;
}

/* Of the pool that is there: drainers end it, or a killed one has and did not come to remove it. */
static bool is_current(const struct reset *r, const uint8_t pool_id[16])
{
	return r->pool && !memcmp(r->pool->id, pool_id, 16);
}

static void look_current(const struct reset *r, const char *name, uint64_t lifecycle)
{
	uint32_t slot = lifecycle & 0xffff;
	uint64_t word = slot < r->pool->slots ? atomic_load(&r->pool->claims[slot]) : CLAIM_FREE;

	if (CLAIM_STATE(word) == CLAIM_FREE || CLAIM_GENERATION(word) != lifecycle >> 16)
		unlinkat(r->folder, name, 0);
}

/* Who had the lock before us may have been killed behind the write: then its segment says so. */
static bool still_open(const struct reset *r, int file)
{
	struct stat st;

	spool_adopt(r->spool);
	return !fstat(file, &st) && st.st_nlink;
}

static void look_at(struct reset *r, const char *name)
{
	enum exit_reason reason;
	uint8_t pool_id[16];
	uint64_t lifecycle;
	int file;

	if (!parse_name(name, pool_id, &lifecycle))
		return;
	if (is_current(r, pool_id)) {
		look_current(r, name, lifecycle);
		return;
	}
	file = read_file(r, name);
	if (file < 0)
		return;
	reason = how_it_ended(r);
	if (reason != EXIT_UNKNOWN && still_open(r, file) &&
	    !write_stop(r, pool_id, lifecycle, reason)) {
		unlinkat(r->folder, name, 0);
		r->written++;
	}
	close(file);
}

uint32_t open_reset(const struct sender_options *options, struct pool *pool, struct spool *spool,
		    struct images *images, struct stats *stats)
{
	int folder = open_folder(options->state, false);
	DIR *dir = folder < 0 ? NULL : fdopendir(folder);
	struct reset *r = dir ? calloc(1, sizeof(*r)) : NULL;
	struct dirent *entry;
	uint32_t written = 0;

	if (r) {
		r->options = options;
		r->pool = pool;
		r->spool = spool;
		r->images = images;
		r->stats = stats;
		r->folder = folder;
		machine_boot_id(r->boot_id);
		while ((entry = readdir(dir)))
			look_at(r, entry->d_name);
		written = r->written;
		free(r);
	}
	if (dir)
		closedir(dir);
	else if (folder >= 0)
		close(folder);
	return written;
}
