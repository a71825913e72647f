/*
 * The segment's file: made, taken over, written, acknowledged. Its reading is in segment_load.c.
 */
#include "sender/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int write_all(int file, const void *bytes, size_t length, uint64_t offset)
{
	const char *at = bytes;

	while (length) {
		ssize_t n = pwrite(file, at, length, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		length -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

static struct segment *segment_new(int folder, const char *name)
{
	struct segment *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->file = -1;
	s->folder = folder;
	snprintf(s->name, sizeof(s->name), "%s", name);
	return s;
}

static void free_route(struct segment_route *route)
{
	free(route->url);
	free(route->key);
	free(route->headers);
}

void segment_close(struct segment *s)
{
	segment_unload(s);
	for (uint32_t i = 0; i < s->routes; i++)
		free_route(&s->route[i]);
	buffer_free(&s->pending);
	buffer_free(&s->own);
	if (s->file >= 0)
		close(s->file);
	free(s);
}

void segment_delete(struct segment *s)
{
	unlinkat(s->folder, s->name, 0);
	segment_close(s);
}

/* The lock is ours, but is the file still the one of that name? */
static bool still_named(const struct segment *s)
{
	struct stat here, there;

	return !fstat(s->file, &here) &&
	       !fstatat(s->folder, s->name, &there, AT_SYMLINK_NOFOLLOW) &&
	       here.st_ino == there.st_ino && here.st_dev == there.st_dev && S_ISREG(here.st_mode);
}

int segment_create(int folder, const char *name, const uint8_t image[16], const uint8_t pool_id[16],
		   uint64_t real_ns, struct segment **into)
{
	struct spool_header header = { .created_ns = real_ns };
	struct segment *s = segment_new(folder, name);
	int r;

	if (!s)
		return -ENOMEM;
	memcpy(header.image, image, sizeof(header.image));
	memcpy(header.pool_id, pool_id, sizeof(header.pool_id));
	record_seal_header(&header);
	s->file = openat(folder, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->file < 0) {
		r = -errno;
		segment_close(s);
		return r;
	}
	/* An adopter may lock the empty file first: it finds no header and removes it. */
	r = flock(s->file, LOCK_EX) ? -errno : 0;
	if (!r && !still_named(s))
		r = -EAGAIN;
	if (!r)
		r = write_all(s->file, &header, sizeof(header), 0);
	if (!r && fsync(folder))
		r = -errno;
	if (r && r != -EAGAIN)
		unlinkat(folder, name, 0);
	if (r) {
		segment_close(s);
		return r;
	}
	memcpy(s->image, image, sizeof(s->image));
	memcpy(s->pool_id, pool_id, sizeof(s->pool_id));
	s->created_ns = real_ns;
	s->end = sizeof(header);
	*into = s;
	return 0;
}

/* Where the last whole group ends; routes defined behind it do not count. */
static void find_end(struct segment *s)
{
	uint64_t offset = sizeof(struct spool_header);
	struct record record;

	s->end = offset;
	while (!record_next(s->bytes, s->loaded, &offset, &record))
		if (record.kind == SPOOL_END || record.kind == SPOOL_VOID)
			s->end = record.end;
}

static char *copy_text(const char *text, size_t length)
{
	char *copy = malloc(length + 1);

	if (!copy)
		return NULL;
	memcpy(copy, text, length);
	copy[length] = 0;
	return copy;
}

static int add_route(struct segment *s, const struct spool_route *of, const char *url,
		     const char *key, const char *headers)
{
	struct segment_route *route = &s->route[s->routes];

	route->destination = of->destination;
	route->url = copy_text(url, of->url_bytes);
	route->key = copy_text(key, of->key_bytes);
	route->headers = copy_text(headers, of->headers_bytes);
	route->acked = sizeof(struct spool_header);
	if (!route->url || !route->key || !route->headers) {
		free_route(route);
		return -ENOMEM;
	}
	s->routes++;
	return 0;
}

static int read_routes(struct segment *s)
{
	uint64_t offset = sizeof(struct spool_header);
	struct spool_header header;
	struct spool_route route;
	const char *url, *key, *headers;
	struct record record;
	int r;

	memcpy(&header, s->bytes, sizeof(header));
	while (offset < s->end && !record_next(s->bytes, s->end, &offset, &record)) {
		if (record.kind != SPOOL_ROUTE)
			continue;
		if (record_route(&record, &route, &url, &key, &headers) ||
		    route.number != s->routes)
			return -EBADMSG;
		r = add_route(s, &route, url, key, headers);
		if (r)
			return r;
		s->route[route.number].acked = record_read_ack(&header, route.number);
		if (s->route[route.number].acked > s->end)
			s->route[route.number].acked = 0;
	}
	return 0;
}

static int read_file(struct segment *s)
{
	struct spool_header header;
	struct stat st;
	ssize_t n;

	if (fstat(s->file, &st))
		return -errno;
	if (st.st_size < (off_t)sizeof(header) || st.st_size > SPOOL_SEGMENT_MAX)
		return -EBADMSG;
	s->bytes = malloc((size_t)st.st_size);
	if (!s->bytes)
		return -ENOMEM;
	n = pread(s->file, s->bytes, (size_t)st.st_size, 0);
	if (n < 0)
		return -errno;
	s->loaded = (uint64_t)n;
	if (s->loaded < sizeof(header))
		return -EBADMSG;
	memcpy(&header, s->bytes, sizeof(header));
	memcpy(s->image, header.image, sizeof(s->image));
	memcpy(s->pool_id, header.pool_id, sizeof(s->pool_id));
	s->created_ns = header.created_ns;
	return record_check_header(&header);
}

static int recover(struct segment *s)
{
	int r = read_file(s);

	if (r)
		return r;
	find_end(s);
	if (s->end < s->loaded) {
		s->damaged = s->loaded - s->end;
		if (ftruncate(s->file, (off_t)s->end))
			return -errno;
	}
	r = read_routes(s);
	segment_unload(s);
	return r;
}

/* Too short for a header: its maker died at once. Anything else is kept for people to look at. */
static void put_aside(struct segment *s)
{
	char name[sizeof(s->name) + 8];
	struct stat st;

	snprintf(name, sizeof(name), "%s.damaged", s->name);
	if (!fstat(s->file, &st) && st.st_size < (off_t)sizeof(struct spool_header))
		unlinkat(s->folder, s->name, 0);
	else
		renameat(s->folder, s->name, s->folder, name);
}

int segment_open(int folder, const char *name, struct segment **into)
{
	struct segment *s = segment_new(folder, name);
	int r;

	if (!s)
		return -ENOMEM;
	s->file = openat(folder, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	r = s->file < 0 ? -errno : 0;
	if (!r && flock(s->file, LOCK_EX | LOCK_NB))
		r = errno == EWOULDBLOCK ? -EBUSY : -errno;
	if (!r && !still_named(s))
		r = -ENOENT;
	if (!r) {
		r = recover(s);
		if (r == -EBADMSG)
			put_aside(s);
	}
	if (r) {
		segment_close(s);
		return r;
	}
	*into = s;
	return 0;
}

int segment_peek(int folder, const char *name, struct segment **into)
{
	struct segment *s = segment_new(folder, name);
	int r;

	if (!s)
		return -ENOMEM;
	s->file = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	r = s->file < 0 ? -errno : read_file(s);
	if (!r) {
		find_end(s);
		r = read_routes(s);
	}
	segment_unload(s);
	if (!r)
		r = segment_load(s);
	if (r) {
		segment_close(s);
		return r;
	}
	*into = s;
	return 0;
}

int segment_rename(struct segment *s, const char *name)
{
	if (renameat2(s->folder, s->name, s->folder, name, RENAME_NOREPLACE)) {
		/* Not every file system knows it; names are given out once, so that it hardly
		 * matters. */
		if (errno != EINVAL || renameat(s->folder, s->name, s->folder, name))
			return -errno;
	}
	snprintf(s->name, sizeof(s->name), "%s", name);
	return 0;
}

static bool is_route(const struct segment_route *one, const struct late_route *route,
		     const char *headers)
{
	return one->destination == route->destination && !strcmp(one->url, route->url) &&
	       !strcmp(one->key, route->key) && !strcmp(one->headers, headers);
}

int segment_route(struct segment *s, const struct late_route *route)
{
	const char *headers = route->headers ? route->headers : "";
	struct spool_route fixed = { .number = s->routes,
				     .destination = route->destination,
				     .url_bytes = (uint32_t)strlen(route->url),
				     .key_bytes = (uint32_t)strlen(route->key),
				     .headers_bytes = (uint32_t)strlen(headers) };
	size_t begun;
	int r;

	for (uint32_t i = 0; i < s->routes; i++)
		if (is_route(&s->route[i], route, headers))
			return (int)i;
	if (s->routes == SPOOL_ROUTES)
		return -E2BIG;
	r = add_route(s, &fixed, route->url, route->key, headers);
	if (r)
		return r;
	s->pending_routes++;
	begun = record_begin(&s->pending, SPOOL_ROUTE);
	buffer_add(&s->pending, &fixed, sizeof(fixed));
	buffer_text(&s->pending, route->url);
	buffer_text(&s->pending, route->key);
	buffer_text(&s->pending, headers);
	record_end(&s->pending, begun, s->end);
	return (int)s->routes - 1;
}

void segment_add_event_each(struct segment *s, const struct event *event,
			    const struct late_route *route, const uint32_t *number, uint32_t routes)
{
	size_t begun = record_begin(&s->pending, SPOOL_EVENT);

	event_pack(event, &s->pending);
	for (uint32_t i = 0; i < routes; i++)
		if (route[i].each)
			event_pack_each(route[i].each, number[i], &s->pending);
	record_end(&s->pending, begun, s->end);
}

void segment_add_event(struct segment *s, const struct event *event)
{
	segment_add_event_each(s, event, NULL, NULL, 0);
}

void segment_add_mark(struct segment *s, enum spool_kind kind, const struct spool_mark *mark)
{
	size_t begun = record_begin(&s->pending, kind);

	buffer_add(&s->pending, mark, sizeof(*mark));
	record_end(&s->pending, begun, s->end);
}

void segment_add_state(struct segment *s, uint64_t lifecycle, uint32_t moment, const char *service,
		       const char *name, const char *json)
{
	struct spool_state state = { .lifecycle = lifecycle,
				     .moment = moment,
				     .service_bytes = (uint32_t)strlen(service) + 1,
				     .name_bytes = (uint32_t)strlen(name) + 1 };
	size_t begun = record_begin(&s->pending, SPOOL_STATE);

	buffer_add(&s->pending, &state, sizeof(state));
	buffer_add(&s->pending, service, state.service_bytes);
	buffer_add(&s->pending, name, state.name_bytes);
	buffer_add(&s->pending, json, strlen(json));
	record_end(&s->pending, begun, s->end);
}

void segment_cut_pending(struct segment *s, size_t length, uint32_t routes)
{
	while (s->routes > routes) {
		s->routes--;
		s->pending_routes--;
		free_route(&s->route[s->routes]);
	}
	s->pending.length = length;
	s->pending.failed = false;
}

int segment_write(struct segment *s, bool durable)
{
	int r = s->pending.failed ? -ENOMEM : 0;

	if (!r)
		r = write_all(s->file, s->pending.data, s->pending.length, s->end);
	if (!r && durable && fdatasync(s->file))
		r = -errno;
	if (r) {
		/* Should even the cut fail: a torn tail is not believed, and the next write
		 * overwrites it. */
		segment_cut_pending(s, 0, s->routes - s->pending_routes);
		return ftruncate(s->file, (off_t)s->end) ? -EIO : r;
	}
	s->pending_routes = 0;
	buffer_free(&s->own);
	s->end += s->pending.length;
	if (s->end == sizeof(struct spool_header) + s->pending.length) {
		s->own = s->pending;
		s->pending = (struct buffer){ 0 };
	}
	buffer_clear(&s->pending);
	return 0;
}

int segment_acknowledge(struct segment *s, uint32_t route, uint64_t offset)
{
	struct spool_ack ack = record_make_ack(route, offset);

	s->route[route].acked = offset;
	return write_all(s->file, &ack, sizeof(ack),
			 offsetof(struct spool_header, ack) + route * sizeof(ack));
}

bool segment_finished(const struct segment *s)
{
	if (s->pending.length)
		return false;
	for (uint32_t i = 0; i < s->routes; i++)
		if (s->route[i].acked < s->end)
			return false;
	return true;
}
