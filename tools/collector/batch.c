#include "tools/collector/batch.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/collector/moment.h"

void complain(struct complaint *complaint, const char *where, const char *format, ...)
{
	va_list arguments;

	*complaint = (struct complaint){ 0 };
	va_start(arguments, format);
	vsnprintf(complaint->what, sizeof(complaint->what), format, arguments);
	va_end(arguments);
	snprintf(complaint->where, sizeof(complaint->where), "%s", where);
}

void batch_free(struct batch *batch)
{
	for (uint32_t i = 0; i < batch->count; i++) {
		free(batch->events[i].context);
		free(batch->events[i].properties);
	}
	free(batch->events);
	json_decref(batch->json);
	*batch = (struct batch){ 0 };
}

json_t *batch_parse(const char *body, size_t length, struct complaint *complaint)
{
	json_error_t error;
	json_t *json = json_loadb(body, length, JSON_REJECT_DUPLICATES, &error);

	if (!json) {
		complain(complaint, "", "not JSON: %s", error.text);
		complaint->line = error.line;
		complaint->column = error.column;
	}
	return json;
}

int batch_begin(struct batch *batch, json_t *json, size_t count, const char *source,
		struct complaint *complaint)
{
	struct event *events = NULL;
	int error = count > BATCH_EVENTS ? -E2BIG : 0;

	if (!error) {
		events = calloc(count ? count : 1, sizeof(*events));
		error = events ? 0 : -ENOMEM;
	}
	if (error) {
		json_decref(json);
		if (error == -E2BIG)
			complain(complaint, "", "more than %d events in one request", BATCH_EVENTS);
		else
			complain(complaint, "", "out of memory");
		return error;
	}
	*batch = (struct batch){ .source = source, .json = json, .events = events };
	return 0;
}

static int wrong(struct complaint *complaint, const char *where, const char *key, const char *what)
{
	char path[sizeof(complaint->where)];

	snprintf(path, sizeof(path), "%s%s%s", where, *where ? "." : "", key);
	complain(complaint, path, "%s", what);
	return -EINVAL;
}

static const json_t *member(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_null(value) ? NULL : value;
}

int batch_text(const json_t *object, const char *key, size_t limit, const char *where,
	       const char **into, struct complaint *complaint)
{
	const json_t *value = member(object, key);

	if (!value)
		return 0;
	if (!json_is_string(value))
		return wrong(complaint, where, key, "must be text");
	if (json_string_length(value) > limit)
		return wrong(complaint, where, key, "too long");
	if (json_string_length(value) > 0)
		*into = json_string_value(value);
	return 0;
}

/* Are 15 digits enough for every number in it? They write 0.1 as people do, 17 give every double
 * back. */
static bool short_reals(const json_t *value)
{
	const char *key;
	json_t *item;
	size_t i;
	char text[32];

	if (json_is_real(value)) {
		snprintf(text, sizeof(text), "%.15g", json_real_value(value));
		return !(fabs(strtod(text, NULL) - json_real_value(value)) > 0);
	}
	json_object_foreach((json_t *)(uintptr_t)value, key,
			    item) if (!short_reals(item)) return false;
	json_array_foreach(value, i, item) if (!short_reals(item)) return false;
	return true;
}

int batch_object(const json_t *object, const char *key, const char *where, char **into,
		 struct complaint *complaint)
{
	const json_t *value = member(object, key);

	if (!value)
		return 0;
	if (!json_is_object(value))
		return wrong(complaint, where, key, "must be an object");
	*into = json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(short_reals(value) ? 15 : 17));
	return *into ? 0 : wrong(complaint, where, key, "out of memory");
}

int batch_time(const json_t *object, const char *key, const char *where, int64_t *into,
	       struct complaint *complaint)
{
	const json_t *value = member(object, key);

	if (!value)
		return 0;
	if (!json_is_string(value) || !moment_parse(json_string_value(value), into))
		return wrong(complaint, where, key,
			     "must be a time such as \"2026-11-21T10:00:00.123Z\"");
	return 0;
}

int batch_id(const json_t *object, const char *key, const char *where, struct event *event,
	     struct complaint *complaint)
{
	static const uint8_t fixed[16] = "bookend-collect";
	struct identity made;

	const int error = batch_text(object, key, BATCH_ID, where, &event->id, complaint);
	if (error || event->id)
		return error;
	char *canonical = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
	if (!canonical)
		return wrong(complaint, where, key, "out of memory");
	siphash128(fixed, canonical, strlen(canonical), made.bytes);
	free(canonical);
	made = identity_from_random(made.bytes);
	identity_text(&made, event->made_id);
	event->id = event->made_id;
	return 0;
}
