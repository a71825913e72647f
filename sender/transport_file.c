/*
 * file: URLs. Whole lines are appended by one write() under flock; a write that a full disk cut
 * short is taken back. Before a drainer's first write the end of the file is searched for events
 * that another drainer wrote, and died before it said so.
 */
#include "sender/transport.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

extern const struct transport transport_file;

#define TAIL_BYTES (256 * 1024)
#define LOCK_TRIES 100 /* a millisecond apart */
#define ID_BYTES   (IDENTITY_TEXT - 1)
#define TAIL_IDS   (TAIL_BYTES / (ID_BYTES + 6)) /* behind "id":" */

/* Of one route: what stood at the end of its file when this drainer came. */
struct file_state {
	int file;
	bool regular;
	bool searched;
	uint32_t ids;
	char id[TAIL_IDS][ID_BYTES]; /* sorted */
};

static int by_id(const void *a, const void *b)
{
	return memcmp(a, b, ID_BYTES);
}

static void list_ids(struct file_state *state, const char *tail, size_t bytes)
{
	static const char mark[] = "\"id\":\"";
	const char *at = tail;
	const char *end = tail + bytes;

	while (state->ids < TAIL_IDS) {
		at = memmem(at, (size_t)(end - at), mark, sizeof(mark) - 1);
		if (!at || end - at < (ptrdiff_t)(sizeof(mark) - 1 + ID_BYTES))
			break;
		at += sizeof(mark) - 1;
		memcpy(state->id[state->ids++], at, ID_BYTES);
	}
	qsort(state->id, state->ids, ID_BYTES, by_id);
}

static int read_tail(struct file_state *state, uint64_t size)
{
	uint64_t from = size > TAIL_BYTES ? size - TAIL_BYTES : 0;
	char *tail = malloc(TAIL_BYTES);
	ssize_t n;
	int r = 0;

	if (!tail)
		return -ENOMEM;
	n = pread(state->file, tail, TAIL_BYTES, (off_t)from);
	if (n < 0)
		r = -errno;
	else
		list_ids(state, tail, (size_t)n);
	free(tail);
	return r;
}

/* file:/path or file:///path */
static const char *path_of(const char *url)
{
	const char *path = url + strlen("file:");

	if (path[0] == '/' && path[1] == '/')
		path += 2;
	return path[0] == '/' ? path : NULL;
}

static struct file_state *state_of(struct transport_request *request)
{
	struct file_state *state = request->state;

	if (state)
		return state;
	state = calloc(1, sizeof(*state));
	if (state)
		state->file = -1;
	request->state = state;
	return state;
}

/* Opened again when the file was moved away, as log rotation does. */
static int open_file(struct file_state *state, const char *url)
{
	const char *path = path_of(url);
	struct stat st, there;
	int access_mode;

	if (!path)
		return -EINVAL;
	if (state->file >= 0) {
		if (!fstat(state->file, &st) && !stat(path, &there) && st.st_ino == there.st_ino &&
		    st.st_dev == there.st_dev)
			return 0;
		close(state->file);
	}
	/* Opened for reading too, a FIFO would take what nobody reads. */
	access_mode = !stat(path, &there) && S_ISFIFO(there.st_mode) ? O_WRONLY : O_RDWR;
	state->file = open(
		path, access_mode | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
	if (state->file < 0)
		return -errno;
	if (fstat(state->file, &st))
		return -errno;
	state->regular = S_ISREG(st.st_mode);
	return 0;
}

static bool known(const struct file_state *state, const struct identity *id)
{
	char text[IDENTITY_TEXT];

	identity_text(id, text);
	return bsearch(text, state->id, state->ids, ID_BYTES, by_id);
}

/* The lines that are not in the file already, in a buffer of the caller's. */
static size_t select_lines(const struct file_state *state, const struct transport_request *request,
			   char *into)
{
	size_t length = 0;

	for (uint32_t i = 0; i < request->parts; i++) {
		const struct transport_part *part = &request->part[i];

		if (known(state, &part->id))
			continue;
		memcpy(into + length, request->body + part->offset, part->length);
		length += part->length;
	}
	return length;
}

static int lock_file(const struct file_state *state)
{
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (!flock(state->file, LOCK_EX | LOCK_NB))
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	return -EBUSY;
}

/* A writer that died in the middle left half a line: it must not swallow ours. */
static bool ends_in_half_line(const struct file_state *state, uint64_t size)
{
	char last;

	return size && pread(state->file, &last, 1, (off_t)(size - 1)) == 1 && last != '\n';
}

static int append(const struct file_state *state, const char *bytes, size_t length)
{
	struct stat st;
	ssize_t n;

	if (!length)
		return 0;
	if (fstat(state->file, &st))
		return -errno;
	if (state->regular && ends_in_half_line(state, (uint64_t)st.st_size) &&
	    write(state->file, "\n", 1) != 1)
		return -ENOSPC;
	n = write(state->file, bytes, length);
	if (n == (ssize_t)length)
		return 0;
	if (n < 0)
		return -errno;
	if (state->regular && ftruncate(state->file, st.st_size))
		return -EIO;
	return -ENOSPC;
}

static int write_lines(struct file_state *state, const struct transport_request *request)
{
	struct stat st;
	char *lines;
	int r = lock_file(state);

	if (r)
		return r;
	if (state->regular && !state->searched && !fstat(state->file, &st))
		r = read_tail(state, (uint64_t)st.st_size);
	state->searched = true;
	lines = state->ids ? malloc(request->length) : NULL;
	if (state->ids && !lines)
		r = -ENOMEM;
	if (!r && lines)
		r = append(state, lines, select_lines(state, request, lines));
	else if (!r)
		r = append(state, request->body, request->length);
	free(lines);
	flock(state->file, LOCK_UN);
	return r;
}

static bool file_submit(void *common, struct transport_request *request)
{
	struct file_state *state = state_of(request);
	int r = state ? open_file(state, request->url) : -ENOMEM;

	(void)common;
	if (!r)
		r = write_lines(state, request);
	request->retry_after = 0;
	request->status = r ? 0 : 200;
	request->result = !r ? TRANSPORT_STATUS : TRANSPORT_REFUSED;
	if (r == -EBUSY || r == -EAGAIN || r == -ENXIO)
		request->result = TRANSPORT_NETWORK;
	snprintf(request->message, sizeof(request->message), "%s",
		 r == -EINVAL ? "a file: URL needs an absolute path"
		 : r	      ? strerror(-r)
			      : "");
	return true;
}

static int file_open(void **common)
{
	*common = NULL;
	return 0;
}

static void file_close(void *common)
{
	(void)common;
}

static struct transport_request *file_wait(void *common, int timeout_ms)
{
	(void)common;
	(void)timeout_ms;
	return NULL;
}

static void file_cancel(void *common, struct transport_request *request)
{
	(void)common;
	(void)request;
}

static void file_forget(void *common, struct transport_request *request)
{
	struct file_state *state = request->state;

	(void)common;
	if (!state)
		return;
	if (state->file >= 0)
		close(state->file);
	free(state);
	request->state = NULL;
}

static const char *const schemes[] = { "file", NULL };

const struct transport transport_file = {
	.schemes = schemes,
	.lines = true,
	.bytes = TAIL_BYTES / 2, /* so that the tail shows all of what a dead drainer wrote */
	.open = file_open,
	.close = file_close,
	.submit = file_submit,
	.wait = file_wait,
	.cancel = file_cancel,
	.forget = file_forget,
};
