/*
 * The decision is made as the constructor makes it, from the environment that the child gets. All
 * of its memory is one mapping, gone before the exec: a vforked child runs in its parent's memory.
 */
#include "shim/children.h"

#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>

#include "base/program_file.h"
#include "base/sys.h"
#include "hooks/symbol.h"
#include "policy/decide.h"
#include "shim/ancestor.h"
#include "shim/environment.h"
#include "shim/self.h"
#include "shim/start.h"
#include "shim/subject.h"

#define CHILDREN_WORDS 2048	       /* with more it is not looked at */
#define CHILDREN_PATH  "/bin:/usr/bin" /* execvp(3), when there is no PATH */

struct children {
	struct self self; /* for start_record(): pool, slot, pid, uid */
	struct program_file file;
	struct subject subject;
	struct decision decision;
	struct ancestor ancestor;
	const char *argv[CHILDREN_WORDS + PROGRAM_FILE_FRONT + 1];
	_Alignas(16) uint8_t arena[DECIDE_ARENA];
};

static bool children_stands_alone(const struct subject *subject)
{
	struct children *c = subject->context;

	return !subject_has_measured_parent(subject, &c->self.pool);
}

static bool children_runs_under(const struct subject *subject, uint32_t service,
				const uint8_t image[16])
{
	struct children *c = subject->context;

	return ancestor_find(&c->self.pool, &c->subject, service, image, &c->ancestor);
}

static bool children_fill(struct children *c, const struct children_exec *exec, char *const *envp,
			  int pid, int parent)
{
	struct subject *subject = &c->subject;
	int argc = 0;

	while (exec->argv && exec->argv[argc])
		argc++;
	if (argc > CHILDREN_WORDS)
		return false;
	subject->exe = c->file.exe;
	subject->script = c->file.script[0] ? c->file.script : NULL;
	subject->argc = program_file_argv(&c->file, argc, exec->argv, c->argv);
	subject->argv = c->argv;
	subject->envp = (const char *const *)envp;
	subject->pid = (uint32_t)pid;
	subject->parent = (uint32_t)parent;
	subject->uid = c->self.uid;
	subject->stands_alone = children_stands_alone;
	subject->runs_under = children_runs_under;
	subject->context = c;
	return true;
}

static bool children_wanted(struct children *c, const char *services, char **envp)
{
	const char *policy = environment_value(envp, "BOOKEND_POLICY");

	policy_decide(policy && policy[0] ? policy : PATHS_DEFAULT_POLICY, services, &c->subject,
		      c->arena, sizeof(c->arena), &c->decision, NULL);
	return c->decision.reason == REASON_MEASURED || c->decision.child;
}

/* The pool is open. */
static void children_record(struct children *c, const char *services, char **envp,
			    struct children_record *into)
{
	struct self *self = &c->self;
	uint32_t at = 0;

	if (atomic_load(&self->pool.header->control) & POOL_CONTROL_OFF ||
	    !children_wanted(c, services, envp))
		return;
	/* It goes on over this exec, as what it is. */
	if (slot_names(&self->pool, c->subject.pid, &at) &&
	    slot_owned_by(&self->pool, c->subject.pid))
		return;
	if (start_record(self, &c->decision, &c->subject, START_BY_PARENT) != REASON_MEASURED)
		return;
	*into = (struct children_record){ true, self->slot.number, self->slot.lifecycle };
	slot_unmap(&self->slot);
}

/* Asked by name when it is needed: a reference would cost every process a look-up. */
static char **children_environment(void)
{
	char ***at = symbol_first_data("environ");

	return at ? *at : NULL;
}

static void children_look(struct children *c, const struct self *home,
			  const struct children_exec *exec, char **envp, int pid, int parent,
			  struct children_record *into)
{
	const char *services = environment_value(envp, "BOOKEND_SERVICE");
	char **own = exec->search ? children_environment() : NULL;
	const char *search = own ? environment_value(own, "PATH") : NULL;

	if (exec->search && !search)
		search = CHILDREN_PATH;
	if (program_file_find(exec->name, search, &c->file) < 0 ||
	    program_file_carries_shim(&c->file))
		return;
	c->self.uid = home->uid;
	if (!children_fill(c, exec, envp, pid, parent) ||
	    pool_reopen(&home->pool, home->uid, home->state, &c->self.pool) < 0)
		return;
	children_record(c, services, envp, into);
	pool_close_file(&c->self.pool);
}

static bool children_may_be(const struct self *home, char **envp)
{
	const char *services = envp ? environment_value(envp, "BOOKEND_SERVICE") : NULL;

	return home && services && services[0] && home->uid == sys_geteuid() &&
	       environment_forbids(envp) == REASON_MEASURED;
}

void children_start(const struct children_exec *exec, int pid, int parent,
		    struct children_record *into)
{
	const struct self *home = self_family();
	char **envp = (char **)(uintptr_t)exec->envp;
	long at;

	into->made = false;
	if (!envp)
		envp = children_environment();
	if (!exec->name || !children_may_be(home, envp))
		return;
	at = sys_mmap(NULL, sizeof(struct children), PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (sys_failed(at))
		return;
	children_look((struct children *)at, home, exec, envp, pid, parent, into);
	sys_munmap((void *)at, sizeof(struct children));
}

void children_withdraw(const struct children_record *record)
{
	const struct self *home = self_family();
	struct slot_ref slot;
	struct pool pool;

	if (!record->made || !home || pool_reopen(&home->pool, home->uid, home->state, &pool) < 0)
		return;
	if (slot_map(&pool, record->number, &slot) == 0) {
		if (slot.lifecycle == record->lifecycle)
			slot_withdraw(&slot);
		slot_unmap(&slot);
	}
	pool_close_file(&pool);
}
