/*
 * The other files of this installation, found from where this program lies: beside it (a build
 * tree), or where `make install` puts them under the same prefix. Absolute paths; each was there
 * when it was looked for.
 */
#ifndef BOOKEND_TOOLS_SELF_H
#define BOOKEND_TOOLS_SELF_H

#include "base/paths.h"

enum self_part {
	SELF_SHIM,	/* libbookend.so */
	SELF_SENDER,	/* libbookend-sender.so */
	SELF_COLLECTOR, /* bookend-collector */
};

/* 0, -ENOENT when it is nowhere, or -errno when our own place can not be found. */
int self_find(enum self_part part, char into[PATHS_MAX]);
/* The path of this program. */
int self_program(char into[PATHS_MAX]);
const char *self_name(enum self_part part);

#endif
