#include "tools/collector/events_json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "tools/collector/moment.h"

struct list {
	FILE *out;
	unsigned count;
	bool cut;
};

static void set_text(json_t *json, const char *key, const char *text)
{
	if (text)
		json_object_set_new(json, key, json_string(text));
}

static void set_time(json_t *json, const char *key, int64_t time)
{
	char text[MOMENT_TEXT];

	moment_utc(time, text);
	json_object_set_new(json, key, json_string(text));
}

static void add(void *context, const struct store_row *row)
{
	struct list *list = context;

	if (list->cut || ftell(list->out) > EVENTS_JSON_BYTES) {
		list->cut = true;
		return;
	}
	json_t *json = json_object();
	set_text(json, "id", row->id);
	set_time(json, "time", row->time);
	set_text(json, "service", row->service);
	set_text(json, "event", row->name);
	set_text(json, "kind", row->kind);
	set_text(json, "session", row->session);
	if (row->pid >= 0)
		json_object_set_new(json, "pid", json_integer(row->pid));
	set_text(json, "user", row->user);
	set_time(json, "received", row->received);
	set_text(json, "source", row->source);
	char *head = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	if (!head)
		return;
	/* What is JSON already goes behind the rest as it is stored, inside the same braces. */
	fprintf(list->out, "%s%.*s", list->count++ ? ",\n" : "\n", (int)strlen(head) - 1, head);
	if (row->context)
		fprintf(list->out, ",\"context\":%s", row->context);
	fprintf(list->out, ",\"properties\":%s}", row->properties);
	free(head);
}

int events_json_write(struct store *store, const char *service, unsigned limit, FILE *out)
{
	struct list list = { .out = out };
	int64_t total;

	int error = store_total(store, &total);
	if (error)
		return error;
	fprintf(out, "{\"total\":%lld,\"events\":[", (long long)total);
	error = store_latest(store, service, limit, add, &list);
	fprintf(out, "],\"complete\":%s}\n", list.cut ? "false" : "true");
	return error;
}
