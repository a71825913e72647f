/*
 * `bookend report`: lifecycles as a table, and a summary by service, from the collector's database
 * or from a file of native events. A file is read into a database in memory, so that both go the
 * same way.
 */
#include "tools/collector/collector.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/paths.h"
#include "tools/collector/ingest.h"
#include "tools/collector/moment.h"
#include "tools/collector/report_output.h"

static const char usage[] =
	"usage: bookend report [--db FILE | --file EVENTS.ndjson] [--json] [--since DURATION] "
	"[--service NAME]\n"
	"\n"
	"Shows the lifecycles of programs: what ran, when, for how long, and how it ended.\n"
	"\n"
	"  --db FILE         the database of `bookend collect` (default: collector.db in the state "
	"directory)\n"
	"  --file FILE       a file of native events instead, one a line; - is standard input\n"
	"  --json            JSON instead of tables\n"
	"  --since DURATION  only what happened since: 30s, 15m, 24h, 7d\n"
	"  --service NAME    only this service\n";

struct options {
	const char *db;
	const char *file;
	const char *service;
	bool json;
	int64_t since;
};

static bool read_since(const char *text, int64_t *into)
{
	int64_t duration;

	if (!moment_parse_duration(text, &duration)) {
		fprintf(stderr,
			"bookend report: --since %s: write a duration such as 30s, 15m, 24h or "
			"7d\n",
			text);
		return false;
	}
	*into = moment_now() - duration;
	return true;
}

/* -1: go on; else the exit status. */
static int read_options(int argc, char **argv, struct options *into)
{
	static const struct option known[] = { { "db", required_argument, NULL, 'd' },
					       { "file", required_argument, NULL, 'f' },
					       { "json", no_argument, NULL, 'j' },
					       { "since", required_argument, NULL, 's' },
					       { "service", required_argument, NULL, 'S' },
					       { "help", no_argument, NULL, 'h' },
					       { 0 } };
	int option;

	*into = (struct options){ .since = INT64_MIN };
	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (option == 'd')
			into->db = optarg;
		else if (option == 'f')
			into->file = optarg;
		else if (option == 'j')
			into->json = true;
		else if (option == 'S')
			into->service = optarg;
		else if (option != 's' || !read_since(optarg, &into->since)) {
			if (option != 's')
				fputs(usage, option == 'h' ? stdout : stderr);
			return option == 'h' ? 0 : 2;
		}
	}
	if (optind == argc && !(into->db && into->file))
		return -1;
	if (optind < argc)
		fprintf(stderr, "bookend report: what is \"%s\"?\n%s", argv[optind], usage);
	else
		fprintf(stderr, "bookend report: --db or --file, not both\n");
	return 2;
}

static bool add_line(struct store *store, const char *line, size_t length, const char *name,
		     unsigned number)
{
	struct complaint complaint = { .what = "out of memory" };
	struct batch batch;
	uint32_t fresh;

	int error = ingest_ndjson(line, length, moment_now(), &batch, &complaint);
	if (error) {
		fprintf(stderr, "%s:%u:%d: %s%s%s\n", name, number,
			complaint.column ? complaint.column : 1, complaint.where,
			complaint.where[0] ? ": " : "", complaint.what);
		return false;
	}
	error = store_insert(store, &batch, moment_now(), &fresh);
	batch_free(&batch);
	if (error)
		fprintf(stderr, "bookend report: %s\n", store_trouble(store));
	return error == 0;
}

static bool load(struct store *store, FILE *file, const char *name)
{
	char *line = NULL;
	size_t capacity = 0;
	unsigned number = 0;
	ssize_t length;
	bool good = store_begin(store) == 0;

	while (good && (length = getline(&line, &capacity, file)) > 0)
		good = add_line(store, line, (size_t)length, name, ++number);
	if (good && ferror(file)) {
		fprintf(stderr, "bookend report: cannot read %s: %s\n", name, strerror(errno));
		good = false;
	}
	free(line);
	return good && store_commit(store) == 0;
}

static struct store *open_file(const char *name)
{
	const bool is_stdin = strcmp(name, "-") == 0;
	FILE *file = is_stdin ? stdin : fopen(name, "re");
	struct store *store = NULL;
	bool good = false;

	if (!file) {
		fprintf(stderr, "bookend report: cannot open %s: %s\n", name, strerror(errno));
		return NULL;
	}
	const int error = store_open(NULL, STORE_MEMORY, &store);
	if (error)
		fprintf(stderr, "bookend report: %s\n", strerror(-error));
	else
		good = load(store, file, name);
	if (!is_stdin)
		fclose(file);
	if (good)
		return store;
	store_close(store);
	return NULL;
}

static struct store *open_database(const char *option)
{
	char place[PATHS_MAX + 16];
	struct store *store = NULL;
	const char *path = collector_database(option, 0, place, sizeof(place));

	if (!path)
		return NULL;
	const int error = store_open(path, STORE_READ, &store);
	if (!error)
		return store;
	fprintf(stderr, "bookend report: cannot read the database %s: %s%s\n", path,
		store ? store_trouble(store) : strerror(-error),
		error == -ENOENT && !option ? "; `bookend collect` makes it" : "");
	store_close(store);
	return NULL;
}

static int report(struct store *store, const struct options *options)
{
	struct lifecycles lifecycles = { 0 };
	int error = store_sessions(store, options->service, 0, lifecycles_add, &lifecycles);

	if (error) {
		fprintf(stderr, "bookend report: cannot read the events: %s\n",
			store_trouble(store));
	} else if (lifecycles.short_of_memory) {
		fprintf(stderr, "bookend report: out of memory\n");
		error = -ENOMEM;
	} else {
		lifecycles_sort(&lifecycles, options->since);
		error = options->json ? report_json(&lifecycles, stdout)
				      : report_tables(&lifecycles, stdout);
	}
	lifecycles_free(&lifecycles);
	if (!error && (fflush(stdout) != 0 || ferror(stdout))) {
		fprintf(stderr, "bookend report: cannot write: %s\n", strerror(errno));
		error = -EIO;
	}
	return error ? 1 : 0;
}

int report_main(int argc, char **argv)
{
	struct options options;
	const int status = read_options(argc, argv, &options);

	if (status >= 0)
		return status;
	struct store *store = options.file ? open_file(options.file) : open_database(options.db);
	const int result = store ? report(store, &options) : 1;
	store_close(store);
	return result;
}
