/*
 * A case is a function: it checks what it can, and prints the rest, which must be the same with and
 * without hooks. cases NAME runs one, cases alone lists them.
 */
#ifndef TESTS_HOOKS_CASES_H
#define TESTS_HOOKS_CASES_H

#include <stdio.h>
#include <stdlib.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CHECK(holds)                                                                               \
	do {                                                                                       \
		if (!(holds)) {                                                                    \
			printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #holds);                 \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

#define CASE(name) void case_##name(void);
#include "cases.def"
#undef CASE

/* The folder of the program, with a slash. */
extern char cases_folder[];

#ifdef __cplusplus
}
#endif

#endif
