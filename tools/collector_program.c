/*
 * `collect` and `report` are the program bookend-collector, so that `bookend` itself needs neither
 * SQLite nor an HTTP server. It gets the same arguments, and takes this process's place.
 */
#include "tools/command.h"
#include "tools/message.h"
#include "tools/self.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static int execute(char **argv)
{
	char path[PATHS_MAX];
	char *words[256];
	int count = 0;

	if (self_find(SELF_COLLECTOR, path)) {
		message("%s is not there: install it, or build it with make",
			self_name(SELF_COLLECTOR));
		return STATUS_FAILED;
	}
	words[count++] = path;
	for (; *argv; argv++) {
		if (count == (int)(sizeof(words) / sizeof(*words)) - 1)
			return message_usage("too many words");
		words[count++] = *argv;
	}
	words[count] = NULL;
	execv(path, words);
	message("%s can not be executed: %s", path, strerror(errno));
	return STATUS_FAILED;
}

int collect_command(int argc, char **argv)
{
	(void)argc;
	return execute(argv);
}

int report_command(int argc, char **argv)
{
	(void)argc;
	return execute(argv);
}
