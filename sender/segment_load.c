/*
 * What a segment holds, as a list of events. Nothing in the file is believed before its record's
 * checksum fits.
 */
#include "sender/segment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/late.h"

static int add_item(struct segment *s, const struct record *record, uint32_t *capacity)
{
	struct segment_item *more;
	struct spool_event fixed;

	if (record->length < sizeof(fixed))
		return -EBADMSG;
	if (s->items == *capacity) {
		*capacity = *capacity ? *capacity * 2 : 64;
		more = realloc(s->item, *capacity * sizeof(*more));
		if (!more)
			return -ENOMEM;
		s->item = more;
	}
	memcpy(&fixed, record->payload, sizeof(fixed));
	s->item[s->items++] = (struct segment_item){ .payload = record->payload,
						     .length = record->length,
						     .end = record->end,
						     .routes = fixed.routes,
						     .lifecycle = fixed.lifecycle,
						     .moment = fixed.moment };
	return 0;
}

/* Is the one about what the other is about? START and STOP may stand together in a mark. */
static bool same_moment(uint32_t one, uint32_t other)
{
	return SPOOL_MOMENT_WHAT(one & other) &&
	       SPOOL_MOMENT_NUMBER(one) == SPOOL_MOMENT_NUMBER(other);
}

static void void_items(struct segment *s, const struct record *record)
{
	struct spool_mark mark;

	if (record_mark(record, &mark))
		return;
	for (uint32_t i = 0; i < s->items; i++)
		if (s->item[i].lifecycle == mark.lifecycle &&
		    same_moment(s->item[i].moment, mark.moments))
			s->item[i].routes = 0;
}

static int next_record(const struct segment *s, uint64_t *offset, struct record *into)
{
	if (s->base)
		return record_next_own(s->bytes, s->base, s->loaded, offset, into);
	return record_next(s->bytes, s->loaded, offset, into);
}

static int list_items(struct segment *s)
{
	uint64_t offset = sizeof(struct spool_header);
	uint32_t capacity = 0;
	struct record record;
	int r;

	for (;;) {
		r = next_record(s, &offset, &record);
		if (r)
			break;
		if (record.kind == SPOOL_EVENT)
			r = add_item(s, &record, &capacity);
		else if (record.kind == SPOOL_VOID)
			void_items(s, &record);
		if (r)
			break;
	}
	return r == -ENODATA ? 0 : r;
}

static int read_bytes(struct segment *s)
{
	uint64_t at = 0;

	s->bytes = malloc(s->end);
	if (!s->bytes)
		return -ENOMEM;
	while (at < s->end) {
		ssize_t n = pread(s->file, s->bytes + at, s->end - at, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EBADMSG;
		at += (uint64_t)n;
	}
	s->loaded = s->end;
	return 0;
}

static void take_own(struct segment *s)
{
	s->bytes = (uint8_t *)s->own.data;
	s->base = sizeof(struct spool_header);
	s->loaded = s->end;
	s->own = (struct buffer){ 0 };
}

int segment_load(struct segment *s)
{
	int r = 0;

	if (s->bytes)
		return 0;
	if (s->own.data)
		take_own(s);
	else
		r = read_bytes(s);
	if (!r)
		r = list_items(s);
	if (r)
		segment_unload(s);
	return r;
}

bool segment_item_waits(const struct segment *s, const struct segment_item *item)
{
	for (uint32_t r = 0; r < s->routes; r++)
		if (item->routes >> r & 1 && item->end > s->route[r].acked)
			return true;
	return false;
}

void segment_unload(struct segment *s)
{
	free(s->bytes);
	free(s->item);
	s->bytes = NULL;
	s->item = NULL;
	s->items = 0;
	s->loaded = 0;
	s->base = 0;
}

/* Does a void mark behind `from` take these moments back? */
static bool voided(const struct segment *s, uint64_t from, const struct spool_mark *mark)
{
	struct spool_mark later;
	struct record record;

	while (!next_record(s, &from, &record))
		if (record.kind == SPOOL_VOID && !record_mark(&record, &later) &&
		    later.lifecycle == mark->lifecycle && same_moment(later.moments, mark->moments))
			return true;
	return false;
}

static bool has_voids(const struct segment *s)
{
	uint64_t offset = sizeof(struct spool_header);
	struct record record;

	while (!next_record(s, &offset, &record))
		if (record.kind == SPOOL_VOID)
			return true;
	return false;
}

int segment_each_end(struct segment *s, void (*call)(void *context, const struct spool_mark *mark),
		     void *context)
{
	uint64_t offset = sizeof(struct spool_header);
	struct spool_mark mark;
	struct record record;
	int r = segment_load(s);
	bool voids;

	if (r)
		return r;
	voids = has_voids(s);
	while (!next_record(s, &offset, &record)) {
		if (record.kind != SPOOL_END || record_mark(&record, &mark))
			continue;
		if (!voids || !voided(s, offset, &mark))
			call(context, &mark);
	}
	return 0;
}

/* The texts end with a NUL, but for the last one. */
static bool read_state(const struct record *record, struct spool_state *into, const char **service,
		       const char **name)
{
	const char *texts = (const char *)record->payload + sizeof(*into);

	if (record->length < sizeof(*into))
		return false;
	memcpy(into, record->payload, sizeof(*into));
	if ((uint64_t)into->service_bytes + into->name_bytes > record->length - sizeof(*into) ||
	    !into->service_bytes || !into->name_bytes || texts[into->service_bytes - 1] != '\0' ||
	    texts[into->service_bytes + into->name_bytes - 1] != '\0')
		return false;
	*service = texts;
	*name = texts + into->service_bytes;
	return true;
}

int segment_each_state(struct segment *s, uint64_t lifecycle, uint32_t moment,
		       void (*call)(void *context, const char *service, const char *name,
				    const char *json, size_t length),
		       void *context)
{
	uint64_t offset = sizeof(struct spool_header);
	const char *service, *name;
	struct spool_state state;
	struct record record;
	int r = segment_load(s);

	if (r)
		return r;
	while (!next_record(s, &offset, &record)) {
		if (record.kind != SPOOL_STATE || !read_state(&record, &state, &service, &name) ||
		    state.lifecycle != lifecycle || state.moment != moment)
			continue;
		call(context, service, name, name + state.name_bytes,
		     record.length - sizeof(state) - state.service_bytes - state.name_bytes);
	}
	return 0;
}
