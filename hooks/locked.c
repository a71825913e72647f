#include "hooks/locked.h"

#include <dlfcn.h>
#include <stddef.h>

#include "hooks/engine.h"
#include "hooks/symbol.h"

static __thread struct locked_job {
	locked_work_fn *work;
	void *context;
	bool done;
} locked_job;

/* The resolver. Whoever else has the name looked up finds no work. */
__attribute__((used)) static void *(*locked_choose(void))(void)
{
	struct locked_job *job = &locked_job;
	locked_work_fn *work = job->work;

	job->work = NULL;
	if (work) {
		work(engine_here(), job->context);
		job->done = true;
	}
	return NULL;
}

__attribute__((visibility("default"), ifunc("locked_choose"))) void *bookend_look(void);

bool locked(locked_work_fn *work, void *context)
{
	__typeof__(&dlsym) find = (__typeof__(&dlsym))symbol_next("dlsym", NULL);

	locked_job = (struct locked_job){ .work = work, .context = context };
	if (find)
		find(RTLD_DEFAULT, "bookend_look");
	locked_job.work = NULL;
	return locked_job.done || !find;
}
