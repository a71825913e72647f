/*
 * A program that looks at the list of its own threads must find its own ones: those that insist on
 * being alone, as a browser's zygote does, end themselves otherwise, and those that send each
 * thread a signal wait for its answer. The sender thread goes for good, and the helper delivers.
 *
 * The path is looked at when the call has worked, so that it can be read. The names with __ are
 * those of programs that were built before glibc 2.33.
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/sys.h"
#include "shim/lifecycle.h"
#include "shim/self.h"
#include "shim/thread.h"

int __xstat(int version, const char *path, struct stat *into);
int __xstat64(int version, const char *path, struct stat64 *into);
int __fxstatat(int version, int folder, const char *path, struct stat *into, int flags);
int __fxstatat64(int version, int folder, const char *path, struct stat64 *into, int flags);

#define TASKS "/task"

/* Is the component before `end` "self" or our number? */
static bool is_own(const char *path, size_t end)
{
	unsigned pid = (unsigned)sys_getpid(), number = 0, unit = 1;
	size_t at = end;

	while (at > 0 && path[at - 1] != '/')
		at--;
	if (end - at == 4)
		if (!memcmp(path + at, "self", 4))
			return true;
	for (; end > at && path[end - 1] >= '0' && path[end - 1] <= '9' && unit <= 1000000;
	     unit *= 10)
		number += unit * (unsigned)(path[--end] - '0');
	return end == at && number == pid;
}

/* /proc/self/task, /proc/PID/task, or from /proc on. */
static bool is_own_tasks(const char *path)
{
	size_t length;

	/* Declared to be never NULL, and yet it may be, with AT_EMPTY_PATH. */
	__asm__("" : "+r"(path));
	length = path ? strlen(path) : 0;
	while (length > 0 && path[length - 1] == '/')
		length--;
	return length > strlen(TASKS) &&
	       !memcmp(path + length - strlen(TASKS), TASKS, strlen(TASKS)) &&
	       is_own(path, length - strlen(TASKS));
}

/* After a call that worked: was it about our threads, and has one gone? */
static bool tasks_left(const char *path)
{
	struct self *self = is_own_tasks(path) ? self_here() : NULL;

	if (!self || !self->thread)
		return false;
	thread_leave(self, SENDER_COUNTED);
	thread_bar(self);
	return true;
}

/* Once more when it was: it tells how many there are. */
#define TASKS_THROUGH(name, ...)                                                                   \
	do {                                                                                       \
		__typeof__(&name) next = NEXT(name);                                               \
		int rc;                                                                            \
                                                                                                   \
		if (!next) {                                                                       \
			errno = ENOSYS;                                                            \
			return -1;                                                                 \
		}                                                                                  \
		rc = next(__VA_ARGS__);                                                            \
		return rc == 0 && tasks_left(path) ? next(__VA_ARGS__) : rc;                       \
	} while (0)

LIFECYCLE_EXPORT int stat(const char *path, struct stat *into)
{
	TASKS_THROUGH(stat, path, into);
}

LIFECYCLE_EXPORT int stat64(const char *path, struct stat64 *into)
{
	TASKS_THROUGH(stat64, path, into);
}

LIFECYCLE_EXPORT int fstatat(int folder, const char *path, struct stat *into, int flags)
{
	TASKS_THROUGH(fstatat, folder, path, into, flags);
}

LIFECYCLE_EXPORT int fstatat64(int folder, const char *path, struct stat64 *into, int flags)
{
	TASKS_THROUGH(fstatat64, folder, path, into, flags);
}

LIFECYCLE_EXPORT int __xstat(int version, const char *path, struct stat *into)
{
	TASKS_THROUGH(__xstat, version, path, into);
}

LIFECYCLE_EXPORT int __xstat64(int version, const char *path, struct stat64 *into)
{
	TASKS_THROUGH(__xstat64, version, path, into);
}

LIFECYCLE_EXPORT int __fxstatat(int version, int folder, const char *path, struct stat *into,
				int flags)
{
	TASKS_THROUGH(__fxstatat, version, folder, path, into, flags);
}

LIFECYCLE_EXPORT int __fxstatat64(int version, int folder, const char *path, struct stat64 *into,
				  int flags)
{
	TASKS_THROUGH(__fxstatat64, version, folder, path, into, flags);
}

LIFECYCLE_EXPORT DIR *opendir(const char *path)
{
	__typeof__(&opendir) next = NEXT(opendir);
	DIR *folder;

	if (!next) {
		errno = ENOSYS;
		return NULL;
	}
	folder = next(path);
	if (folder) /* what it lists is read later */
		tasks_left(path);
	return folder;
}
