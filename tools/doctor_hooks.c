/*
 * `bookend doctor --hooks`: the command runs with a trace, in which the shim says at its exit what
 * became of each symbol.
 */
#include "tools/doctor.h"
#include "tools/command.h"
#include "tools/message.h"
#include "tools/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MARK ": call\t"

static bool run_traced(const struct program *program, char **command, const char *trace)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		dup2(STDERR_FILENO, STDOUT_FILENO);
		if (setenv("BOOKEND_TRACE", trace, 1) == 0 && run_preload(program))
			program_execute(program, command, environ);
		_exit(STATUS_NOT_RUN);
	}
	return child > 0 && waitpid(child, &status, 0) == child &&
	       !(WIFEXITED(status) && WEXITSTATUS(status) == STATUS_NOT_RUN);
}

/* symbol, outcome, object, slots */
static bool print_line(struct listing *list, char *line)
{
	char *at = strstr(line, MARK), *rest = NULL;
	const char *cell[4];

	if (!at)
		return false;
	line[strcspn(line, "\n")] = '\0';
	at += strlen(MARK);
	for (int i = 0; i < 4; i++) {
		cell[i] = i == 0 ? at : rest;
		rest = cell[i] ? strchr(cell[i], '\t') : NULL;
		if (rest)
			*rest++ = '\0';
		if (!cell[i])
			return false;
	}
	listing_row(list, cell);
	return true;
}

static int print_trace(FILE *trace, bool json)
{
	static const struct listing_column columns[] = { { "symbol", "symbol", false },
							 { "outcome", "what became of it", false },
							 { "object", "in", false },
							 { "slots", "slots", true } };
	struct listing list;
	unsigned lines = 0;
	char *line = NULL;
	size_t room = 0;

	listing_open(&list, json);
	listing_table(&list, "hooks", "Hooked symbols", columns, 4);
	while (getline(&line, &room, trace) > 0)
		lines += print_line(&list, line);
	listing_table_end(&list);
	listing_close(&list);
	free(line);
	if (lines)
		return STATUS_OK;
	message("the command hooks nothing: its service has no calls, it is not measured, or it "
		"did "
		"not end by exit; `bookend doctor COMMAND` says more");
	return STATUS_FAILED;
}

int doctor_hooks(const struct program *program, char **command, bool json)
{
	char path[] = "/tmp/bookend-hooks-XXXXXX";
	int file = mkstemp(path), status = STATUS_FAILED;
	FILE *trace = file >= 0 ? fdopen(file, "r") : NULL;

	if (!trace)
		message("no temporary file can be made in /tmp");
	else if (!run_traced(program, command, path))
		message("%s could not be run with its telemetry", command[0]);
	else
		status = print_trace(trace, json);
	if (trace)
		fclose(trace);
	if (file >= 0)
		unlink(path);
	return status;
}
