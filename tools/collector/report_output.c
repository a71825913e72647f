#include "tools/collector/report_output.h"

#include <errno.h>
#include <stdlib.h>

#include "tools/collector/moment.h"
#include "tools/collector/summary.h"
#include "tools/collector/table.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

static bool add_lifecycle(struct table *table, const struct lifecycle *one)
{
	char started[MOMENT_TEXT], lasted[MOMENT_TEXT], ended[EXIT_FACTS_TEXT];

	moment_local(one->started, started);
	moment_human(one->lasted_us, lasted);
	exit_facts_text(&one->end, ended);
	return table_row(table, (const char *const[]){ one->service ? one->service : "-",
						       one->what ? one->what : "-", started,
						       one->lasted_us < 0 ? "-" : lasted, ended });
}

static int lifecycle_table(const struct lifecycles *all, FILE *out)
{
	static const struct table_column columns[] = { { .title = "SERVICE", .elastic = true },
						       { .title = "WHAT", .elastic = true },
						       { .title = "STARTED" },
						       { .title = "LASTED", .right = true },
						       { .title = "ENDED" } };
	struct table *table = table_new(columns, COUNT_OF(columns));
	bool good = table != NULL;

	for (size_t i = 0; good && i < all->count; i++)
		good = add_lifecycle(table, &all->list[i]);
	if (good)
		table_print(table, REPORT_WIDTH, out);
	table_free(table);
	return good ? 0 : -ENOMEM;
}

static bool add_summary(struct table *table, const struct summary *one)
{
	char lifecycles[12], failed[12], crashed[12], median[MOMENT_TEXT], p95[MOMENT_TEXT];

	snprintf(lifecycles, sizeof(lifecycles), "%u", one->lifecycles);
	snprintf(failed, sizeof(failed), "%u", one->failed);
	snprintf(crashed, sizeof(crashed), "%u", one->crashed);
	moment_human(one->median_us, median);
	moment_human(one->p95_us, p95);
	return table_row(table,
			 (const char *const[]){ one->service ? one->service : "-", lifecycles,
						failed, crashed, one->median_us < 0 ? "-" : median,
						one->p95_us < 0 ? "-" : p95 });
}

static int summary_table(const struct lifecycles *all, FILE *out)
{
	static const struct table_column columns[] = {
		{ .title = "SERVICE", .elastic = true }, { "LIFECYCLES", .right = true },
		{ .title = "FAILED", .right = true },	 { "CRASHED", .right = true },
		{ .title = "MEDIAN", .right = true },	 { "95TH", .right = true }
	};
	size_t count;
	struct summary *summaries = summary_make(all, &count);
	struct table *table = table_new(columns, COUNT_OF(columns));
	bool good = summaries && table;

	for (size_t i = 0; good && i < count; i++)
		good = add_summary(table, &summaries[i]);
	if (good)
		table_print(table, REPORT_WIDTH, out);
	table_free(table);
	free(summaries);
	return good ? 0 : -ENOMEM;
}

int report_tables(const struct lifecycles *all, FILE *out)
{
	if (all->count == 0) {
		fputs("no lifecycles\n", out);
		return 0;
	}
	const int error = lifecycle_table(all, out);
	fputc('\n', out);
	return error ? error : summary_table(all, out);
}

static void set_text(json_t *json, const char *key, const char *text)
{
	if (text && *text)
		json_object_set_new(json, key, json_string(text));
}

/* Durations in whole microseconds: a double of milliseconds would print as 0.10000000000000001. */
static void set_us(json_t *json, const char *key, double us)
{
	if (us >= 0 && us < 9e18)
		json_object_set_new(json, key, json_integer((json_int_t)us));
}

static json_t *lifecycle_json(const struct lifecycle *one)
{
	json_t *json = json_object();
	char text[EXIT_FACTS_TEXT];

	set_text(json, "service", one->service);
	set_text(json, "session", one->session);
	set_text(json, "what", one->what);
	if (one->pid >= 0)
		json_object_set_new(json, "pid", json_integer(one->pid));
	moment_utc(one->started, text);
	set_text(json, "started", text);
	set_us(json, "lasted_us", one->lasted_us);
	exit_facts_text(&one->end, text);
	set_text(json, "ended", text);
	set_text(json, "how", ending_name(one->end.ending));
	if (one->end.code >= 0 && one->stop_seen)
		json_object_set_new(json, "code", json_integer(one->end.code));
	set_text(json, "signal", one->end.signal);
	set_text(json, "after_signal", one->end.after);
	json_object_set_new(json, "start_seen", json_boolean(one->start_seen));
	json_object_set_new(json, "stop_seen", json_boolean(one->stop_seen));
	return json;
}

static json_t *summary_json(const struct summary *one)
{
	json_t *json = json_object();

	set_text(json, "service", one->service);
	json_object_set_new(json, "lifecycles", json_integer(one->lifecycles));
	json_object_set_new(json, "failed", json_integer(one->failed));
	json_object_set_new(json, "crashed", json_integer(one->crashed));
	set_us(json, "median_us", one->median_us);
	set_us(json, "p95_us", one->p95_us);
	return json;
}

int report_json(const struct lifecycles *all, FILE *out)
{
	json_t *lifecycles = json_array(), *services = json_array();
	size_t count;
	struct summary *summaries = summary_make(all, &count);

	for (size_t i = 0; i < all->count; i++)
		json_array_append_new(lifecycles, lifecycle_json(&all->list[i]));
	for (size_t i = 0; i < count; i++)
		json_array_append_new(services, summary_json(&summaries[i]));
	free(summaries);
	json_t *json = json_pack("{s:o,s:o}", "lifecycles", lifecycles, "services", services);
	const int result = json ? json_dumpf(json, out, JSON_INDENT(1)) : -1;
	fputc('\n', out);
	json_decref(json);
	return result == 0 ? 0 : -ENOMEM;
}
