/*
 * The exec family. The owner's state says that an exec is under way: a new image that is measured
 * finds its own pid in the slot and goes on with the lifecycle, or ends it (adopt.h). Kin are gone
 * for the lifecycle. A failed exec takes that back. vfork children, in their parent's memory,
 * change nothing. Any thread, signal handlers.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/sys.h"
#include "shim/children.h"
#include "shim/handover.h"
#include "shim/lifecycle.h"
#include "shim/worker.h"

enum exec_mark { EXEC_NOTHING, EXEC_OWNER, EXEC_KIN };

static enum exec_mark exec_begin(struct self *self)
{
	if (!self || !self_owner(self))
		return EXEC_NOTHING;
	if (self_owns(self) || handover_depart(self))
		return slot_change(&self->slot, (uint32_t)self->pid, CLAIM_RUNNING, CLAIM_EXECUTING)
			       ? EXEC_OWNER
			       : EXEC_NOTHING;
	worker_executes(self);
	return EXEC_KIN;
}

/* What is known of the exec before it. */
struct exec_record {
	struct children_record child; /* the start of what can not write it itself */
	enum children_fate fate;      /* of the owner's lifecycle */
};

static void exec_note(struct self *self, enum exit_reason reason, uint16_t flags)
{
	struct note_facts facts = { .reason = reason,
				    .code = -1,
				    .after_signal = self->last_signal,
				    .pid = (uint32_t)self->pid,
				    .flags = flags,
				    .confined = self->confined };

	slot_note_own(&self->slot, &facts);
}

/* Into a program that can not speak for itself, it may be. */
static void exec_foresee(struct self *self, enum exec_mark mark, const struct children_exec *exec,
			 struct exec_record *record)
{
	*record = (struct exec_record){ .fate = CHILDREN_SPEAKS };
	if (mark == EXEC_OWNER)
		record->fate = children_become(exec, self, &record->child);
	else if (self_family())
		children_start(exec, sys_getpid(), sys_getppid(), &record->child);
	if (record->fate == CHILDREN_ENDS)
		exec_note(self, EXIT_EXEC, 0);
	else if (record->fate == CHILDREN_GOES_ON)
		exec_note(self, EXIT_UNKNOWN, NOTE_GOES_ON);
}

static void exec_failed(struct self *self, enum exec_mark mark, const struct exec_record *record)
{
	children_withdraw(&record->child);
	if (mark == EXEC_OWNER) {
		if (record->fate != CHILDREN_SPEAKS)
			exec_note(self, EXIT_UNKNOWN, 0);
		slot_change(&self->slot, (uint32_t)self->pid, CLAIM_EXECUTING, CLAIM_RUNNING);
	} else if (mark == EXEC_KIN) {
		worker_stays(self);
		handover_return(self);
	}
}

/* The kernel takes NULL for an empty environment. */
static char *const exec_nothing[] = { NULL };

#define EXEC_OF(...) (&(struct children_exec){ __VA_ARGS__ })

/* Raw system calls in between keep the errno of the failed exec. */
#define EXEC_THROUGH(what, name, ...)                                                              \
	do {                                                                                       \
		__typeof__(&name) next = NEXT(name);                                               \
		struct self *self = self_here();                                                   \
		struct exec_record record;                                                         \
		enum exec_mark mark;                                                               \
		int rc;                                                                            \
                                                                                                   \
		if (!next) {                                                                       \
			errno = ENOSYS;                                                            \
			return -1;                                                                 \
		}                                                                                  \
		mark = exec_begin(self);                                                           \
		exec_foresee(self, mark, what, &record);                                           \
		rc = next(__VA_ARGS__);                                                            \
		exec_failed(self, mark, &record);                                                  \
		return rc;                                                                         \
	} while (0)

static int exec_ve(const char *path, char *const argv[], char *const envp[])
{
	EXEC_THROUGH(EXEC_OF(.name = path, .argv = argv, .envp = envp ? envp : exec_nothing),
		     execve, path, argv, envp);
}

LIFECYCLE_EXPORT int execve(const char *path, char *const argv[], char *const envp[])
{
	return exec_ve(path, argv, envp);
}

static int exec_v(const char *path, char *const argv[])
{
	EXEC_THROUGH(EXEC_OF(.name = path, .argv = argv), execv, path, argv);
}

LIFECYCLE_EXPORT int execv(const char *path, char *const argv[])
{
	return exec_v(path, argv);
}

static int exec_vp(const char *file, char *const argv[])
{
	EXEC_THROUGH(EXEC_OF(.name = file, .search = true, .argv = argv), execvp, file, argv);
}

LIFECYCLE_EXPORT int execvp(const char *file, char *const argv[])
{
	return exec_vp(file, argv);
}

LIFECYCLE_EXPORT int execvpe(const char *file, char *const argv[], char *const envp[])
{
	EXEC_THROUGH(EXEC_OF(.name = file, .search = true, .argv = argv,
			     .envp = envp ? envp : exec_nothing),
		     execvpe, file, argv, envp);
}

LIFECYCLE_EXPORT int fexecve(int fd, char *const argv[], char *const envp[])
{
	EXEC_THROUGH(EXEC_OF(.name = "", .argv = argv, .envp = envp ? envp : exec_nothing,
			     .at = true, .descriptor = fd),
		     fexecve, fd, argv, envp);
}

LIFECYCLE_EXPORT int execveat(int dir, const char *path, char *const argv[], char *const envp[],
			      int flags)
{
	EXEC_THROUGH(EXEC_OF(.name = path, .argv = argv, .envp = envp ? envp : exec_nothing,
			     .at = true, .descriptor = dir),
		     execveat, dir, path, argv, envp, flags);
}

/* The words of an argument list: on the caller's stack, or mapped when they are many. */
#define EXEC_FEW 64

struct exec_words {
	char *few[EXEC_FEW];
	char **all;
	size_t mapped;	   /* bytes */
	char *const *envp; /* what followed the list */
};

/* 0, or -1 with errno when there is no memory. */
static int exec_gather(struct exec_words *words, const char *first, va_list *from, bool with_envp)
{
	va_list counting;
	size_t count = 1;

	va_copy(counting, *from);
	while (first && va_arg(counting, char *))
		count++;
	va_end(counting);
	words->all = words->few;
	words->mapped = 0;
	if (count >= EXEC_FEW) {
		long at;

		words->mapped = (count + 1) * sizeof(char *);
		at = sys_mmap(NULL, words->mapped, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (sys_failed(at)) {
			errno = ENOMEM;
			return -1;
		}
		words->all = (char **)at;
	}
	words->all[0] = (char *)(uintptr_t)first;
	for (size_t i = 1; first && i <= count; i++)
		words->all[i] = va_arg(*from, char *);
	words->envp = with_envp ? va_arg(*from, char *const *) : NULL;
	return 0;
}

static int exec_release(struct exec_words *words, int rc)
{
	if (words->mapped)
		sys_munmap(words->all, words->mapped);
	return rc;
}

LIFECYCLE_EXPORT int execl(const char *path, const char *arg, ...)
{
	struct exec_words words;
	va_list list;
	int rc;

	va_start(list, arg);
	rc = exec_gather(&words, arg, &list, false);
	va_end(list);
	return rc < 0 ? rc : exec_release(&words, exec_v(path, words.all));
}

LIFECYCLE_EXPORT int execlp(const char *file, const char *arg, ...)
{
	struct exec_words words;
	va_list list;
	int rc;

	va_start(list, arg);
	rc = exec_gather(&words, arg, &list, false);
	va_end(list);
	return rc < 0 ? rc : exec_release(&words, exec_vp(file, words.all));
}

LIFECYCLE_EXPORT int execle(const char *path, const char *arg, ...)
{
	struct exec_words words;
	va_list list;
	int rc;

	va_start(list, arg);
	rc = exec_gather(&words, arg, &list, true);
	va_end(list);
	return rc < 0 ? rc : exec_release(&words, exec_ve(path, words.all, words.envp));
}
