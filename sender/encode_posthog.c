/*
 * posthog: PostHog's capture API. A batch of 1 is one event for /capture/, more are {"batch":[...]}
 * for /batch/; the key is api_key of either. What an event's context has is a property there;
 * $set, $groups and their like are properties that the policy names. Nothing about the place that
 * an event comes from is added: no $ip, no $geoip_*. Larger events than 1 MB and bodies than 20 MB
 * are refused there; as its own libraries we keep to 500 KB.
 */
#include "sender/encode.h"

#include "policy/json.h"

extern const struct encoder encode_posthog;

static void begin(struct buffer *into, const struct encode_how *how)
{
	if (!how->single)
		buffer_text(into, "{\"batch\":[");
}

static struct json json_view(struct view view)
{
	return (struct json){ view.text, view.length };
}

/* The context's members below the properties' own. */
static void add_properties(struct buffer *into, const struct event *event)
{
	size_t most = (size_t)event->context.length + event->properties.length + 2;
	char *room;
	struct text t;

	if (!event->context.text) {
		buffer_add(into, event->properties.text, event->properties.length);
		return;
	}
	room = buffer_room(into, most);
	if (!room)
		return;
	t = text_init(room, most);
	json_merge(&t, json_view(event->context), json_view(event->properties));
	into->length += t.length;
}

static void add(struct buffer *into, const struct event *event, const struct encode_how *how)
{
	char id[IDENTITY_TEXT];

	identity_text(&event->id, id);
	buffer_text(into, "{\"uuid\":\"");
	buffer_add(into, id, IDENTITY_TEXT - 1);
	buffer_text(into, "\"");
	encode_text(into, ",\"event\":", event->name);
	encode_text(into, ",\"distinct_id\":", event->user.text ? event->user : event->session);
	buffer_text(into, ",\"properties\":");
	add_properties(into, event);
	buffer_text(into, ",\"timestamp\":");
	encode_time(into, event->time_ns, how, TIME_RFC3339_MS);
	buffer_text(into, "}");
}

static void end(struct buffer *into, const struct encode_how *how, uint64_t now_ns)
{
	(void)now_ns;
	if (!how->single)
		buffer_text(into, "]}");
}

const struct encoder encode_posthog = {
	.format = FORMAT_POSTHOG,
	.name = "posthog",
	.content_type = "application/json",
	.path_single = "/capture/",
	.path_batch = "/batch/",
	.auth = AUTH_BODY,
	.auth_name = "api_key",
	.event_bytes = 1000 * 1000,
	.batch_bytes = 500 * 1000,
	.begin = begin,
	.event = add,
	.end = end,
};
