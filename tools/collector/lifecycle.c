#include "tools/collector/lifecycle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_kind(const struct store_row *row, const char *kind)
{
	return row->kind && strcmp(row->kind, kind) == 0;
}

/* Does this row go on with the group of the one before? Remembers its own. */
static bool same_group(struct lifecycles *all, const struct store_row *row)
{
	char *group = NULL;

	/* Lengths first: no two pairs of texts make the same key. */
	if (asprintf(&group, "%zu %s %s", row->service ? strlen(row->service) + 1 : 0,
		     row->service ? row->service : "", row->session ? row->session : row->id) < 0)
		group = NULL;
	all->short_of_memory |= group == NULL;
	const bool same = group && all->group && strcmp(group, all->group) == 0;
	free(all->group);
	all->group = group;
	return same;
}

static bool make_room(struct lifecycles *all)
{
	const size_t capacity = all->capacity ? all->capacity * 2 : 64;

	if (all->count < all->capacity)
		return true;
	struct lifecycle *list = reallocarray(all->list, capacity, sizeof(*list));
	if (!list)
		return false;
	all->list = list;
	all->capacity = capacity;
	return true;
}

static struct lifecycle *begin(struct lifecycles *all, const struct store_row *row)
{
	if (!make_room(all)) {
		all->short_of_memory = true;
		return NULL;
	}
	struct lifecycle *one = &all->list[all->count++];
	*one = (struct lifecycle){ .started = -1, .lasted_us = -1, .pid = -1 };
	one->end.ending = ENDING_OPEN;
	one->service = store_keep(row->service);
	one->session = store_keep(row->session);
	all->open = true;
	return one;
}

static void name_it(struct lifecycle *one, const char *what, int rank)
{
	if (!what || !*what || rank <= one->what_rank)
		return;
	free(one->what);
	one->what = strdup(what);
	one->what_rank = rank;
}

/* The name of the event without its last word: server_start is about "server". */
static void name_by_event(struct lifecycle *one, const char *event)
{
	const size_t length = strlen(event);
	size_t stem = length;

	while (stem > 0 && !strchr("_-. :", event[stem - 1]))
		stem--;
	char *name = strndup(event, stem > 1 ? stem - 1 : length);
	name_it(one, name, 1);
	free(name);
}

static void name_by_facts(struct lifecycle *one, const json_t *object)
{
	static const struct {
		const char *key;
		int rank;
	} names[] = { { "command", 9 },	    { "command.path", 9 }, { "command_path", 9 },
		      { "what", 8 },	    { "script", 6 },	   { "exe", 5 },
		      { "process.exe", 5 }, { "program", 4 },	   { "process.name", 4 } };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		name_it(one, json_string_value(json_object_get(object, names[i].key)),
			names[i].rank);
}

/* A stop, or a command's event that tells how it ended. */
static void close_it(struct lifecycle *one, const struct store_row *row,
		     const struct exit_facts *end)
{
	one->stop_seen = true;
	one->end = *end;
	if (end->duration_ms >= 0)
		one->lasted_us = end->duration_ms * 1000;
	else if (one->start_seen && row->time >= one->started)
		one->lasted_us = (double)(row->time - one->started);
	if (!one->start_seen) {
		const int64_t lasted = one->lasted_us > 0 ? (int64_t)one->lasted_us : 0;
		one->started = lasted < row->time ? row->time - lasted : 0;
	}
	/* A command's one event stands for both ends. */
	one->start_seen |= is_kind(row, "command");
}

static void take_facts(struct lifecycle *one, const struct store_row *row)
{
	json_t *properties = json_loads(row->properties, 0, NULL);
	json_t *context = row->context ? json_loads(row->context, 0, NULL) : NULL;
	struct exit_facts end;

	name_by_event(one, row->name);
	name_by_facts(one, context);
	name_by_facts(one, properties);
	const bool told = exit_facts_read(properties, context, &end);
	if (is_kind(row, "stop") || (is_kind(row, "command") && told && !one->stop_seen))
		close_it(one, row, &end);
	json_decref(properties);
	json_decref(context);
}

/* A start behind a start, or a stop behind a stop, belongs to another lifecycle of the same
 * session. */
static bool belongs(const struct lifecycles *all, const struct store_row *row)
{
	const struct lifecycle *last = &all->list[all->count - 1];

	if (!all->open)
		return false;
	if (is_kind(row, "start"))
		return !last->start_seen && !last->stop_seen;
	if (is_kind(row, "stop"))
		return !(last->stop_seen && last->start_seen) || last->end.ending == ENDING_UNKNOWN;
	return true;
}

void lifecycles_add(void *context, const struct store_row *row)
{
	struct lifecycles *all = context;

	if (!is_kind(row, "start") && !is_kind(row, "stop") && !is_kind(row, "command"))
		return;
	if (!same_group(all, row))
		all->open = false;
	struct lifecycle *one =
		all->open && belongs(all, row) ? &all->list[all->count - 1] : begin(all, row);
	if (!one)
		return;
	if (is_kind(row, "start")) {
		one->start_seen = true;
		one->started = row->time;
	} else if (one->started < 0) {
		one->started = row->time;
	}
	one->last = row->time;
	if (row->pid >= 0)
		one->pid = row->pid;
	take_facts(one, row);
}

static int by_start(const void *a, const void *b)
{
	const struct lifecycle *left = a, *right = b;

	return (left->started > right->started) - (left->started < right->started);
}

static void release(struct lifecycle *one)
{
	free(one->service);
	free(one->session);
	free(one->what);
}

void lifecycles_sort(struct lifecycles *all, int64_t since)
{
	size_t kept = 0;

	for (size_t i = 0; i < all->count; i++) {
		if (all->list[i].last >= since)
			all->list[kept++] = all->list[i];
		else
			release(&all->list[i]);
	}
	all->count = kept;
	if (kept > 1)
		qsort(all->list, kept, sizeof(*all->list), by_start);
}

void lifecycles_free(struct lifecycles *all)
{
	for (size_t i = 0; i < all->count; i++)
		release(&all->list[i]);
	free(all->list);
	free(all->group);
	*all = (struct lifecycles){ 0 };
}
