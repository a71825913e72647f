/*
 * A program that does what its script tells it, one line a deed, and prints each as it is done: the
 * name of a function of work.h with its words, or wait, exit N, abort. The script is the file named
 * by the environment variable SCRIPT; without one, and after its end, it ends with 0. `wait` waits
 * for a line on standard input. --version prints SYSTEM_VERSION.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "work.h"

static void wait_for_line(void)
{
	char line[64];

	if (fgets(line, sizeof(line), stdin) == NULL)
		exit(0);
}

static void call(const char *name, const char *first, const char *second)
{
	if (strcmp(name, "route_changed") == 0)
		route_changed(first, second);
	else if (strcmp(name, "apply_change") == 0)
		apply_change(first);
	else if (strcmp(name, "report_error") == 0)
		report_error(first);
	else if (strcmp(name, "set_workspace_size") == 0)
		set_workspace_size(atoi(first));
	else if (strcmp(name, "spec_changed") == 0)
		spec_changed();
	else if (strcmp(name, "downloaded") == 0)
		downloaded();
	else if (strcmp(name, "applied") == 0)
		applied();
	else if (strcmp(name, "create_cd_pipeline") == 0)
		create_cd_pipeline(atoi(first));
	else if (strcmp(name, "create_ci_pipeline") == 0)
		create_ci_pipeline(atoi(first));
}

static void work(char *line)
{
	static char nothing[] = "";
	char *rest = NULL, *name = strtok_r(line, "\t\n", &rest);
	char *first = strtok_r(NULL, "\t\n", &rest), *second = strtok_r(NULL, "\t\n", &rest);

	if (name == NULL)
		return;
	if (strcmp(name, "wait") == 0)
		wait_for_line();
	else if (strcmp(name, "exit") == 0)
		exit(first != NULL ? atoi(first) : 0);
	else if (strcmp(name, "abort") == 0)
		abort();
	else
		call(name, first != NULL ? first : nothing, second != NULL ? second : nothing);
	puts(name);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	const char *script = getenv("SCRIPT");
	FILE *lines = script != NULL ? fopen(script, "r") : NULL;
	char line[512];

	if (argc > 1 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "version") == 0)) {
		puts(SYSTEM_VERSION);
		return 0;
	}
	while (lines != NULL && fgets(line, sizeof(line), lines) != NULL)
		work(line);
	return 0;
}
