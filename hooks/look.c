/*
 * The list of what is loaded, made anew, and then what is new of it.
 */
#include "hooks/engine.h"
#include "hooks/scan.h"
#include "hooks/spaces.h"

static int look_add(struct dl_phdr_info *info, size_t bytes, void *context)
{
	struct engine *engine = context;
	struct loaded *object = loaded_add(engine_list(engine), &engine->machine, info);

	(void)bytes;
	engine->loads = info->dlpi_adds;
	engine->unloads = info->dlpi_subs;
	if (object)
		object->error = engine->error;
	return 0;
}

static void look_recognise(const struct loaded_list *before, struct loaded *object)
{
	for (uint32_t i = 0; i < before->count; i++) {
		const struct loaded *old = &before->object[i];

		if (old->dynamic != object->dynamic || old->base != object->base)
			continue;
		object->known = true;
		object->first = old->first;
		return;
	}
}

/* When something went, something else may have come to its place and look like it. */
static void look_compare_lists(const struct loaded_list *before, struct loaded_list *list,
			       bool went)
{
	for (uint32_t i = 0; i < list->count; i++) {
		look_recognise(before, &list->object[i]);
		if (went)
			list->object[i].known = false;
	}
}

void look(struct engine *engine, bool alone)
{
	const struct loaded_list *before = engine_list(engine);
	uint64_t unloads = engine->unloads;
	struct loaded_list *list;

	if (alone)
		engine->spaces = spaces_count();
	else
		engine->other = !engine->other;
	list = engine_list(engine);
	list->count = 0;
	engine->iterate(look_add, engine);
	for (uint32_t i = 0; i < list->count && alone; i++)
		list->object[i].first = true;
	spaces_add(engine);
	if (!alone)
		look_compare_lists(before, list, engine->anew || engine->unloads != unloads);
	for (uint32_t i = 0; i < list->count; i++)
		if (!list->object[i].apart && !list->object[i].known)
			scan(engine, &list->object[i], alone);
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
