/*
 * Which file runs: the executable's path, and the script's when it is an interpreter. Constructor
 * only.
 */
#ifndef BOOKEND_SHIM_EXECUTABLE_H
#define BOOKEND_SHIM_EXECUTABLE_H

#include "base/paths.h"

struct executable {
	const char *script; /* path of the script as it was executed, or NULL */
};

/* What /proc/self/exe says, "" when that can not be had. */
void executable_of_process(int argc, char **argv, char exe[PATHS_MAX], struct executable *into);

#endif
