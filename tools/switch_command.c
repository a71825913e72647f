/*
 * `bookend off` and `bookend on`: the file of switches first, then the pool's header, which running
 * programs look at. Whoever changes them holds the lock of the state directory.
 */
#include "tools/command.h"
#include "tools/file.h"
#include "tools/message.h"
#include "tools/place.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/pool.h"
#include "base/switches.h"

#define NAMES_BYTES (8 * 1024) /* of the file; longer ones are nobody's */
#define NAME_BYTES  63

static const char help_off[] =
	"usage: bookend off [SERVICE ...]\n"
	"\n"
	"Switches telemetry off for this user, at once, running programs included: everything, or\n"
	"these services. What was recorded and not delivered is discarded, not kept for later.\n"
	"\n"
	"Exit status: 0, 1 failure, 2 wrong usage.\n";

static const char help_on[] =
	"usage: bookend on [SERVICE ...]\n"
	"\n"
	"Takes back `bookend off`: for everything, or for these services. Programs that run\n"
	"already and were not recorded when they started are not recorded now.\n"
	"\n"
	"Exit status: 0, 1 failure, 2 wrong usage.\n";

static const struct option options[] = { { "help", no_argument, NULL, 'h' }, { 0 } };

/* What the file lists, one name a line. */
struct names {
	char *line[POOL_OFF_SERVICES + 1];
	unsigned count;
};

static int find(const struct names *names, const char *name)
{
	for (unsigned i = 0; i < names->count; i++)
		if (strcmp(names->line[i], name) == 0)
			return (int)i;
	return -1;
}

/* `bytes` is cut into its lines. */
static int list(char *bytes, struct names *names)
{
	for (char *line = strtok(bytes, "\n"); line; line = strtok(NULL, "\n")) {
		if (find(names, line) >= 0)
			continue;
		if (names->count == POOL_OFF_SERVICES + 1)
			return -E2BIG;
		names->line[names->count++] = line;
	}
	return 0;
}

static int read_names(const char *path, struct names *names, char **keep)
{
	uint8_t *bytes = NULL;
	size_t length = 0;
	int error = file_read(path, NAMES_BYTES, &bytes, &length);

	if (error && error != -ENOENT)
		return error;
	*keep = strndup(bytes ? (char *)bytes : "", length);
	free(bytes);
	return *keep ? list(*keep, names) : -ENOMEM;
}

static int write_names(const char *path, const struct names *names)
{
	char bytes[NAMES_BYTES];
	size_t length = 0;

	if (names->count == 0)
		return unlink(path) == 0 || errno == ENOENT ? 0 : -errno;
	for (unsigned i = 0; i < names->count; i++)
		length += (size_t)snprintf(bytes + length, sizeof(bytes) - length, "%.*s\n",
					   NAME_BYTES, names->line[i]);
	return file_replace(path, bytes, length, 0600);
}

/* No pool yet: the one that is made later reads the file. */
static int store_in_pool(const char *state)
{
	enum reason why = REASON_MEASURED;
	struct switches switches;
	struct pool pool;
	int error = pool_open(&pool, geteuid(), state, false, false, &why);

	if (error == -ENOENT)
		return 0;
	if (error) {
		message("%s: running programs can not be told; see `bookend status`",
			reason_text(why));
		return error;
	}
	switches_read(state, &switches);
	switches_store(pool.header, &switches);
	pool_close_file(&pool);
	pool_close(&pool);
	return 0;
}

static int add(struct names *names, char *name)
{
	if (find(names, name) >= 0)
		return 0;
	if (names->count >= POOL_OFF_SERVICES) {
		message("at most %d services can be off: switch everything off with `bookend off`",
			POOL_OFF_SERVICES);
		return -E2BIG;
	}
	names->line[names->count++] = name;
	return 0;
}

static int take_away(struct names *names, const char *name)
{
	int at = find(names, name);

	if (at < 0 && find(names, SWITCHES_ALL) >= 0) {
		message("everything is off: first `bookend on`, then `bookend off` for the others");
		return -EINVAL;
	}
	if (at >= 0)
		names->line[at] = names->line[--names->count];
	return 0;
}

static int change(struct names *names, bool off, char **services)
{
	static char all[] = SWITCHES_ALL;
	int error = 0;

	if (!services[0] && !off)
		names->count = 0;
	if (!services[0] && off)
		return add(names, all);
	for (; *services && error == 0; services++)
		error = off ? add(names, *services) : take_away(names, *services);
	return error;
}

/* Under the lock. What was said already is not said again. */
static int apply(const char *state, bool off, char **services)
{
	char path[PATHS_MAX + sizeof(SWITCHES_FILE)];
	struct names names = { .count = 0 };
	char *keep = NULL;
	int error;

	snprintf(path, sizeof(path), "%s" SWITCHES_FILE, state);
	error = read_names(path, &names, &keep);
	if (error) {
		message("%s can not be read: %s: remove it and say again what is off", path,
			strerror(-error));
	} else {
		error = change(&names, off, services);
		if (error == 0) {
			error = write_names(path, &names);
			if (error)
				message("%s can not be written: %s", path, strerror(-error));
		}
	}
	if (error == 0)
		error = store_in_pool(state);
	free(keep);
	return error;
}

static int lock_and_apply(const char *state, bool off, char **services)
{
	int error = place_make(state);
	int folder;

	folder = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0 || flock(folder, LOCK_EX) != 0) {
		error = folder < 0 && error ? error : -errno;
		message("the state directory %s can not be used: %s: set BOOKEND_STATE", state,
			strerror(-error));
		return error;
	}
	error = apply(state, off, services);
	close(folder);
	return error;
}

static int check_names(char **services)
{
	for (; *services; services++)
		if (!**services || strlen(*services) > NAME_BYTES || strchr(*services, '\n') ||
		    strcmp(*services, SWITCHES_ALL) == 0)
			return message_usage("\"%s\" is no name of a service", *services);
	return STATUS_OK;
}

static int switch_command(int argc, char **argv, bool off)
{
	char state[PATHS_MAX];
	int option, error;

	opterr = 0;
	option = getopt_long(argc, argv, ":h", options, NULL);
	if (option == 'h') {
		fputs(off ? help_off : help_on, stdout);
		return STATUS_OK;
	}
	if (option != -1)
		return message_option(option, argv);
	if (check_names(argv + optind) != STATUS_OK)
		return STATUS_USAGE;
	error = place_state(state);
	if (error) {
		place_explain(error);
		return STATUS_FAILED;
	}
	return lock_and_apply(state, off, argv + optind) == 0 ? STATUS_OK : STATUS_FAILED;
}

int off_command(int argc, char **argv)
{
	return switch_command(argc, argv, true);
}

int on_command(int argc, char **argv)
{
	return switch_command(argc, argv, false);
}
