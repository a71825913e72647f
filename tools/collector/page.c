#include "tools/collector/page.h"

#include "tools/collector/html.h"
#include "tools/collector/lifecycle.h"
#include "tools/collector/moment.h"

static const char head[] = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
			   "<meta name=\"viewport\" "
			   "content=\"width=device-width\">\n<title>Bookend collector</title>\n"
			   "<link rel=\"stylesheet\" href=\"/style.css\">\n</head>\n<body>\n";

static void cell(FILE *out, const char *text)
{
	fputs("<td>", out);
	html_text(out, text);
	fputs("</td>", out);
}

static void service_cell(FILE *out, const char *service)
{
	if (!service) {
		fputs("<td class=\"none\">none</td>", out);
		return;
	}
	fputs("<td><a href=\"/?service=", out);
	html_value(out, service);
	fputs("\">", out);
	html_text(out, service);
	fputs("</a></td>", out);
}

/* The local time for reading, the exact one when pointed at. */
static void time_cell(FILE *out, int64_t time)
{
	char local[MOMENT_TEXT], utc[MOMENT_TEXT];

	moment_local(time, local);
	moment_utc(time, utc);
	fprintf(out, "<td class=\"time\"><time datetime=\"%s\" title=\"%s\">%s</time></td>", utc,
		utc, local);
}

static void write_count(void *context, const char *service, int64_t events, int64_t last)
{
	FILE *out = context;

	fputs("<tr>", out);
	service_cell(out, service);
	fprintf(out, "<td class=\"number\">%lld</td>", (long long)events);
	time_cell(out, last);
	fputs("</tr>\n", out);
}

static int write_counts(struct store *store, int64_t total, FILE *out)
{
	fputs("<h2>Services</h2>\n", out);
	if (total > PAGE_COUNTED)
		fprintf(out, "<p>Of the last %d events.</p>\n", PAGE_COUNTED);
	fputs("<table class=\"counts\">\n<tr><th>service</th><th "
	      "class=\"number\">events</th><th>last "
	      "event</th></tr>\n",
	      out);
	const int error = store_counts(store, PAGE_COUNTED, write_count, out);
	fputs("</table>\n", out);
	return error;
}

static void write_lifecycle(FILE *out, const struct lifecycle *one)
{
	char lasted[MOMENT_TEXT], ended[EXIT_FACTS_TEXT];

	moment_human(one->lasted_us, lasted);
	exit_facts_text(&one->end, ended);
	fputs("<tr>", out);
	service_cell(out, one->service);
	cell(out, one->what);
	time_cell(out, one->started);
	fputs("<td class=\"number\">", out);
	html_text(out, one->lasted_us < 0 ? "" : lasted);
	fprintf(out, "</td><td class=\"%s\">", ending_name(one->end.ending));
	html_text(out, ended);
	fputs("</td></tr>\n", out);
}

static int write_lifecycles(struct store *store, const char *service, FILE *out)
{
	struct lifecycles all = { 0 };
	const int error = store_sessions(store, service, PAGE_SESSIONS, lifecycles_add, &all);

	lifecycles_sort(&all, INT64_MIN);
	fputs("<h2>Latest "
	      "lifecycles</h2>\n<table>\n<tr><th>service</th><th>what</th><th>started</th>"
	      "<th class=\"number\">lasted</th><th>ended</th></tr>\n",
	      out);
	const size_t last = all.count > PAGE_LIFECYCLES ? all.count - PAGE_LIFECYCLES : 0;
	for (size_t i = all.count; i > last; i--)
		write_lifecycle(out, &all.list[i - 1]);
	fputs("</table>\n", out);
	lifecycles_free(&all);
	return error;
}

static void write_event(void *context, const struct store_row *row)
{
	FILE *out = context;

	fputs("<tr>", out);
	time_cell(out, row->time);
	service_cell(out, row->service);
	cell(out, row->name);
	cell(out, row->kind);
	fputs("<td class=\"json\">", out);
	html_text(out, row->properties);
	fputs("</td></tr>\n", out);
}

static int write_events(struct store *store, const char *service, FILE *out)
{
	fputs("<h2>Latest "
	      "events</h2>\n<table>\n<tr><th>time</th><th>service</th><th>event</th><th>kind</th>"
	      "<th>properties</th></tr>\n",
	      out);
	const int error = store_latest(store, service, PAGE_EVENTS, write_event, out);
	fputs("</table>\n", out);
	return error;
}

int page_write(struct store *store, const char *service, FILE *out)
{
	int64_t total;
	int error = store_total(store, &total);

	if (error)
		return error;
	fprintf(out, "%s<h1>Bookend</h1>\n<p><b>%lld</b> events stored", head, (long long)total);
	if (service) {
		fputs("; showing <b>", out);
		html_text(out, service);
		fputs("</b>, <a href=\"/\">show all</a>", out);
	}
	fputs(".</p>\n", out);
	if (total == 0)
		fputs("<p>Nothing has arrived yet. Send Segment calls to <code>/v1/track</code> or "
		      "<code>/v1/batch</code>, native events to <code>/v1/events</code> or "
		      "<code>/v1/ndjson</code>.</p>\n",
		      out);
	if (total > 0 && !service)
		error = write_counts(store, total, out);
	if (total > 0 && !error)
		error = write_lifecycles(store, service, out);
	if (total > 0 && !error)
		error = write_events(store, service, out);
	fputs("</body>\n</html>\n", out);
	return error;
}
