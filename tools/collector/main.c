/*
 * bookend-collector: what `bookend collect` and `bookend report` execute. A program of its own, so
 * that `bookend run` need not load SQLite and an HTTP server.
 */
#include "tools/collector/collector.h"

#include <stdio.h>
#include <string.h>

static const char usage[] = "usage: bookend-collector collect [OPTION]...\n"
			    "       bookend-collector report [OPTION]...\n";

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*main)(int argc, char **argv);
	} commands[] = { { "collect", collect_main }, { "report", report_main } };

	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(*commands); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].main(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		fputs(usage, stdout);
		return 0;
	}
	fputs(usage, stderr);
	return 2;
}
