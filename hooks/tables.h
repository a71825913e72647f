/*
 * What the dynamic section of a loaded object says about its references: relocations and the
 * versions that they ask for. Under the loader's lock; nothing is kept.
 */
#ifndef BOOKEND_HOOKS_TABLES_H
#define BOOKEND_HOOKS_TABLES_H

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hooks/object.h"

struct tables {
	struct object object;
	const ElfW(Rela) * jump; /* of the PLT */
	size_t jumps;
	const ElfW(Rela) * rela; /* all others but relative ones in front */
	size_t relas;
	const ElfW(Verneed) * needs; /* NULL: none */
	uint32_t need_count;
	const char *soname; /* NULL: none */
	bool plt;	    /* the loader may rewrite its PLT */
	bool symbolic;	    /* its own definitions come first */
	const uint32_t
		*hashes; /* GNU hashes of the symbols from `hashed` on, lowest bit lost; or NULL */
	uint32_t hashed;
};

void tables_open(const struct object *object, const ElfW(Dyn) * dynamic, struct tables *into);

/* The version that a symbol is referred to by; NULL: none. */
const char *tables_version(const struct tables *tables, uint32_t symbol);

/* Soon that will be asked of it. */
void tables_expect_hash(const struct tables *tables, uint32_t symbol);

/* The GNU hash of its name, lowest bit of no meaning. */
uint32_t tables_hash(const struct tables *tables, uint32_t symbol);

#endif
