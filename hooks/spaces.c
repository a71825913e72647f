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
static intptr_t spaces_errno(const struct object *libc)
{
	const ElfW(Sym) *s = object_find(libc, "__errno_location", NULL);
	int *(*place)(void) = (int *(*)(void))(s ? symbol_address(libc, s) : NULL);

	return place ? (intptr_t)((uintptr_t)place() - machine_thread_pointer()) : 0;
}

static void spaces_add_one(struct engine *engine, const struct spaces_debug *space, uint16_t number)
{
	struct loaded_list *list = engine_list(engine);
	uint32_t first = list->count;
	intptr_t error = 0;

	for (const struct link_map *m = space->base.r_map; m; m = m->l_next) {
		struct dl_phdr_info info;
		struct loaded *object = NULL;

		if (spaces_describe(m, &info))
			object = loaded_add(list, &engine->machine, &info);
		if (object && object->has_symbols && !error)
			error = spaces_errno(&object->object);
	}
	for (uint32_t i = first; i < list->count; i++) {
		list->object[i].space = number;
		list->object[i].error = error ? error : engine->error;
	}
}

void spaces_add(struct engine *engine)
{
	uint16_t number = 0;

	for (const struct spaces_debug *s = spaces_first(); s; s = spaces_next(s))
		if (++number > engine->spaces && !spaces_has(s, engine->setup.apart))
			spaces_add_one(engine, s, number);
}
