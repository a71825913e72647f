/*
 * Finding the next definition of a function: in the objects that the loader mapped after this one,
 * in its order, as dlsym(RTLD_NEXT) would, but with plain reads of the link map and the ELF tables
 * (System V gABI; the GNU hash section as binutils writes it): no lock, no allocation, no system
 * call. So it may be used in a signal handler, in a vfork child and before libc is initialised. Any
 * thread of the host.
 *
 * Only objects that were there at start are ever looked at before libc is reached, and those are
 * never unmapped: the walk needs no lock against dlopen.
 */
#ifndef BOOKEND_HOOKS_SYMBOL_H
#define BOOKEND_HOOKS_SYMBOL_H

#include <link.h>
#include <stdbool.h>

struct object;

/* False under another libc (musl), which passes constructors no arguments. */
bool symbol_in_glibc(void);

/*
 * name's address, an IFUNC resolved; NULL when nobody defines it. version: the exact symbol
 * version, or NULL for the default one.
 */
void *symbol_next(const char *name, const char *version);

/* Of a definition in that object, an IFUNC resolved. */
void *symbol_address(const struct object *object, const ElfW(Sym) * symbol);

/* A function of the whole process, whoever defines it; NULL: nobody. */
void *symbol_anywhere(const char *name);
/* Is an object mapped whose path holds that text? */
bool symbol_object(const char *text);
#define SYMBOL_VALGRIND "/vgpreload_"

/* A function of the kernel's own object (vdso(7)), which the loader lists before us: under names
 * that nobody else uses. */
void *symbol_in_vdso(const char *name);

/* The variable that every object of the process means by the name: the executable's copy, if it has
 * one. */
void *symbol_first_data(const char *name);

#endif
