/*
 * The decision is made as the constructor makes it, from the environment that the child gets. All
 * of its memory is one mapping, gone before the exec: a vforked child runs in its parent's memory.
 */
#include "shim/children.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#include "base/program_file.h"
#include "base/sys.h"
#include "base/text.h"
#include "hooks/symbol.h"
#include "policy/decide.h"
#include "shim/adopt.h"
#include "shim/ancestor.h"
#include "shim/environment.h"
#include "shim/self.h"
#include "shim/start.h"
#include "shim/subject.h"

#define CHILDREN_WORDS 2048	       /* with more it is not looked at */
#define CHILDREN_PATH  "/bin:/usr/bin" /* execvp(3), when there is no PATH */

struct children {
	struct self self;      /* for start_record(): pool, slot, pid, uid, waiter */
	const struct self *us; /* who becomes it; NULL: a child does */
	char name[PATHS_MAX];
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

	return c->us || !subject_has_measured_parent(subject, &c->self.pool);
}

static bool children_runs_under(const struct subject *subject, uint32_t service,
				const uint8_t image[16])
{
	struct children *c = subject->context;

	return ancestor_find(&c->self.pool, &c->subject, service, image, &c->ancestor);
}

static bool children_fill(struct children *c, const struct children_exec *exec, char **envp,
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

static void children_record(struct children *c, struct children_record *into)
{
	struct self *self = &c->self;

	if (start_record(self, &c->decision, &c->subject, START_BY_PARENT) != REASON_MEASURED)
		return;
	*into = (struct children_record){ true, self->slot.number, self->slot.lifecycle };
	slot_unmap(&self->slot);
}

/* It goes on over this exec, as what the launcher claimed for it. A worker does not. */
static bool children_is_owner(struct children *c)
{
	struct start_block start;
	struct slot_ref slot;
	bool worker;

	if (slot_find(&c->self.pool, c->subject.pid, 0, &slot) < 0)
		return false;
	worker = slot_read_start(&slot, &start, NULL, 0) == 0 && start.flags & START_WORKER;
	slot_unmap(&slot);
	return !worker;
}

static void children_new(struct children *c, const char *services, char **envp,
			 struct children_record *into)
{
	if (children_wanted(c, services, envp) && !children_is_owner(c))
		children_record(c, into);
}

/* As adopt.h, which the program can not do for itself. */
static enum children_fate children_same(struct children *c, const char *services, char **envp,
					struct children_record *into)
{
	bool wanted = children_wanted(c, services, envp);
	struct start_block start;

	if (slot_read_start(&c->us->slot, &start, NULL, 0) < 0)
		return CHILDREN_SPEAKS;
	if (!c->file.secure && adopt_same(&start, c->self.uid, &c->decision))
		return CHILDREN_GOES_ON;
	if (wanted)
		children_record(c, into);
	return CHILDREN_ENDS;
}

/* Asked by name when it is needed: a reference would cost every process a look-up. */
static char **children_environment(void)
{
	char ***at = symbol_first_data("environ");

	return at ? *at : NULL;
}

/* The path that the kernel will open; NULL: it is too long. */
static const char *children_name(struct children *c, const struct children_exec *exec)
{
	struct text t = text_init(c->name, sizeof(c->name));

	if (!exec->at || exec->name[0] == '/' || (exec->name[0] && exec->descriptor == AT_FDCWD))
		return exec->name;
	text_add(&t, "/proc/self/fd/");
	text_add_signed(&t, exec->descriptor);
	text_add(&t, exec->name[0] ? "/" : "");
	text_add(&t, exec->name);
	return t.truncated ? NULL : c->name;
}

/* Into c->file; false: it is not there, or carries the shim. */
static bool children_find(struct children *c, const struct children_exec *exec)
{
	char **own = exec->search ? children_environment() : NULL;
	const char *search = own ? environment_value(own, "PATH") : NULL;
	const char *name = children_name(c, exec);

	if (exec->search && !search)
		search = CHILDREN_PATH;
	return name && program_file_find(name, search, &c->file) == 0 &&
	       !program_file_carries_shim(&c->file);
}

static enum children_fate children_look(struct children *c, const struct self *home,
					const struct children_exec *exec, char **envp, int pid,
					int parent, struct children_record *into)
{
	const char *services = environment_value(envp, "BOOKEND_SERVICE");
	enum children_fate fate = CHILDREN_SPEAKS;

	c->self.uid = home->uid;
	if (!children_find(c, exec) || !children_fill(c, exec, envp, pid, parent) ||
	    pool_reopen(&home->pool, home->uid, home->state, &c->self.pool) < 0)
		return CHILDREN_SPEAKS;
	if (c->us)
		fate = children_same(c, services, envp, into);
	else if (!(atomic_load(&c->self.pool.header->control) & POOL_CONTROL_OFF))
		children_new(c, services, envp, into);
	pool_close_file(&c->self.pool);
	return fate;
}

static bool children_may_be(const struct self *home, char **envp)
{
	const char *services = envp ? environment_value(envp, "BOOKEND_SERVICE") : NULL;

	return home && services && services[0] && home->uid == sys_geteuid() &&
	       environment_forbids(envp) == REASON_MEASURED;
}

static struct children *children_memory(void)
{
	long at = sys_mmap(NULL, sizeof(struct children), PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return sys_failed(at) ? NULL : (struct children *)at;
}

static char **children_envp(const struct children_exec *exec)
{
	return exec->envp ? (char **)(uintptr_t)exec->envp : children_environment();
}

void children_start(const struct children_exec *exec, int pid, int parent,
		    struct children_record *into)
{
	const struct self *home = self_family();
	char **envp = children_envp(exec);
	struct children *c;

	into->made = false;
	if (!exec->name || !children_may_be(home, envp))
		return;
	c = children_memory();
	if (!c)
		return;
	children_look(c, home, exec, envp, pid, parent, into);
	sys_munmap(c, sizeof(*c));
}

/* The loader will bring the shim, if the program lets it. */
static bool children_are_told(char **envp)
{
	static const char shim[] = "libbookend";
	const char *at = environment_value(envp, "LD_PRELOAD");

	while (at && *at && strncmp(at, shim, sizeof(shim) - 1) != 0)
		at++;
	return at && *at;
}

enum children_fate children_become(const struct children_exec *exec, const struct self *self,
				   struct children_record *into)
{
	uint32_t waiter = atomic_load(&self->slot.slot->waiter);
	char **envp = children_envp(exec);
	enum children_fate fate;
	struct children *c;

	into->made = false;
	if (self->confined || !exec->name || !envp)
		return CHILDREN_SPEAKS;
	if (self->uid != sys_geteuid())
		return CHILDREN_ENDS;
	/* The launcher tells of whatever becomes of its child. */
	if (!children_may_be(self, envp) || !children_are_told(envp))
		return waiter && !(waiter & WAITER_PARENT) ? CHILDREN_GOES_ON : CHILDREN_ENDS;
	c = children_memory();
	if (!c)
		return CHILDREN_SPEAKS;
	c->us = self;
	c->self.waiter = waiter;
	fate = children_look(c, self, exec, envp, self->pid, sys_getppid(), into);
	sys_munmap(c, sizeof(*c));
	return fate;
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
