/*
 * `bookend id`: the identifiers that this user is known by, and how to become another.
 */
#include "tools/command.h"
#include "tools/ids.h"
#include "tools/listing.h"
#include "tools/message.h"
#include "tools/place.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
	"usage: bookend id [--rotate] [--json]\n"
	"\n"
	"Prints the identifiers that policies of this user have asked for: of the installation,\n"
	"and of keys, which themselves are not kept. Ids of single runs are not among them.\n"
	"\n"
	"  --rotate  forget them all: new ones are made when they are next asked for. What a\n"
	"            policy keeps in a file of its own (kept_in:) stays\n"
	"  --json    as JSON\n"
	"\n"
	"Exit status: 0, 1 failure, 2 wrong usage.\n";

enum { OPTION_ROTATE = 256, OPTION_JSON };

static const struct option options[] = {
	{ "rotate", no_argument, NULL, OPTION_ROTATE },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static void print_one(void *list, const char *of, const char *id)
{
	listing_row(list, (const char *[]){ of, id });
}

static int print_ids(const char *state, bool json)
{
	static const struct listing_column columns[] = { { "of", "of", false },
							 { "id", "id", false } };
	struct listing list;

	listing_open(&list, json);
	listing_table(&list, "ids", "Identifiers", columns, 2);
	ids_each(state, print_one, &list);
	listing_table_end(&list);
	listing_close(&list);
	return STATUS_OK;
}

static int rotate(const char *state)
{
	int forgotten = ids_forget(state);

	if (forgotten < 0) {
		message("%s: the identifiers can not be removed: %s", state, strerror(-forgotten));
		return STATUS_FAILED;
	}
	message("%d forgotten: new ones are made when a policy next asks for them", forgotten);
	return STATUS_OK;
}

int id_command(int argc, char **argv)
{
	bool json = false, rotated = false;
	char state[PATHS_MAX];
	int option, error;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (option == 'h') {
			fputs(help, stdout);
			return STATUS_OK;
		}
		if (option != OPTION_ROTATE && option != OPTION_JSON)
			return message_option(option, argv);
		json |= option == OPTION_JSON;
		rotated |= option == OPTION_ROTATE;
	}
	if (argv[optind])
		return message_surplus(argv[optind]);
	error = place_state(state);
	if (error) {
		place_explain(error);
		return STATUS_FAILED;
	}
	return rotated ? rotate(state) : print_ids(state, json);
}
