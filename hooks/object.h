/*
 * The dynamic symbols of one mapped object, read where the loader put them. Any thread; nothing is
 * kept.
 */
#ifndef BOOKEND_HOOKS_OBJECT_H
#define BOOKEND_HOOKS_OBJECT_H

#include <link.h>
#include <stdbool.h>
#include <stdint.h>

struct object {
	uintptr_t base;
	const ElfW(Sym) * symbols;
	const char *strings;
	const uint32_t *gnu_hash;	  /* NULL: none */
	const uint32_t *hash;		  /* NULL: none */
	const ElfW(Half) * versions;	  /* NULL: none */
	const ElfW(Verdef) * definitions; /* NULL: none */
	uint32_t definition_count;
	bool data; /* variables are looked for, not functions; object_open() clears it */
};

#define OBJECT_VERSION_HIDDEN 0x8000u /* in versions: not the default one */

/* 0, or -1 when the object has no usable symbol table. base: its load address. */
int object_open(uintptr_t base, const ElfW(Dyn) * dynamic, struct object *into);

/* The defined function, or variable, `name` of that version (NULL: the default one), or NULL. */
const ElfW(Sym) * object_find(const struct object *object, const char *name, const char *version);

/* What a reference to that version (NULL: to none) is bound to, as the loader does it: one without
 * a version means the first that the object had. */
const ElfW(Sym) *
	object_find_bound(const struct object *object, const char *name, const char *version);

/* The name of a version that the object defines, by its index; NULL: there is none. */
const char *object_version_name(const struct object *object, unsigned index);

/* The hash function of the GNU hash section. */
uint32_t object_hash(const char *name);

#endif
