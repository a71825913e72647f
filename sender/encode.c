/*
 * The table of encoders, and the native event.
 */
#include "sender/encode.h"

#include <string.h>

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

void encode_native(struct buffer *into, const struct event *event)
{
	char id[IDENTITY_TEXT];

	identity_text(&event->id, id);
	buffer_text(into, "{\"id\":\"");
	buffer_add(into, id, IDENTITY_TEXT - 1);
	buffer_text(into, "\",\"time\":");
	buffer_time(into, event->time_ns, 6);
	buffer_text(into, ",\"service\":");
	buffer_json(into, event->service.text, event->service.length);
	buffer_text(into, ",\"event\":");
	buffer_json(into, event->name.text, event->name.length);
	buffer_text(into, ",\"kind\":");
	buffer_json(into, event->kind.text, event->kind.length);
	buffer_text(into, ",\"session\":");
	buffer_json(into, event->session.text, event->session.length);
	buffer_text(into, ",\"pid\":");
	buffer_unsigned(into, event->pid);
	if (event->user.text) {
		buffer_text(into, ",\"user\":");
		buffer_json(into, event->user.text, event->user.length);
	}
	if (event->context.text) {
		buffer_text(into, ",\"context\":");
		buffer_add(into, event->context.text, event->context.length);
	}
	buffer_text(into, ",\"properties\":");
	buffer_add(into, event->properties.text, event->properties.length);
	buffer_add(into, "}", 1);
}
