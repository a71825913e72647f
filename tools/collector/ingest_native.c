/*
 * Native events: a JSON object, a JSON array of them, or one object a line. Members this version
 * does not know are let pass.
 */
#include "tools/collector/ingest.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int texts(const json_t *item, const char *where, struct event *into,
		 struct complaint *complaint)
{
	const struct {
		const char *key;
		const char **into;
	} members[] = { { "event", &into->name },
			{ "service", &into->service },
			{ "kind", &into->kind },
			{ "session", &into->session },
			{ "user", &into->user } };

	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
		const int error = batch_text(item, members[i].key, BATCH_TEXT, where,
					     members[i].into, complaint);
		if (error)
			return error;
	}
	return 0;
}

static int native(const json_t *item, const char *where, int64_t received, struct event *into,
		  struct complaint *complaint)
{
	const json_t *pid = json_object_get(item, "pid");

	if (!json_is_object(item)) {
		complain(complaint, where, "an event is an object");
		return -EINVAL;
	}
	*into = (struct event){ .time = received, .pid = -1 };
	int error = texts(item, where, into, complaint);
	if (!error)
		error = batch_time(item, "time", where, &into->time, complaint);
	if (!error)
		error = batch_id(item, "id", where, into, complaint);
	if (!error)
		error = batch_object(item, "context", where, &into->context, complaint);
	if (!error)
		error = batch_object(item, "properties", where, &into->properties, complaint);
	if (error)
		return error;
	if (!into->name || (pid && !json_is_integer(pid) && !json_is_null(pid))) {
		complain(complaint, where,
			 into->name ? "\"pid\" must be a whole number"
				    : "an event needs its name as \"event\"");
		return -EINVAL;
	}
	if (json_is_integer(pid) && json_integer_value(pid) > 0)
		into->pid = json_integer_value(pid);
	return 0;
}

static int from_list(json_t *json, size_t length, int64_t received, struct batch *into,
		     struct complaint *complaint)
{
	json_t *item;
	size_t i;

	int error = batch_begin(into, json, json_array_size(json), "native", complaint);
	if (error)
		return error;
	into->bytes = length;
	json_array_foreach(json, i, item)
	{
		char where[24];
		snprintf(where, sizeof(where), "[%zu]", i);
		error = native(item, where, received, &into->events[into->count++], complaint);
		if (error) {
			batch_free(into);
			return error;
		}
	}
	return 0;
}

int ingest_json(const char *body, size_t length, int64_t received, struct batch *into,
		struct complaint *complaint)
{
	json_t *json = batch_parse(body, length, complaint);

	if (!json)
		return -EINVAL;
	if (json_is_array(json))
		return from_list(json, length, received, into, complaint);
	int error = batch_begin(into, json, 1, "native", complaint);
	if (error)
		return error;
	into->bytes = length;
	into->count = 1;
	error = native(json, "", received, &into->events[0], complaint);
	if (error)
		batch_free(into);
	return error;
}

static bool is_blank(const char *line, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!strchr(" \t\r", line[i]) || !line[i])
			return false;
	return true;
}

static int add_line(json_t *list, const char *line, size_t length, int number,
		    struct complaint *complaint)
{
	json_t *item = batch_parse(line, length, complaint);

	if (!item) {
		complaint->line = number;
		return -EINVAL;
	}
	return json_array_append_new(list, item) ? -ENOMEM : 0;
}

/* Names the line instead of the place in the list: blank lines are let pass, so the two may differ.
 */
static int bad_line(const char *body, size_t length, struct complaint *complaint)
{
	unsigned at = 0, skip;

	if (sscanf(complaint->where, "[%u]", &skip) != 1)
		return -EINVAL;
	for (int line = 1; length > 0; line++) {
		const char *end = memchr(body, '\n', length);
		const size_t bytes = end ? (size_t)(end - body) : length;
		if (!is_blank(body, bytes) && at++ == skip) {
			const char *rest = complaint->where + strcspn(complaint->where, "]") + 1;
			memmove(complaint->where, rest + (*rest == '.'),
				strlen(rest + (*rest == '.')) + 1);
			complaint->line = line;
			return -EINVAL;
		}
		body += bytes + (end != NULL);
		length -= bytes + (end != NULL);
	}
	return -EINVAL;
}

int ingest_ndjson(const char *body, size_t length, int64_t received, struct batch *into,
		  struct complaint *complaint)
{
	json_t *list = json_array();
	size_t done = 0;

	if (!list) {
		complain(complaint, "", "out of memory");
		return -ENOMEM;
	}
	for (int line = 1; done < length; line++) {
		const char *end = memchr(body + done, '\n', length - done);
		const size_t bytes = end ? (size_t)(end - body) - done : length - done;
		int error = 0;
		if (!is_blank(body + done, bytes))
			error = add_line(list, body + done, bytes, line, complaint);
		if (!error && json_array_size(list) > BATCH_EVENTS)
			break;
		if (error) {
			json_decref(list);
			return error;
		}
		done += bytes + 1;
	}
	const int error = from_list(list, length, received, into, complaint);
	return error == -EINVAL ? bad_line(body, length, complaint) : error;
}
