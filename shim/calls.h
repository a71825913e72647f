/*
 * The calls that the policy names: counted, measured and recorded while the host makes them. The
 * image's `calls` section (policy/image_calls.h) says which symbols are diverted (hooks/hooks.h)
 * and what each of their calls does. Counters lie in the slot and are shared by forked workers;
 * events go into the slot's ring, or that of the worker's own slot (shim/worker.h), which is
 * claimed at its first one.
 *
 * On the way of a call: stores only, and of system calls process_vm_readv(2) for texts that the
 * policy captures, getpid(2) once a vfork or a clone was seen, and a worker's one claim. A
 * confined process (shim/confine.h) makes none of them: its texts are absent, and a worker without
 * a ring records nothing. vfork children and strangers record nothing either; what they call is
 * counted, as that of workers is. `bookend off` is asked at each call, but for plain counts, which
 * nobody reads then.
 */
#ifndef BOOKEND_SHIM_CALLS_H
#define BOOKEND_SHIM_CALLS_H

#include "policy/decide.h"
#include "shim/self.h"

/* Constructor, once the process is measured. Nothing is hooked when that fails, and that is
 * counted. */
void calls_begin(struct self *self, const struct decision *decision);

struct hooks_spec; /* hooks/hooks.h */
/* What calls_begin() hooked for the policy; NULL: nothing. */
const struct hooks_spec *calls_specs_hooked(uint32_t *count);

/* calls_trace.c, at exit: with BOOKEND_TRACE, what became of each symbol. */
void calls_trace(const struct self *self);

/* In the child of a fork that goes on as kin, when self->pid is its own. */
void calls_forked(struct self *self);

#endif
