/*
 * The loader's own calls, made by the host: what they load is looked at, and what they find
 * diverted.
 */
#include <dlfcn.h>
#include <stddef.h>

#include "hooks/engine.h"
#include "hooks/locked.h"
#include "hooks/object.h"
#include "hooks/scan.h"
#include "hooks/stub.h"
#include "hooks_machine.h"

/* A symbol that the host asked for. */
struct follow_request {
	const char *name;
	const char *version;
	uintptr_t caller;
	uintptr_t function; /* found; then what the host gets */
};

typedef void *(*follow_find_fn)(void *handle, const char *name, const char *version);

static bool follow_is_due(struct engine *engine)
{
	return !atomic_load_explicit(&engine->confined, memory_order_relaxed) &&
	       look_is_due(engine);
}

static void follow_look(struct engine *engine, void *context)
{
	(void)context;
	look_again(engine);
}

static void follow_divert(struct engine *engine, void *context)
{
	struct follow_request *request = context;
	const struct loaded *caller;

	if (!look_again(engine))
		return;
	caller = engine_object_of(engine, request->caller, PF_X);
	if (!caller || caller->apart || stub_at(request->function))
		return;
	request->function =
		scan_divert(engine, caller, request->name, request->version, request->function);
}

void follow_now(struct engine *engine)
{
	if (follow_is_due(engine))
		locked(follow_look, NULL);
}

/* dlopen(file, flags), dlmopen(space, file, flags), dlclose(handle); context: place of the flags.
 */
static enum hooks_next follow_load(struct hooks_frame *frame)
{
	struct engine *engine = engine_here();
	uintptr_t place = (uintptr_t)frame->spec->context;

	if (place && frame->integer[place] & RTLD_DEEPBIND)
		engine->deep = true;
	follow_now(engine);
	return HOOKS_PASS;
}

/*
 * dlsym(handle, name), dlvsym(handle, name, version); context: place of the version. Through a real
 * handle it does not matter who asks, so it can be asked here.
 */
static enum hooks_next follow_symbol(struct hooks_frame *frame)
{
	struct engine *engine = engine_here();
	follow_find_fn find = (follow_find_fn)frame->stub->target;
	uintptr_t place = (uintptr_t)frame->spec->context;
	void *handle = (void *)frame->integer[0];
	struct follow_request request = {
		.name = (const char *)frame->integer[1],
		.version = place ? (const char *)frame->integer[place] : NULL,
		.caller = machine_caller(frame),
	};

	if (handle == RTLD_DEFAULT || handle == RTLD_NEXT || !request.name ||
	    !names_find(&engine->names, object_hash(request.name), request.name)) {
		follow_now(engine);
		return HOOKS_PASS;
	}
	request.function = (uintptr_t)find(handle, request.name, request.version);
	if (request.function && !locked(follow_divert, &request))
		find(handle, request.name, request.version);
	frame->result[0] = request.function;
	return HOOKS_ANSWER;
}

static void follow_add_one(struct engine *engine, unsigned which, const char *name,
			   hooks_entry_fn *entry, uintptr_t place)
{
	engine->own[which] = (struct hooks_spec){
		.name = name,
		.kind = HOOKS_ENTRY,
		.entry = entry,
		.context = (void *)place,
	};
	names_add(&engine->names, &engine->own[which]);
}

void follow_add(struct engine *engine)
{
	follow_add_one(engine, 0, "dlopen", follow_load, 1);
	follow_add_one(engine, 1, "dlmopen", follow_load, 2);
	follow_add_one(engine, 2, "dlclose", follow_load, 0);
	follow_add_one(engine, 3, "dlsym", follow_symbol, 0);
	follow_add_one(engine, 4, "dlvsym", follow_symbol, 2);
}
