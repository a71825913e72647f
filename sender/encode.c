/*
 * The table of encoders, and the native event.
 */
#include "sender/encode.h"

#include "base/text.h"

#define ENCODER(name) extern const struct encoder encode_##name;
#include "sender/encode_all.def"
#undef ENCODER

static const struct encoder *const encoders[] = {
#define ENCODER(name) &encode_##name,
#include "sender/encode_all.def"
#undef ENCODER
};

const struct encoder *encode_find(enum late_format format)
{
	for (size_t i = 0; i < sizeof(encoders) / sizeof(encoders[0]); i++)
		if (encoders[i]->format == format)
			return encoders[i];
	return NULL;
}

/* What encode_native() writes at most: every byte of a string may become six. */
static size_t native_most(const struct event *event)
{
	size_t strings = (size_t)event->service.length + event->name.length + event->kind.length +
			 event->session.length + event->user.length;

	return 256 + 6 * strings + event->context.length + event->properties.length;
}

static void add_string(struct text *t, const char *before, const struct view *string)
{
	text_add(t, before);
	text_add_json(t, string->text, string->length);
}

static void add_object(struct text *t, const char *before, const struct view *object)
{
	text_add(t, before);
	text_add_bytes(t, object->text, object->length);
}

static void add_time(struct text *t, uint64_t unix_ns, enum time_form form)
{
	if (!time_is_number(form))
		text_add_char(t, '"');
	time_text(t, unix_ns, form);
	if (!time_is_number(form))
		text_add_char(t, '"');
}

void encode_time(struct buffer *into, uint64_t unix_ns, const struct encode_how *how,
		 enum time_form own)
{
	char *room = buffer_room(into, 48);
	struct text t;

	if (!room)
		return;
	t = text_init(room, 48);
	add_time(&t, unix_ns, how->time == TIME_OWN ? own : how->time);
	into->length += t.length;
}

void encode_text(struct buffer *into, const char *key, struct view text)
{
	if (!text.text)
		return;
	buffer_text(into, key);
	buffer_json(into, text.text, text.length);
}

void encode_native_as(struct buffer *into, const struct event *event, enum time_form form)
{
	size_t most = native_most(event);
	char *room = buffer_room(into, most);
	char id[IDENTITY_TEXT];
	struct text t;

	if (!room)
		return;
	t = text_init(room, most);
	identity_text(&event->id, id);
	text_add(&t, "{\"id\":\"");
	text_add_bytes(&t, id, IDENTITY_TEXT - 1);
	text_add(&t, "\",\"time\":");
	add_time(&t, event->time_ns, form);
	add_string(&t, ",\"service\":", &event->service);
	add_string(&t, ",\"event\":", &event->name);
	add_string(&t, ",\"kind\":", &event->kind);
	if (event->session.text)
		add_string(&t, ",\"session\":", &event->session);
	if (event->pid) {
		text_add(&t, ",\"pid\":");
		text_add_unsigned(&t, event->pid);
	}
	if (event->user.text)
		add_string(&t, ",\"user\":", &event->user);
	if (event->context.text)
		add_object(&t, ",\"context\":", &event->context);
	add_object(&t, ",\"properties\":", &event->properties);
	text_add_char(&t, '}');
	into->length += t.length;
}

void encode_native(struct buffer *into, const struct event *event)
{
	encode_native_as(into, event, TIME_RFC3339_US);
}
