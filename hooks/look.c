/*
 * The list of what is loaded, made anew: in the first link namespace as dl_iterate_phdr() has it,
 * in others by the list that the loader keeps for debuggers.
 */
#include <string.h>

#include "hooks/engine.h"
#include "hooks/scan.h"

struct look {
	struct engine *engine;
	const struct loaded_list *before;
	struct loaded_list *list;
};

static void look_recognise(struct look *look, struct loaded *object)
{
	for (uint32_t i = 0; i < look->before->count; i++) {
		const struct loaded *old = &look->before->object[i];

		if (old->dynamic != object->dynamic || old->base != object->base)
			continue;
		object->known = true;
		object->first = old->first;
		return;
	}
}

static int look_add(struct dl_phdr_info *info, size_t bytes, void *context)
{
	struct look *look = context;
	struct loaded *object = loaded_add(look->list, &look->engine->machine, info);

	(void)bytes;
	look->engine->loads = info->dlpi_adds;
	look->engine->unloads = info->dlpi_subs;
	if (!object)
		return 0;
	object->error = look->engine->error;
	look_recognise(look, object);
	return 0;
}

void look(struct engine *engine, bool alone)
{
	struct look look = { .engine = engine, .before = engine_list(engine) };
	uint64_t unloads = engine->unloads;

	engine->other = !engine->other;
	look.list = engine_list(engine);
	look.list->count = 0;
	engine->iterate(look_add, &look);
	for (uint32_t i = 0; i < look.list->count; i++) {
		struct loaded *object = &look.list->object[i];

		object->first |= alone;
		if (engine->unloads != unloads)
			object->known = false;
	}
	for (uint32_t i = 0; i < look.list->count; i++) {
		const struct loaded *object = &look.list->object[i];

		if (!object->known && !object->apart)
			scan(engine, object, alone);
	}
}
