/*
 * The wait family: what a measured process learns of its children when it waits for them, code and
 * signal, goes into the child's slot as its waiter's note, because a killed child can not write it:
 * one event, not two. Any thread, signal handlers.
 *
 * Nothing is looked at but the claim words, which are mapped, unless one of them names the child.
 * Then its slot is mapped for a moment. Only raw system calls follow the host's own call, so errno
 * stays. Vfork children and strangers (self.h) pass straight through: the parent waits as itself.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/sys.h"
#include "shim/lifecycle.h"
#include "shim/self.h"

/*
 * Is it our child's lifecycle, and not that of a former process with its pid? A former child of
 * ours with that pid was waited for, and has its note.
 */
static bool waits_is_child(const struct self *self, const struct slot_ref *slot)
{
	struct start_block start;

	return slot_read_start(slot, &start, NULL, 0) == 0 && start.parent == (uint32_t)self->pid &&
	       start.pid_namespace == pool_pid_namespace(slot->pool);
}

static void waits_note_slot(struct self *self, struct slot_ref *slot, int pid, int status)
{
	struct note_facts facts = {
		.reason = WIFSIGNALED(status) ? EXIT_SIGNAL : EXIT_EXIT,
		.code = WIFSIGNALED(status) ? -1 : WEXITSTATUS(status),
		.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
		.pid = (uint32_t)pid,
	};

	if (waits_is_child(self, slot))
		slot_note_waited(slot, &facts);
}

static void waits_note_all(struct self *self, uint32_t at, int pid, int status)
{
	struct pool pool;

	if (pool_reopen(&self->pool, self->uid, self->state, &pool) < 0)
		return;
	for (; slot_names(&pool, (uint32_t)pid, &at); at++) {
		struct slot_ref slot;

		if (slot_map(&pool, at, &slot) < 0)
			break;
		waits_note_slot(self, &slot, pid, status);
		slot_unmap(&slot);
	}
	pool_close_file(&pool);
}

static void waits_note(int pid, int status)
{
	struct self *self = pid > 0 ? self_family() : NULL;
	uint32_t at = 0;

	if (self && self->pid == sys_getpid() && (WIFEXITED(status) || WIFSIGNALED(status)) &&
	    slot_names(&self->pool, (uint32_t)pid, &at))
		waits_note_all(self, at, pid, status);
}

/* The host's own status word where it gave one: whether it may be written is the kernel's to say.
 */
#define WAITS_THROUGH(name, status, ...)                                                           \
	do {                                                                                       \
		__typeof__(&name) next = NEXT(name);                                               \
		int own = 0, pid;                                                                  \
		int *told = (status) ? (status) : &own;                                            \
                                                                                                   \
		if (!next) {                                                                       \
			errno = ENOSYS;                                                            \
			return -1;                                                                 \
		}                                                                                  \
		pid = next(__VA_ARGS__);                                                           \
		if (pid > 0)                                                                       \
			waits_note(pid, *told);                                                    \
		return pid;                                                                        \
	} while (0)

LIFECYCLE_EXPORT pid_t wait(int *status)
{
	WAITS_THROUGH(wait, status, told);
}

LIFECYCLE_EXPORT pid_t waitpid(pid_t which, int *status, int options)
{
	WAITS_THROUGH(waitpid, status, which, told, options);
}

LIFECYCLE_EXPORT pid_t wait3(int *status, int options, struct rusage *usage)
{
	WAITS_THROUGH(wait3, status, told, options, usage);
}

LIFECYCLE_EXPORT pid_t wait4(pid_t which, int *status, int options, struct rusage *usage)
{
	WAITS_THROUGH(wait4, status, which, told, options, usage);
}

/* As wait(2) would have put it; 0x7f, stopped, for what is no end. */
static int waits_status(const siginfo_t *info)
{
	switch (info->si_code) {
	case CLD_EXITED:
		return (info->si_status & 0xff) << 8;
	case CLD_KILLED:
	case CLD_DUMPED:
		return info->si_status & 0x7f;
	default:
		return 0x7f;
	}
}

LIFECYCLE_EXPORT int waitid(idtype_t type, id_t which, siginfo_t *info, int options)
{
	__typeof__(&waitid) next = NEXT(waitid);
	siginfo_t own;
	siginfo_t *told = info ? info : &own;
	int rc;

	if (!next) {
		errno = ENOSYS;
		return -1;
	}
	own.si_pid = 0;
	rc = next(type, which, told, options);
	if (rc == 0 && told->si_pid > 0)
		waits_note(told->si_pid, waits_status(told));
	return rc;
}
