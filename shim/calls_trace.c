/*
 * BOOKEND_TRACE and hooked calls: what became of each symbol, said at exit, when every object that
 * the host ever loaded by then has been seen. A process without a trace does nothing here.
 */
#include "shim/calls.h"

#include "hooks/report.h"
#include "shim/trace.h"

#define TRACED 1024 /* symbols of a service, at most */

/* called: through slots, of which was told what became. */
struct calls_told {
	const struct self *self;
	const struct hooks_spec *spec;
	uint32_t count;
	bool called[TRACED], defined[TRACED];
};

/* A function that its own object calls without a slot is defined like one that nobody calls; a
 * static one has no name that a loader knows. */
static const char calls_no_slot[] = "nothing diverted: no object calls it through a slot; calls "
				    "inside the object that defines it can not be seen";
static const char calls_no_name[] = "nothing diverted: no loaded object has a function of that "
				    "name for others; it is static, or not there";

static void calls_tell(void *context, const struct hooks_finding *f)
{
	struct calls_told *told = context;
	uint32_t which = (uint32_t)(f->spec - told->spec);

	if (which >= told->count)
		return; /* one of ours */
	if (which < TRACED) {
		told->called[which] |= f->outcome != HOOKS_DEFINED;
		told->defined[which] |= f->outcome == HOOKS_DEFINED;
	}
	trace_call(told->self, f->spec->name, f->version ? f->version : f->spec->version,
		   hooks_outcome_text(f->outcome), f->object[0] ? f->object : told->self->exe,
		   f->slots);
}

/* Where `bookend doctor` looks for functions that no loader knows. */
static void calls_tell_object(void *context, const char *path)
{
	const struct self *self = context;

	trace_object(self, path[0] ? path : self->exe);
}

void calls_trace(const struct self *self)
{
	static struct calls_told told;
	bool missing = false;

	if (!self || !self->trace || !self->calls || self->confined)
		return;
	told = (struct calls_told){ .self = self };
	told.spec = calls_specs_hooked(&told.count);
	if (!told.spec || !hooks_report(calls_tell, &told))
		return;
	for (uint32_t i = 0; i < told.count && i < TRACED; i++) {
		if (told.called[i])
			continue;
		missing = true;
		trace_call(self, told.spec[i].name, told.spec[i].version,
			   told.defined[i] ? calls_no_slot : calls_no_name, "", 0);
	}
	if (missing)
		hooks_objects(calls_tell_object, (void *)(uintptr_t)self);
}
