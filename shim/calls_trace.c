/*
 * BOOKEND_TRACE and hooked calls: what became of each symbol, said at exit, when every object that
 * the host ever loaded by then has been seen. A process without a trace does nothing here.
 */
#include "shim/calls.h"

#include "hooks/hooks.h"
#include "shim/trace.h"

#define TRACED 1024 /* symbols of a service, at most */

struct calls_told {
	const struct self *self;
	const struct hooks_spec *spec;
	uint32_t count;
	bool diverted[TRACED];
};

static void calls_tell(void *context, const struct hooks_finding *f)
{
	struct calls_told *told = context;
	uint32_t which = (uint32_t)(f->spec - told->spec);

	if (f->outcome == HOOKS_DIVERTED && which < TRACED)
		told->diverted[which] = true;
	trace_call(told->self, f->spec->name, f->version ? f->version : f->spec->version,
		   hooks_outcome_text(f->outcome), f->object[0] ? f->object : told->self->exe,
		   f->slots);
}

void calls_trace(const struct self *self)
{
	static struct calls_told told;

	if (!self || !self->trace[0] || !self->calls || self->confined)
		return;
	told = (struct calls_told){ .self = self };
	told.spec = calls_specs_hooked(&told.count);
	if (!told.spec || !hooks_report(calls_tell, &told))
		return;
	for (uint32_t i = 0; i < told.count && i < TRACED; i++)
		if (!told.diverted[i])
			trace_call(self, told.spec[i].name, told.spec[i].version,
				   "nothing diverted: no object calls it through a slot; it may be "
				   "static, internal to its object, or not there",
				   "", 0);
}
