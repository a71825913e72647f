/*
 * Segment's track calls. They know no service and no kind: the service is what the context, else
 * the properties, say; the kind likewise, else the end of the event's name tells it.
 */
#include "tools/collector/ingest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *fact(const json_t *item, const char *key)
{
	const char *text =
		json_string_value(json_object_get(json_object_get(item, "context"), key));

	if (!text)
		text = json_string_value(json_object_get(json_object_get(item, "properties"), key));
	return text && *text && strlen(text) <= BATCH_TEXT ? text : NULL;
}

static int64_t number(const json_t *item, const char *key)
{
	const json_t *value = json_object_get(json_object_get(item, "context"), key);

	if (!json_is_integer(value))
		value = json_object_get(json_object_get(item, "properties"), key);
	return json_is_integer(value) && json_integer_value(value) > 0 ? json_integer_value(value)
								       : -1;
}

static const char *kind_of(const json_t *item, const char *name)
{
	static const char *const kinds[] = { "start", "stop", "command" };
	static const char *const pasts[] = { "started", "stopped", "ran" };
	const char *kind = fact(item, "kind");

	if (kind)
		return kind;
	const char *word = name + strlen(name);
	while (word > name && !strchr("_-. :", word[-1]))
		word--;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcasecmp(word, kinds[i]) == 0 || strcasecmp(word, pasts[i]) == 0)
			return kinds[i];
	return NULL;
}

static int wrong(struct complaint *complaint, const char *where, const char *key, const char *what)
{
	char path[sizeof(complaint->where)];

	snprintf(path, sizeof(path), "%s%s%s", where, *where && *key ? "." : "", key);
	complain(complaint, path, "%s", what);
	return -EINVAL;
}

static int track(const json_t *item, const char *where, int64_t received, struct event *into,
		 struct complaint *complaint)
{
	if (!json_is_object(item))
		return wrong(complaint, where, "", "must be an object");
	*into = (struct event){ .time = received, .pid = number(item, "pid") };
	int error = batch_text(item, "event", BATCH_TEXT, where, &into->name, complaint);
	if (!error)
		error = batch_text(item, "anonymousId", BATCH_TEXT, where, &into->session,
				   complaint);
	if (!error)
		error = batch_text(item, "userId", BATCH_TEXT, where, &into->user, complaint);
	if (!error)
		error = batch_time(item, "timestamp", where, &into->time, complaint);
	if (!error)
		error = batch_id(item, "messageId", where, into, complaint);
	if (!error)
		error = batch_object(item, "context", where, &into->context, complaint);
	if (!error)
		error = batch_object(item, "properties", where, &into->properties, complaint);
	if (error)
		return error;
	if (!into->name)
		return wrong(complaint, where, "event", "a track call needs the event's name");
	into->service = fact(item, "service");
	into->kind = kind_of(item, into->name);
	return 0;
}

int ingest_segment_track(const char *body, size_t length, int64_t received, struct batch *into,
			 struct complaint *complaint)
{
	json_t *json = batch_parse(body, length, complaint);

	if (!json)
		return -EINVAL;
	int error = batch_begin(into, json, 1, "segment", complaint);
	if (error)
		return error;
	into->count = 1;
	into->bytes = length;
	error = track(json, "", received, &into->events[0], complaint);
	if (error)
		batch_free(into);
	return error;
}

static int batch_item(const json_t *item, size_t i, int64_t received, struct batch *into,
		      struct complaint *complaint)
{
	char where[40];
	const char *type = json_string_value(json_object_get(item, "type"));

	snprintf(where, sizeof(where), "batch[%zu]", i);
	if (json_is_object(item) && (!type || strcmp(type, "track") != 0))
		return wrong(complaint, where, "type", "only \"track\" is taken here");
	return track(item, where, received, &into->events[into->count++], complaint);
}

int ingest_segment_batch(const char *body, size_t length, int64_t received, struct batch *into,
			 struct complaint *complaint)
{
	json_t *json = batch_parse(body, length, complaint), *item;
	size_t i;

	if (!json)
		return -EINVAL;
	const json_t *list = json_object_get(json, "batch");
	if (!json_is_array(list)) {
		json_decref(json);
		return wrong(complaint, "", "batch", "must be a list of track calls");
	}
	int error = batch_begin(into, json, json_array_size(list), "segment", complaint);
	if (error)
		return error;
	into->bytes = length;
	json_array_foreach(list, i, item)
	{
		error = batch_item(item, i, received, into, complaint);
		if (error) {
			batch_free(into);
			return error;
		}
	}
	return 0;
}
