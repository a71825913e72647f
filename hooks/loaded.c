#include "hooks/loaded.h"

#include <stddef.h>
#include <string.h>

static const ElfW(Phdr) * loaded_segment(const struct loaded *object, uint32_t type)
{
	for (unsigned i = 0; i < object->segments; i++)
		if (object->segment[i].p_type == type)
			return &object->segment[i];
	return NULL;
}

bool loaded_holds(const struct loaded *object, uintptr_t address, unsigned flags)
{
	for (unsigned i = 0; i < object->segments; i++) {
		const ElfW(Phdr) *s = &object->segment[i];

		if (s->p_type == PT_LOAD && (s->p_flags & flags) == flags &&
		    address - (object->base + s->p_vaddr) < s->p_memsz)
			return true;
	}
	return false;
}

static const char *loaded_last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool loaded_is_called(const struct loaded *object, const char *soname, const char *program,
		      const char *name)
{
	if (!object->name[0])
		return program && !strcmp(loaded_last_part(program), name);
	return !strcmp(loaded_last_part(object->name), name) || (soname && !strcmp(soname, name));
}

static void loaded_set_relro(struct loaded *object, uintptr_t page)
{
	const ElfW(Phdr) *s = loaded_segment(object, PT_GNU_RELRO);

	if (!s)
		return;
	object->relro = (object->base + s->p_vaddr) & ~(page - 1);
	object->relro_end = (object->base + s->p_vaddr + s->p_memsz) & ~(page - 1);
}

struct loaded *loaded_add(struct loaded_list *list, const struct loaded_machine *machine,
			  const struct dl_phdr_info *info)
{
	const ElfW(Phdr) * dynamic;
	struct loaded *object;

	if (list->count == LOADED_MAX)
		return NULL;
	object = &list->object[list->count];
	*object = (struct loaded){
		.base = info->dlpi_addr,
		.name = info->dlpi_name ? info->dlpi_name : "",
		.segment = info->dlpi_phdr,
		.segments = info->dlpi_phnum,
	};
	dynamic = loaded_segment(object, PT_DYNAMIC);
	if (!dynamic)
		return NULL;
	list->count++;
	object->dynamic = (const void *)(object->base + dynamic->p_vaddr);
	object->apart = object->base == machine->loader ||
			(machine->vdso && loaded_holds(object, machine->vdso, 0)) ||
			loaded_holds(object, machine->self, 0);
	object->has_symbols = object_open(object->base, object->dynamic, &object->object) == 0;
	loaded_set_relro(object, machine->page);
	return object;
}
