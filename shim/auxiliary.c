/*
 * The kernel puts the vector behind the environment, and that behind the arguments (System V ABI,
 * 3.4.1). There it is looked for as long as the environment is in its place: libc's function, which
 * knows it always, has to be looked up, and no other in its pages is called by most hosts. It is
 * not linked, because a relocation is paid by every process.
 */
#include "shim/auxiliary.h"

#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/auxv.h>

#include "hooks/symbol.h"

static const ElfW(auxv_t) * auxiliary_vector; /* NULL: libc knows */

/* Variables that were taken out in place leave more than one NULL: the vector seems empty then. */
void auxiliary_begin(int argc, char **argv, char **envp)
{
	bool in_place = envp == argv + argc + 1;

	while (in_place && *envp)
		envp++;
	auxiliary_vector = in_place ? (const void *)(envp + 1) : NULL;
}

unsigned long auxiliary_value(unsigned long type)
{
	const ElfW(auxv_t) *v = auxiliary_vector;
	__typeof__(&getauxval) get;

	for (; v && v->a_type != AT_NULL; v++)
		if (v->a_type == type)
			return v->a_un.a_val;
	get = (__typeof__(&getauxval))symbol_next("getauxval", NULL);
	return get ? get(type) : 0;
}
