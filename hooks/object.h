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

/* 0, or -1 when the object has no usable symbol table. */
int object_open(const struct link_map *map, struct object *into);

/* The defined function, or variable, `name` of that version (NULL: the default one), or NULL. */
const ElfW(Sym) * object_find(const struct object *object, const char *name, const char *version);

#endif
