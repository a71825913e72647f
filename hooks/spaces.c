#include "hooks/spaces.h"

#include <elf.h>
#include <string.h>

#include "hooks/object.h"
#include "hooks/readable.h"
#include "hooks/symbol.h"
#include "hooks_machine.h"

#pragma weak _r_debug

/* struct r_debug_extended of glibc's link.h; valid when r_version is at least 2. */
struct spaces_debug {
	struct r_debug base;
	const struct spaces_debug *next;
};

static const struct spaces_debug *spaces_next(const struct spaces_debug *space)
{
	return space->base.r_version >= 2 ? space->next : NULL;
}

/* The asm hides from the compiler that it was declared without what r_version says is behind it. */
static const struct spaces_debug *spaces_first(void)
{
	const struct r_debug *first = &_r_debug;

	__asm__("" : "+r"(first));
	return spaces_next((const struct spaces_debug *)first);
}

uint32_t spaces_count(void)
{
	uint32_t count = 0;

	for (const struct spaces_debug *s = spaces_first(); s; s = spaces_next(s))
		count++;
	return count;
}

static bool spaces_has(const struct spaces_debug *space, const char *name)
{
	for (const struct link_map *m = space->base.r_map; m && name; m = m->l_next) {
		const char *slash = strrchr(m->l_name, '/');

		if (!strcmp(slash ? slash + 1 : m->l_name, name))
			return true;
	}
	return false;
}

/* Its program headers, where a shared object's load address is that of its header. */
static bool spaces_describe(const struct link_map *map, struct dl_phdr_info *into)
{
	const ElfW(Ehdr) *header = (const void *)map->l_addr;

	if (!map->l_addr || map->l_addr % READABLE_PAGE || !readable(map->l_addr) ||
	    memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
		return false;
	*into = (struct dl_phdr_info){
		.dlpi_addr = map->l_addr,
		.dlpi_name = map->l_name,
		.dlpi_phdr = (const void *)(map->l_addr + header->e_phoff),
		.dlpi_phnum = header->e_phnum,
	};
	return true;
}

/* Each namespace has a libc of its own. */
static intptr_t spaces_errno(const struct spaces_debug *space, intptr_t otherwise)
{
	for (const struct link_map *m = space->base.r_map; m; m = m->l_next) {
		const ElfW(Sym) * s;
		struct object o;
		int *(*place)(void);

		if (object_open(m->l_addr, m->l_ld, &o) < 0)
			continue;
		s = object_find(&o, "__errno_location", NULL);
		if (!s)
			continue;
		place = (int *(*)(void))symbol_address(&o, s);
		return (intptr_t)((uintptr_t)place() - machine_thread_pointer());
	}
	return otherwise;
}

void spaces_add(struct engine *engine, void (*added)(void *context, struct loaded *object),
		void *context)
{
	uint16_t number = 0;

	for (const struct spaces_debug *s = spaces_first(); s; s = spaces_next(s)) {
		intptr_t error;

		if (++number <= engine->spaces || spaces_has(s, engine->setup.apart))
			continue;
		error = spaces_errno(s, engine->error);
		for (const struct link_map *m = s->base.r_map; m; m = m->l_next) {
			struct dl_phdr_info info;
			struct loaded *object;

			if (!spaces_describe(m, &info))
				continue;
			object = loaded_add(engine_list(engine), &engine->machine, &info);
			if (!object)
				continue;
			object->space = number;
			object->error = error;
			added(context, object);
		}
	}
}
