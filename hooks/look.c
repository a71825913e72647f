/*
 * The list of what is loaded, made anew, and then what is new of it.
 */
#include "hooks/engine.h"
#include "hooks/scan.h"
#include "hooks/spaces.h"

struct look {
	struct engine *engine;
	const struct loaded_list *before;
};

static void look_recognise(void *context, struct loaded *object)
{
	const struct loaded_list *before = ((struct look *)context)->before;

	for (uint32_t i = 0; i < before->count; i++) {
		const struct loaded *old = &before->object[i];

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
	struct engine *engine = look->engine;
	struct loaded *object = loaded_add(engine_list(engine), &engine->machine, info);

	(void)bytes;
	engine->loads = info->dlpi_adds;
	engine->unloads = info->dlpi_subs;
	if (object) {
		object->error = engine->error;
		look_recognise(look, object);
	}
	return 0;
}

/* When something went, something else may have come to its place and look like it. */
void look(struct engine *engine, bool alone)
{
	struct look look = { .engine = engine, .before = engine_list(engine) };
	uint64_t unloads = engine->unloads;
	struct loaded_list *list;

	engine->other = !engine->other;
	list = engine_list(engine);
	list->count = 0;
	engine->iterate(look_add, &look);
	for (uint32_t i = 0; i < list->count && alone; i++)
		list->object[i].first = true;
	if (alone)
		engine->spaces = spaces_count();
	spaces_add(engine, look_recognise, &look);
	for (uint32_t i = 0; i < list->count; i++) {
		const struct loaded *object = &list->object[i];

		if (!object->apart &&
		    (!object->known || engine->anew || engine->unloads != unloads))
			scan(engine, object, alone);
	}
	engine->anew = false;
}

static int look_compare(struct dl_phdr_info *info, size_t bytes, void *context)
{
	const struct engine *engine = context;

	(void)bytes;
	return info->dlpi_adds != engine->loads || info->dlpi_subs != engine->unloads ? 1 : 2;
}

bool look_is_due(struct engine *engine)
{
	return engine->anew || engine->iterate(look_compare, engine) == 1;
}

bool look_again(struct engine *engine)
{
	if (!look_is_due(engine))
		return true;
	if (atomic_load_explicit(&engine->confined, memory_order_relaxed))
		return false;
	look(engine, false);
	return true;
}
