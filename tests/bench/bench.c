/*
 * `make bench`: the rows of budgets.def, one after the other. The environment chooses, as `usage`
 * says. Exit status: 0 when every row met its budget, 1 otherwise, 2 when there were arguments.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/bench/report.h"
#include "tests/bench/rows.h"

static const struct row rows[] = {
#define ROW(name, measure, variant, kind, budget, goal, unit, what, yardstick)                     \
	{ name, measure, variant, kind, budget, goal, unit, what, yardstick },
#include "tests/bench/budgets.def"
#undef ROW
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static const char usage[] =
	"bench: it takes no arguments; these variables of the environment choose what is "
	"measured:\n"
	"  BENCH=quick        fewer rounds: under 3 minutes instead of under 20\n"
	"  BENCH_SECONDS=N    how long the sustained rows run (60; quick: 6)\n"
	"  BENCH_ROWS=PREFIX  only rows whose name begins so\n"
	"  BENCH_JSON=FILE    the rows as JSON, too\n";

static struct measured results[ROWS];
static bool done[ROWS];

static const char *setting(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value && value[0] ? value : otherwise;
}

static int open_bench(struct bench *bench)
{
	ssize_t length = readlink("/proc/self/exe", bench->build, sizeof(bench->build) - 1);

	if (length < 0)
		return -errno;
	bench->build[length] = '\0';
	*strrchr(bench->build, '/') = '\0';
	bench->quick = !strcmp(setting("BENCH", "full"), "quick");
	bench->seconds = atof(setting("BENCH_SECONDS", bench->quick ? "6" : "60"));
	snprintf(bench->folder, sizeof(bench->folder), "%s/bookend-bench-XXXXXX",
		 setting("TMPDIR", "/tmp"));
	return mkdtemp(bench->folder) ? 0 : -errno;
}

static void measure_row(const struct bench *bench, size_t i)
{
	int error = rows[i].measure(bench, &rows[i], &results[i]);

	if (error && !results[i].failure[0])
		harness_fail(&results[i], error, "failed");
	done[i] = true;
	report_row(&rows[i], &results[i]);
	fflush(stdout);
}

static size_t summary(void)
{
	size_t met = 0, tried = 0, failed = 0;

	for (size_t i = 0; i < ROWS; i++) {
		tried += done[i];
		failed += done[i] && results[i].failure[0];
		met += done[i] && !results[i].failure[0] && harness_met(&rows[i], &results[i]);
	}
	printf("\n%zu rows: %zu within budget, %zu missed, %zu not measured\n", tried, met,
	       tried - met - failed, failed);
	return tried - met;
}

int main(int argc, char **argv)
{
	struct bench bench;
	int error;

	(void)argv;
	if (argc > 1) {
		fputs(usage, stderr);
		return 2;
	}
	error = open_bench(&bench);
	if (error) {
		fprintf(stderr, "bench: %s: %s\n", bench.folder, strerror(-error));
		return 1;
	}
	signal(SIGPIPE, SIG_IGN);
	report_machine(&bench);
	report_heading();

	const char *prefix = setting("BENCH_ROWS", "");
	for (size_t i = 0; i < ROWS; i++)
		if (!strncmp(rows[i].name, prefix, strlen(prefix)))
			measure_row(&bench, i);

	size_t missed = summary();
	const char *json = getenv("BENCH_JSON");
	if (json && json[0]) {
		error = report_json(json, rows, results, done, ROWS);
		if (error)
			fprintf(stderr, "bench: %s: %s\n", json, strerror(-error));
	}
	rmdir(bench.folder);
	return missed || error ? 1 : 0;
}
