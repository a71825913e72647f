/*
 * The `bookend` command: finds the subcommand in commands.def and calls it. Only here is the
 * process's exit status decided. Descriptors 0 to 2 are made sure of first, so that a file we open
 * never passes for one of them.
 */
#include "tools/command.h"
#include "tools/message.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct subcommand {
	int (*run)(int argc, char **argv);
	const char *name;
	const char *summary;
};

static const struct subcommand subcommands[] = {
#define COMMAND(function, name, summary) { function, name, summary },
#include "tools/commands.def"
#undef COMMAND
};

#define SUBCOMMANDS (sizeof(subcommands) / sizeof(*subcommands))

static void print_help(void)
{
	puts("usage: bookend COMMAND [options]\n\n"
	     "Telemetry for programs that nobody has to change.\n");
	for (size_t i = 0; i < SUBCOMMANDS; i++)
		printf("  %-9s %s\n", subcommands[i].name, subcommands[i].summary);
	puts("\n`bookend COMMAND --help` and bookend(1) say more; `bookend --version` says which "
	     "this is.");
}

static const struct subcommand *find(const char *name)
{
	for (size_t i = 0; i < SUBCOMMANDS; i++)
		if (strcmp(subcommands[i].name, name) == 0)
			return &subcommands[i];
	return NULL;
}

/* Closed ones stay closed for a program that we execute: O_CLOEXEC. */
static void fill_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);
}

static int dispatch(int argc, char **argv)
{
	const struct subcommand *subcommand;

	if (argc < 2)
		return message_usage("a command is missing");
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		puts("bookend " BOOKEND_VERSION);
		return STATUS_OK;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0) {
		print_help();
		return STATUS_OK;
	}
	subcommand = find(argv[1]);
	if (!subcommand)
		return message_usage("there is no %s \"%s\"",
				     argv[1][0] == '-' ? "option" : "command", argv[1]);
	message_from(subcommand->name);
	return subcommand->run(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	int status;

	fill_standard_descriptors();
	status = dispatch(argc, argv);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		message("can not write the output: %s", strerror(errno));
		return status == STATUS_OK ? STATUS_FAILED : status;
	}
	return status;
}
