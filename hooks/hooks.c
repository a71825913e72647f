/*
 * The installation. One engine a process, for ever; forked children have it too.
 */
#include "hooks/hooks.h"

#include <errno.h>
#include <string.h>
#include <sys/auxv.h>

#include "hooks/engine.h"
#include "hooks/shards.h"
#include "hooks/stub.h"
#include "hooks/symbol.h"
#include "hooks_machine.h"

static struct engine *_Atomic hooks_engine;

struct engine *engine_here(void)
{
	return atomic_load_explicit(&hooks_engine, memory_order_acquire);
}

const struct loaded *engine_object_of(struct engine *engine, uintptr_t address, unsigned flags)
{
	struct loaded_list *list = engine_list(engine);

	if (list->recent < list->count && loaded_holds(&list->object[list->recent], address, flags))
		return &list->object[list->recent];
	for (uint32_t i = 0; i < list->count; i++)
		if (loaded_holds(&list->object[i], address, flags)) {
			list->recent = i;
			return &list->object[i];
		}
	return NULL;
}

/* What is used at every start comes first. */
static size_t hooks_lay_out(uint32_t count, struct engine *engine)
{
	uint32_t names = count + ENGINE_OWN + ENGINE_LATE, buckets = names_buckets(names);
	size_t entry = sizeof(*engine), bucket = entry + names * sizeof(struct names_entry);
	size_t list = (bucket + buckets * sizeof(uint32_t) + 63) & ~(size_t)63;
	size_t tally = list + 2 * sizeof(struct loaded_list);

	if (engine) {
		engine->names.entry = (void *)((uint8_t *)engine + entry);
		engine->names.bucket = (void *)((uint8_t *)engine + bucket);
		engine->names.buckets = buckets;
		engine->list = (void *)((uint8_t *)engine + list);
		engine->tally = (void *)((uint8_t *)engine + tally);
	}
	return tally + count * sizeof(struct engine_tally);
}

size_t hooks_bytes(uint32_t count)
{
	return hooks_lay_out(count, NULL);
}

/* glibc's loader and library, and what they know of the machine. */
static bool hooks_find_machine(struct engine *engine)
{
	__typeof__(&getauxval) get = (__typeof__(&getauxval))symbol_next("getauxval", NULL);

	engine->iterate = (__typeof__(engine->iterate))symbol_next("dl_iterate_phdr", NULL);
	if (!get || !engine->iterate)
		return false;
	engine->machine = (struct loaded_machine){
		.page = get(AT_PAGESZ),
		.loader = get(AT_BASE),
		.vdso = get(AT_SYSINFO_EHDR),
		.self = (uintptr_t)hooks_install,
	};
	engine->error = (intptr_t)((uintptr_t)&errno - machine_thread_pointer());
	return engine->machine.page != 0;
}

static bool hooks_spec_holds(const struct hooks_spec *spec)
{
	switch (spec->kind) {
	case HOOKS_COUNT:
		return spec->name && spec->counter;
	case HOOKS_ENTRY:
		return spec->name && spec->entry;
	case HOOKS_CALL:
		return spec->name && spec->leave &&
		       (spec->stack_words <= HOOKS_STACK_MAX ||
			spec->stack_words == HOOKS_STACK_UNKNOWN);
	}
	return false;
}

static bool hooks_setup_holds(const struct hooks_setup *setup)
{
	if (!setup->shards || setup->shards & (setup->shards - 1))
		return false;
	for (uint32_t i = 0; i < setup->count; i++)
		if (!hooks_spec_holds(&setup->specs[i]))
			return false;
	return true;
}

int hooks_begin(const struct hooks_setup *setup, void *memory, size_t bytes)
{
	struct engine *engine = memory;

	if (engine_here())
		return -EALREADY;
	if (!hooks_setup_holds(setup))
		return -EINVAL;
	if (bytes < hooks_bytes(setup->count))
		return -ENOMEM;
	if (!symbol_in_glibc() || !hooks_find_machine(engine))
		return -ENOSYS;
	hooks_lay_out(setup->count, engine);
	engine->setup = *setup;
	for (uint32_t i = 0; i < setup->count; i++)
		names_add(&engine->names, &setup->specs[i]);
	follow_add(engine);
	shards_begin(setup);
	atomic_store_explicit(&hooks_engine, engine, memory_order_release);
	return 0;
}

int hooks_install(const struct hooks_setup *setup, void *memory, size_t bytes)
{
	int error = hooks_begin(setup, memory, bytes);

	if (!error)
		look(engine_here(), true);
	return error;
}

void hooks_confine(void)
{
	struct engine *engine = engine_here();

	if (engine)
		atomic_store_explicit(&engine->confined, true, memory_order_relaxed);
}
