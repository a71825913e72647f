/*
 * Events to bytes and back. The list of texts stands in spool_fields.def, once.
 */
#include "sender/event.h"

#include <errno.h>
#include <string.h>

#include "sender/spool_format.h"

static struct view view_of(const char *text)
{
	return (struct view){ text, text ? (uint32_t)strlen(text) : 0 };
}

void event_from_late(struct event *into, const struct late_event *from, uint64_t lifecycle,
		     uint32_t moment)
{
	*into = (struct event){ .id = from->id,
				.lifecycle = lifecycle,
				.time_ns = from->time_ns,
				.pid = from->pid,
				.moment = moment };
#define FIELD(TAG, number, member) into->member = view_of(from->member);
#include "sender/spool_fields.def"
#undef FIELD
}

static void pack_field(struct buffer *into, unsigned number, struct view text)
{
	uint32_t word = number | text.length << 8;
	char *room;

	if (!text.text || text.length >= 1u << 24)
		return;
	room = buffer_room(into, sizeof(word) + text.length);
	if (!room)
		return;
	memcpy(room, &word, sizeof(word));
	memcpy(room + sizeof(word), text.text, text.length);
	into->length += sizeof(word) + text.length;
}

void event_pack(const struct event *event, struct buffer *into)
{
	struct spool_event fixed = { .lifecycle = event->lifecycle,
				     .time_ns = event->time_ns,
				     .routes = event->routes,
				     .pid = event->pid,
				     .moment = event->moment };

	memcpy(fixed.id, event->id.bytes, sizeof(fixed.id));
	buffer_add(into, &fixed, sizeof(fixed));
#define FIELD(TAG, number, member) pack_field(into, (number), event->member);
#include "sender/spool_fields.def"
#undef FIELD
}

void event_pack_each(const char *each, uint32_t route, struct buffer *into)
{
	pack_field(into, SPOOL_FIELD_EACH + route, view_of(each));
}

struct view event_each(const uint8_t *bytes, size_t length, uint32_t route)
{
	size_t at = sizeof(struct spool_event);
	uint32_t word;

	while (at + sizeof(word) <= length) {
		memcpy(&word, bytes + at, sizeof(word));
		at += sizeof(word);
		if (word >> 8 > length - at)
			break;
		if ((word & 0xff) == SPOOL_FIELD_EACH + route)
			return (struct view){ (const char *)bytes + at, word >> 8 };
		at += word >> 8;
	}
	return (struct view){ 0 };
}

static void set_field(struct event *into, unsigned number, struct view text)
{
	switch (number) {
#define FIELD(TAG, number_, member)                                                                \
	case SPOOL_FIELD_##TAG:                                                                    \
		into->member = text;                                                               \
		break;
#include "sender/spool_fields.def"
#undef FIELD
	default:
		break;
	}
}

int event_unpack(const uint8_t *bytes, size_t length, struct event *into)
{
	struct spool_event fixed;
	size_t at = sizeof(fixed);
	uint32_t word;

	if (length < sizeof(fixed))
		return -EBADMSG;
	memcpy(&fixed, bytes, sizeof(fixed));
	*into = (struct event){ .lifecycle = fixed.lifecycle,
				.time_ns = fixed.time_ns,
				.routes = fixed.routes,
				.pid = fixed.pid,
				.moment = fixed.moment };
	memcpy(into->id.bytes, fixed.id, sizeof(fixed.id));
	while (at < length) {
		if (length - at < sizeof(word))
			return -EBADMSG;
		memcpy(&word, bytes + at, sizeof(word));
		at += sizeof(word);
		if (word >> 8 > length - at)
			return -EBADMSG;
		set_field(into, word & 0xff, (struct view){ (const char *)bytes + at, word >> 8 });
		at += word >> 8;
	}
	if (!into->name.text || !into->service.text || !into->kind.text || !into->session.text ||
	    !into->properties.text)
		return -EBADMSG;
	return 0;
}
