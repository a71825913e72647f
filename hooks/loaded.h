/*
 * The objects that are loaded, as the loader lists them: taken under its lock, valid as long as
 * that is held. The vDSO, the loader itself and link namespaces that are to be left alone are not
 * hooked, but functions lie in them too.
 */
#ifndef BOOKEND_HOOKS_LOADED_H
#define BOOKEND_HOOKS_LOADED_H

#include <link.h>
#include <stdbool.h>
#include <stdint.h>

#include "hooks/object.h"

#define LOADED_MAX 1024 /* in all namespaces; what is loaded beyond stays as it is */

struct loaded {
	uintptr_t base;
	const ElfW(Dyn) * dynamic;
	const char *name; /* path; "" for the executable */
	const ElfW(Phdr) * segment;
	uint16_t segments;
	uint16_t space; /* link namespace; 0 is the first */
	bool known;	/* looked at before */
	bool first;	/* loaded with the program */
	bool apart;	/* not to be hooked */
	/* What the loader made read-only behind itself: whole pages, its end rounded down as glibc
	 * does. */
	uintptr_t relro;
	uintptr_t relro_end;
	intptr_t error; /* errno in its namespace, behind the thread pointer */
	struct object object;
	bool has_symbols; /* object is filled */
};

/* Lies the address in a segment of those flags (PF_...)? */
bool loaded_holds(const struct loaded *object, uintptr_t address, unsigned flags);

/* Is this its name: the last part of its path, or its soname (which may be NULL)? */
bool loaded_is_called(const struct loaded *object, const char *soname, const char *program,
		      const char *name);

struct loaded_list {
	uint32_t count;
	uint32_t recent; /* asked for last, and likely again */
	struct loaded object[LOADED_MAX];
};

/* Of the machine, found once. */
struct loaded_machine {
	uintptr_t page;
	uintptr_t loader; /* its load address */
	uintptr_t vdso;	  /* its first byte; 0: none */
	uintptr_t self;	  /* an address in our own object */
};

/* Adds an object; nothing when the list is full. */
struct loaded *loaded_add(struct loaded_list *list, const struct loaded_machine *machine,
			  const struct dl_phdr_info *info);

#endif
