/*
 * Parts of JSON text joined. Each step writes into the route's scratch and takes that for what was.
 */
#include "sender/compose.h"

#include <stdlib.h>
#include <string.h>

#include "policy/json.h"

static struct encode_how how_of(const struct route *route)
{
	return (struct encode_how){ .single = route->to.batch <= 1, .time = route->to.time };
}

static void append(struct buffer *into, const struct buffer *from)
{
	if (from->failed)
		into->failed = true;
	buffer_add(into, from->data, from->length);
}

/* What stands in the body from `offset` on, with the object over it. */
static void merge_over(struct route *route, size_t offset, struct json over)
{
	struct json under = { route->body.data + offset, route->body.length - offset };
	size_t most = under.length + over.length + 2;
	char *room;
	struct text t;

	buffer_clear(&route->scratch);
	room = buffer_room(&route->scratch, most);
	if (!room || route->body.failed) {
		route->body.failed = true;
		return;
	}
	t = text_init(room, most);
	json_merge(&t, under, over);
	route->scratch.length = t.length;
	route->body.length = offset;
	append(&route->body, &route->scratch);
}

static bool drops(const struct late_destination *to, const char *member)
{
	for (uint32_t i = 0; i < to->drops; i++)
		if (!strcmp(to->drop[i], member))
			return true;
	return false;
}

/* The object without what lies at the paths below the member; the text goes to `into`. */
static void drop_below(const struct late_destination *to, const char *member, struct view *object,
		       struct buffer *into)
{
	size_t length = strlen(member);
	const char *path[16];
	unsigned paths = 0;
	struct text t;
	char *room;

	for (uint32_t i = 0; i < to->drops; i++)
		if (!strncmp(to->drop[i], member, length) && to->drop[i][length] == '.')
			path[paths++] = to->drop[i] + length + 1;
	if (!paths || !object->text)
		return;
	room = buffer_room(into, object->length + 1);
	if (!room)
		return;
	t = text_init(room, object->length + 1);
	json_drop(&t, (struct json){ object->text, object->length }, path, paths);
	*object = (struct view){ room, (uint32_t)t.length };
}

static void drop_members(struct route *route, struct event *event, struct buffer texts[2])
{
	const struct late_destination *to = &route->to;

	if (drops(to, "user"))
		event->user = (struct view){ 0 };
	if (drops(to, "session"))
		event->session = (struct view){ 0 };
	if (drops(to, "pid"))
		event->pid = 0;
	if (drops(to, "context"))
		event->context = (struct view){ 0 };
	if (drops(to, "properties"))
		event->properties = (struct view){ "{}", 2 };
	drop_below(to, "context", &event->context, &texts[0]);
	drop_below(to, "properties", &event->properties, &texts[1]);
	route->body.failed |= texts[0].failed || texts[1].failed;
}

static void write_event(struct route *route, const struct event *whole)
{
	struct encode_how how = how_of(route);
	struct buffer texts[2] = { 0 };
	struct event event = *whole;

	if (route->to.drops)
		drop_members(route, &event, texts);
	route->encoder->event(&route->body, &event, &how);
	buffer_free(&texts[0]);
	buffer_free(&texts[1]);
}

void compose_begin(struct route *route)
{
	struct encode_how how = how_of(route);

	buffer_clear(&route->body);
	buffer_clear(&route->secrets);
	route->encoder->begin(&route->body, &how);
	route->events_at = route->body.length;
}

void compose_event(struct route *route, const struct event *event, bool first)
{
	const struct encoder *encoder = route->encoder;
	size_t offset;

	if (!first && !encoder->lines)
		buffer_add(&route->body, ",", 1);
	/* Those of one process are the same mostly. */
	if (event->secrets.text &&
	    (!route->secrets.length || !memmem(route->secrets.data, route->secrets.length,
					       event->secrets.text, event->secrets.length)))
		buffer_add(&route->secrets, event->secrets.text, event->secrets.length);
	offset = route->body.length;
	if (event->each.text && encoder->format == FORMAT_JSON) {
		buffer_add(&route->body, event->each.text, event->each.length);
	} else {
		write_event(route, event);
		if (event->each.text)
			merge_over(route, offset,
				   (struct json){ event->each.text, event->each.length });
	}
	if (encoder->lines)
		buffer_add(&route->body, "\n", 1);
}

/* What the policy's body is with these events in it. */
static void put_body(struct route *route, const char *events, size_t length, uint64_t now_ns)
{
	struct late_request request = { events, length, now_ns };
	size_t bytes = 3 * length + 65536;
	char *memory = malloc(bytes);
	const char *text;

	if (!memory || late_body(route->from, route->destination, &request, memory, bytes, &text)) {
		route->body.failed = true;
	} else if (route->encoder->format == FORMAT_JSON) {
		buffer_clear(&route->body);
		buffer_text(&route->body, text);
	} else {
		merge_over(route, 0, json_of(text));
	}
	free(memory);
}

static void add_body(struct route *route, size_t events_end, uint64_t now_ns)
{
	struct buffer list = { 0 };

	buffer_text(&list, "[");
	buffer_add(&list, route->body.data + route->events_at, events_end - route->events_at);
	buffer_add(&list, "]", 2); /* with its NUL */
	if (list.failed)
		route->body.failed = true;
	else
		put_body(route, list.data, list.length - 1, now_ns);
	buffer_free(&list);
}

static void add_key(struct route *route)
{
	struct buffer object = { 0 };

	buffer_text(&object, "{");
	buffer_json(&object, route->request.auth_name, strlen(route->request.auth_name));
	buffer_text(&object, ":");
	buffer_json(&object, route->key, strlen(route->key));
	buffer_text(&object, "}");
	if (object.failed)
		route->body.failed = true;
	else
		merge_over(route, 0, (struct json){ object.data, object.length });
	buffer_free(&object);
}

void compose_end(struct route *route, uint64_t now_ns)
{
	struct encode_how how = how_of(route);
	size_t events_end = route->body.length;

	route->encoder->end(&route->body, &how, now_ns);
	if (route->to.has_body && !route->body.failed)
		add_body(route, events_end, now_ns);
	if (route->request.auth == AUTH_BODY && route->key[0])
		add_key(route);
}
