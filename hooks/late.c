/*
 * One spec more, behind the installation or without one: everything that is loaded is looked at
 * anew, under the loader's lock, because other threads may be loading.
 */
#include <errno.h>
#include <sys/mman.h>

#include "base/sys.h"
#include "hooks/engine.h"
#include "hooks/spaces.h"

/* For specs that come late only. Link namespaces that are there now are nobody's calls to divert.
 */
static int late_install(const char *apart)
{
	const struct hooks_setup nothing = { .shards = 1, .apart = apart };
	size_t bytes = hooks_bytes(0);
	long at = sys_mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int error;

	if (sys_failed(at))
		return (int)at;
	error = hooks_begin(&nothing, (void *)at, bytes);
	if (error < 0)
		sys_munmap((void *)at, bytes);
	else
		engine_here()->spaces = spaces_count();
	return error;
}

int hooks_add(const struct hooks_spec *spec, const char *apart)
{
	struct engine *engine = engine_here();
	int error = engine ? 0 : late_install(apart);

	if (error < 0)
		return error;
	engine = engine_here();
	if (engine->late == ENGINE_LATE)
		return -ENOSPC;
	if (atomic_load_explicit(&engine->confined, memory_order_relaxed))
		return -EPERM;
	engine->late++;
	names_add(&engine->names, spec);
	engine->anew = true;
	follow_now(engine);
	return 0;
}
