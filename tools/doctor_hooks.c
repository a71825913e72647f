/*
 * `bookend doctor --hooks`: the command runs with a trace, in which the shim says at its exit what
 * became of each symbol; what it can not know the objects' files say.
 */
#include "tools/doctor.h"
#include "tools/command.h"
#include "tools/hooks_kept.h"
#include "tools/message.h"
#include "tools/run.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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

static void print_row(void *context, const struct hooks_row *row)
{
	const char *const cell[] = { row->symbol, row->outcome, row->object, row->slots };

	listing_row(context, cell);
}

static void print_rows(const struct hooks_trace *trace, const struct hooks_kept *kept, bool json)
{
	static const struct listing_column columns[] = { { "symbol", "symbol", false },
							 { "outcome", "what became of it", false },
							 { "object", "in", false },
							 { "slots", "slots", true } };
	struct listing list;

	listing_open(&list, json);
	listing_table(&list, "hooks", "Hooked symbols", columns, 4);
	for (size_t i = 0; i < trace->rows; i++)
		if (!hooks_kept_answers(kept, &trace->row[i]))
			print_row(&list, &trace->row[i]);
	hooks_kept_each(kept, print_row, &list);
	listing_table_end(&list);
	listing_close(&list);
}

static int print_trace(const char *path, bool json)
{
	struct hooks_trace trace;
	struct hooks_kept kept;
	int error = hooks_trace_read(path, &trace);
	bool any = !error && trace.rows;

	if (!error) {
		error = hooks_kept_find(&trace, &kept);
		if (!error) {
			print_rows(&trace, &kept, json);
			hooks_kept_free(&kept);
		}
		hooks_trace_free(&trace);
	}
	if (error)
		message("%s can not be read: %s", path, strerror(-error));
	else if (!any)
		message("the command hooks nothing: its service has no calls, it is not measured, "
			"or it did not end by exit; `bookend doctor COMMAND` says more");
	return any && !error ? STATUS_OK : STATUS_FAILED;
}

int doctor_hooks(const struct program *program, char **command, bool json)
{
	char path[] = "/tmp/bookend-hooks-XXXXXX";
	int file = mkstemp(path), status = STATUS_FAILED;

	if (file < 0) {
		message("no temporary file can be made in /tmp");
		return status;
	}
	close(file);
	if (run_traced(program, command, path))
		status = print_trace(path, json);
	else
		message("%s could not be run with its telemetry", command[0]);
	unlink(path);
	return status;
}
