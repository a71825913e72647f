/*
 * The loader's rules, as far as they can be seen from outside (dlopen(3)): objects of the program
 * in their order first, then those that were loaded later. Among these it depends on RTLD_GLOBAL,
 * which nobody tells; so a definition has to be the only one.
 */
#include "hooks/resolve.h"

#include "hooks/object.h"
#include "hooks/symbol.h"

static uintptr_t resolve_in(const struct loaded *object, const char *name, const char *version)
{
	const ElfW(Sym) *s = NULL;

	if (object->has_symbols)
		s = object_find_bound(&object->object, name, version);
	return s ? (uintptr_t)symbol_address(&object->object, s) : 0;
}

/* How many objects of the space define it; the first one's definition in *found. */
static unsigned resolve_among(struct engine *engine, bool first, uint16_t space, const char *name,
			      const char *version, uintptr_t *found)
{
	struct loaded_list *list = engine_list(engine);
	unsigned count = 0;

	for (uint32_t i = 0; i < list->count; i++) {
		const struct loaded *object = &list->object[i];
		uintptr_t at = 0;

		if (object->space == space && object->first == first)
			at = resolve_in(object, name, version);
		if (at && !count++)
			*found = at;
	}
	return count;
}

uintptr_t resolve(struct engine *engine, const struct loaded *object, const struct tables *tables,
		  const char *name, const char *version)
{
	uintptr_t first = 0, later = 0;
	unsigned definitions;

	if (tables->symbolic) {
		first = resolve_in(object, name, version);
		if (first)
			return first;
	}
	resolve_among(engine, true, object->space, name, version, &first);
	if (first && (object->first || !engine->deep))
		return first;
	definitions = resolve_among(engine, false, object->space, name, version, &later);
	if (first)
		return definitions ? 0 : first;
	return definitions == 1 ? later : 0;
}

bool resolve_is(struct engine *engine, uintptr_t function, const char *name, const char *version)
{
	const struct loaded *object = engine_object_of(engine, function, PF_X);
	const ElfW(Sym) * s;

	if (!object || !object->has_symbols)
		return false;
	s = object_find(&object->object, name, version);
	return s && (uintptr_t)symbol_address(&object->object, s) == function;
}
