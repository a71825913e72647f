/*
 * The constructor: the order of what happens when a process begins. It runs in the host's first
 * thread, with -z initfirst before every other constructor, when libc may not know the environment
 * yet; another preloaded object may have taken that place, and it must work all the same. An inert
 * process looks at its environment once and pays for nothing else.
 */
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/switches.h"
#include "base/sys.h"
#include "base/text.h"
#include "hooks/symbol.h"
#include "policy/decide.h"
#include "shim/adopt.h"
#include "shim/calls.h"
#include "shim/confine.h"
#include "shim/ancestor.h"
#include "shim/auxiliary.h"
#include "shim/environment.h"
#include "shim/exits.h"
#include "shim/handover.h"
#include "shim/helper.h"
#include "shim/self.h"
#include "shim/signals.h"
#include "shim/start.h"
#include "shim/subject.h"
#include "shim/thread.h"
#include "shim/trace.h"

/*
 * The record, which stays when the process is measured, and what is only the constructor's. The
 * loader maps these zeroes with the object, and an inert process touches none of them. In this
 * order a usual command touches two pages: the end of the record and a small image share one.
 */
static struct bookend {
	char **envp;
	const char *trace; /* the variable; NULL: nobody wants to know why */
	struct subject subject;
	struct decision decision;
	struct text detail;
	char detail_text[256];
	bool pool_tried;
	enum reason pool_reason;
	struct self self;
	uint8_t arena[DECIDE_ARENA];
	struct ancestor ancestor;
} bookend_memory;

/* Once: the pool of the state directory, made only for a process that is measured. */
static enum reason bookend_pool(struct bookend *b, bool make)
{
	struct self *self = &b->self;

	if (self->pool.header || (b->pool_tried && !make))
		return b->pool_reason;
	b->pool_tried = true;
	b->pool_reason = REASON_MEASURED;
	if (!self->state[0] &&
	    paths_state(self->uid, environment_lookup, b->envp, self->state) < 0) {
		self->state[0] = '\0';
		b->pool_reason = REASON_NO_STATE;
	} else if (pool_open(&self->pool, self->uid, self->state, make, false, &b->pool_reason) <
		   0) {
		self->pool.header = NULL;
		if (b->pool_reason == REASON_MEASURED)
			b->pool_reason = REASON_POOL_FAILED;
	} else if (atomic_load(&self->pool.header->control) & POOL_CONTROL_OFF) {
		b->pool_reason = REASON_SWITCHED_OFF;
	}
	return b->pool_reason;
}

static bool bookend_stands_alone(const struct subject *subject)
{
	struct bookend *b = subject->context;
	struct slot_ref own;

	if (environment_from_systemd(b->envp, (int)subject->pid))
		return true;
	bookend_pool(b, false);
	if (!b->self.pool.header)
		return true;
	if (!slot_find(&b->self.pool, subject->pid, 0, &own)) {
		slot_unmap(&own);
		return true;
	}
	return !subject_has_measured_parent(subject, &b->self.pool);
}

static bool bookend_runs_under(const struct subject *subject, uint32_t service,
			       const uint8_t image[16])
{
	struct bookend *b = subject->context;

	bookend_pool(b, false);
	return b->self.pool.header &&
	       ancestor_find(&b->self.pool, &b->subject, service, image, &b->ancestor);
}

static void bookend_copy(char *into, size_t capacity, const char *from)
{
	struct text t;

	if (!from || !from[0])
		return; /* it is empty already, and its page may be untouched */
	t = text_init(into, capacity);
	text_add(&t, from);
	if (t.truncated)
		text_clear(&t);
}

/* A copy, which few processes have; NULL: none. */
static const char *bookend_trace(const char *given)
{
	static char file[PATHS_MAX];

	if (!given)
		return NULL;
	bookend_copy(file, sizeof(file), given);
	return file[0] ? file : NULL;
}

/* What outlives the constructor. */
static void bookend_keep(struct bookend *b)
{
	struct self *self = &b->self;

	self->command = b->decision.command;
	self->helper = b->decision.helper;
	self->frames = b->decision.frames;
	self->thread = b->decision.thread;
	self->workers = b->decision.workers;
	self->stays = b->decision.stays;
	self->exit_ms = b->decision.exit_ms;
	bookend_copy(self->service, sizeof(self->service), b->decision.name);
	bookend_copy(self->tool, sizeof(self->tool), b->decision.tool);
	self->trace = bookend_trace(b->trace);
}

/* As a service, or as the child of one. */
static bool bookend_wanted(const struct bookend *b)
{
	return b->decision.reason == REASON_MEASURED || b->decision.child;
}

/* REASON_MEASURED: self has a slot whose start is committed. */
static enum reason bookend_measure(struct bookend *b, const char *services)
{
	const char *policy = environment_value(b->envp, "BOOKEND_POLICY");
	enum adoption adoption;
	enum reason reason;
	bool wanted;

	reason = policy_decide(policy && policy[0] ? policy : PATHS_DEFAULT_POLICY, services,
			       &b->subject, b->arena, sizeof(b->arena), &b->decision,
			       b->trace ? &b->detail : NULL);
	wanted = bookend_wanted(b);
	if (bookend_pool(b, wanted) != REASON_MEASURED)
		return wanted ? b->pool_reason : reason;
	b->self.first_slot = slot_first_of(&b->self.pool, b->subject.pid, b->subject.parent);
	adoption = adopt(&b->self, &b->decision);
	if (adoption == ADOPT_GOES_ON) {
		/* As a child, whatever this image is. */
		b->decision.command |= reason != REASON_MEASURED;
		return REASON_MEASURED;
	}
	if (adoption != ADOPT_NONE || !wanted)
		return reason;
	if (switches_off(b->self.pool.header,
			 switches_hash(b->decision.name, strlen(b->decision.name))))
		return REASON_SWITCHED_OFF;
	return start_record(&b->self, &b->decision, &b->subject, 0);
}

/* A loss is what the policy wanted measured and could not be. */
static bool bookend_is_loss(const struct bookend *b, enum reason reason)
{
	return bookend_wanted(b) && reason != REASON_MEASURED && reason != REASON_SWITCHED_OFF &&
	       b->pool_tried;
}

/* A command is over before a fork of it could matter, and dies of its signals unobserved by itself.
 */
static void bookend_watch(struct self *self)
{
	if (self->pid == 1)
		confine_prepare(self);
	self_publish(self);
	exits_watch();
	if (!self->command || self->workers || self->calls)
		handover_watch();
	if (!self->command)
		signals_watch(self);
}

static enum reason bookend_decide(struct bookend *b, int argc, char **argv, const char *services)
{
	struct self *self = &b->self;
	enum reason reason;

	subject_of_process(argc, argv, b->envp, self->exe, &b->subject);
	b->subject.stands_alone = bookend_stands_alone;
	b->subject.runs_under = bookend_runs_under;
	b->subject.context = b;
	b->trace = environment_value(b->envp, "BOOKEND_TRACE");
	if (b->trace)
		b->detail = text_init(b->detail_text, sizeof(b->detail_text));
	self->pid = (int)b->subject.pid;
	self->uid = b->subject.uid;
	reason = bookend_measure(b, services);
	if (bookend_is_loss(b, reason) && self->state[0])
		pool_tally_loss(self->state, reason);
	trace_decision(b->trace, self->pid, self->exe, reason_text(reason), b->detail.data,
		       b->decision.name,
		       reason == REASON_MEASURED ? self->slot.number : UINT32_MAX);
	return reason;
}

/* The whole pages from there to the end go back to the kernel, to be zeroes again. */
static void bookend_release(const void *from, const struct bookend *b)
{
	uintptr_t page = POOL_PAGE;
	uintptr_t begin = ((uintptr_t)from + page - 1) & ~(page - 1);
	uintptr_t end = (uintptr_t)(b + 1) & ~(page - 1);

	if (begin < end)
		sys_call(SYS_madvise, begin, end - begin, MADV_DONTNEED, 0);
}

static void bookend_begin(struct bookend *b, int argc, char **argv, const char *services)
{
	struct self *self = &b->self;

	if (bookend_decide(b, argc, argv, services) == REASON_MEASURED) {
		bookend_keep(b);
		calls_begin(self, &b->decision);
		thread_expect(self);
		bookend_watch(self);
		helper_when_due(self);
		pool_close_file(&self->pool);
		/* A command is too short-lived for that to be worth a system call. */
		if (!self->command)
			bookend_release(self + 1, b);
		return;
	}
	if (b->decision.children && bookend_pool(b, false) == REASON_MEASURED) {
		self->command = true;
		self_stand_by(self);
		pool_close_file(&self->pool);
		return;
	}
	if (self->pool.header)
		pool_close(&self->pool);
	bookend_release(b, b);
}

/* An opt-out: nothing is looked at, nothing is opened. */
static bool bookend_forbidden(char **argv, char **envp)
{
	enum reason reason = environment_forbids(envp);

	if (reason == REASON_MEASURED)
		return false;
	trace_decision(environment_value(envp, "BOOKEND_TRACE"), sys_getpid(),
		       argv[0] ? argv[0] : "", reason_text(reason), "", NULL, UINT32_MAX);
	return true;
}

__attribute__((constructor)) static void bookend_load(int argc, char **argv, char **envp)
{
	bool ours = symbol_in_glibc() && envp;
	const char *services = ours ? environment_value(envp, "BOOKEND_SERVICE") : NULL;

	if (!services || !services[0])
		return;
	auxiliary_begin(argc, argv, envp);
	if (bookend_forbidden(argv, envp))
		return;
	bookend_memory.envp = envp;
	bookend_begin(&bookend_memory, argc, argv, services);
}
