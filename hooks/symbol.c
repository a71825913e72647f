/*
 * The walk over the loader's list, from this object on. _r_debug is the loader's own variable,
 * there since ever for debuggers; the reference is weak so that the loader does not become a needed
 * library of ours.
 */
#include "hooks/symbol.h"

#include <elf.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>

#include "hooks/object.h"
#include "hooks_machine.h"

#pragma weak _r_debug

/* The same of musl's loader, whose list has libc before us. */
extern struct r_debug *_dl_debug_addr;
#pragma weak _dl_debug_addr

bool symbol_in_glibc(void)
{
	return &_r_debug != NULL;
}

/* The second argument of a resolver, as glibc's sys/ifunc.h has it. */
struct symbol_capabilities {
	unsigned long bytes;
	unsigned long first;
	unsigned long second;
};
#define SYMBOL_CAPABILITIES_FOLLOW (UINT64_C(1) << 62)

typedef void *symbol_choose_fn(uint64_t capabilities, const struct symbol_capabilities *more);

static void *symbol_choose(symbol_choose_fn *choose)
{
	struct symbol_capabilities capabilities = { .bytes = sizeof(capabilities) };
	__typeof__(&getauxval) get = NULL;

	if (MACHINE_RESOLVERS_ASK)
		get = (__typeof__(&getauxval))symbol_next("getauxval", NULL);
	if (!get)
		return choose(0, NULL);
	capabilities.first = get(AT_HWCAP);
	capabilities.second = get(AT_HWCAP2);
	return choose(capabilities.first | SYMBOL_CAPABILITIES_FOLLOW, &capabilities);
}

void *symbol_address(const struct object *o, const ElfW(Sym) * s)
{
	uintptr_t at = o->base + s->st_value;

	if (ELF64_ST_TYPE(s->st_info) != STT_GNU_IFUNC)
		return (void *)at;
	return symbol_choose((symbol_choose_fn *)at);
}

static const struct link_map *symbol_first(void)
{
	if (&_r_debug)
		return _r_debug.r_map;
	return &_dl_debug_addr ? _dl_debug_addr->r_map : NULL;
}

static const struct link_map *symbol_first_after_us(void)
{
	const struct link_map *m = symbol_first();

	if (!symbol_in_glibc())
		return m;
	while (m && m->l_ld != _DYNAMIC)
		m = m->l_next;
	return m ? m->l_next : NULL;
}

static void *symbol_from(const struct link_map *m, const char *name, const char *version, bool data)
{
	for (; m; m = m->l_next) {
		const ElfW(Sym) * s;
		struct object o;

		if (m->l_ld == _DYNAMIC || object_open(m->l_addr, m->l_ld, &o) < 0)
			continue;
		o.data = data;
		s = object_find(&o, name, version);
		if (s)
			return symbol_address(&o, s);
	}
	return NULL;
}

void *symbol_next(const char *name, const char *version)
{
	return symbol_from(symbol_first_after_us(), name, version, false);
}

void *symbol_anywhere(const char *name)
{
	return symbol_from(symbol_first(), name, NULL, false);
}

static bool symbol_holds(const char *text, const char *part)
{
	size_t length = strlen(part);

	for (; *text; text++)
		if (!strncmp(text, part, length))
			return true;
	return false;
}

bool symbol_object(const char *text)
{
	for (const struct link_map *m = symbol_first(); m; m = m->l_next)
		if (m->l_name && symbol_holds(m->l_name, text))
			return true;
	return false;
}

void *symbol_in_vdso(const char *name)
{
	return symbol_from(symbol_first(), name, NULL, false);
}

void *symbol_first_data(const char *name)
{
	return symbol_from(symbol_first(), name, NULL, true);
}
