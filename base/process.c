/*
 * /proc/PID/stat, read and judged. The command name in it is in parentheses and may itself contain
 * anything, so that the fields are counted from the last closing parenthesis (man 5 proc).
 */
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "base/sys.h"
#include "base/text.h"

#define TICK_NS UINT64_C(10000000) /* USER_HZ is 100 on both architectures */

/* A start time is cut to a tick, the clock it is compared with is not; one tick more for rounding
 * in time namespaces. */
#define START_SLACK_NS TICK_NS

/* Numbers of the fields, from 1. */
#define FIELD_STATE   3
#define FIELD_PARENT  4
#define FIELD_THREADS 20
#define FIELD_START   22
#define FIELD_STATUS  52

/* *own: the kernel tells us all of it (ptrace(2), access mode checks), if the process is a zombie.
 */
static int read_stat(int pid, char *into, size_t capacity, bool *own)
{
	char path[32];
	struct text t = text_init(path, sizeof(path));
	struct stat st;
	long length;
	int fd;

	text_add(&t, "/proc/");
	text_add_signed(&t, pid);
	text_add(&t, "/stat");
	fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return fd;
	length = sys_read(fd, into, capacity - 1);
	*own = sys_fstat(fd, &st) == 0 && st.st_uid == sys_geteuid() &&
	       st.st_gid == (unsigned)sys_call(SYS_getegid, 0, 0, 0, 0);
	sys_close(fd);
	if (length < 0)
		return (int)length;
	into[length] = '\0';
	return 0;
}

static uint64_t number_at(const char *s)
{
	uint64_t number = 0;

	for (; *s >= '0' && *s <= '9'; s++)
		number = number * 10 + (uint64_t)(*s - '0');
	return number;
}

/* The field's first byte; `from` is where FIELD_STATE begins. NULL: the line is shorter. */
static const char *field(const char *from, unsigned number)
{
	for (unsigned i = FIELD_STATE; from != NULL && i < number; i++) {
		from = strchr(from, ' ');
		if (from != NULL)
			from++;
	}
	return from;
}

int process_stat(int pid, struct process_stat *into)
{
	char line[512];
	const char *from;
	const char *start;
	const char *status;
	bool own;
	int error = read_stat(pid, line, sizeof(line), &own);

	if (error != 0)
		return error;
	from = strrchr(line, ')');
	if (from == NULL || from[1] != ' ')
		return -ENODATA;
	from += 2;
	start = field(from, FIELD_START);
	if (start == NULL)
		return -ENODATA;
	into->state = *from;
	into->parent = (int)number_at(field(from, FIELD_PARENT));
	into->threads = (int)number_at(field(from, FIELD_THREADS));
	into->start_ns = number_at(start) * TICK_NS;
	status = field(start, FIELD_STATUS - FIELD_START + FIELD_STATE);
	into->status = status != NULL ? (int)number_at(status) : -1;
	/* Whom the kernel does not tell reads 0. */
	if (into->state != 'Z' || (into->status == 0 && !own))
		into->status = -1;
	return 0;
}

static bool is_corpse(const struct process_stat *stat)
{
	return (stat->state == 'Z' || stat->state == 'X') && stat->threads <= 1;
}

int64_t process_namespace(const char *who, const char *which)
{
	char path[64];
	struct text t = text_init(path, sizeof(path));
	struct stat st;
	int error;

	text_add(&t, "/proc/");
	text_add(&t, who);
	text_add(&t, "/ns/");
	text_add(&t, which);
	error = sys_fstatat(AT_FDCWD, path, &st, 0);
	if (error == -ENOENT || error == -ESRCH)
		return 0;
	return error < 0 ? error : (int64_t)st.st_ino;
}

/* In a time namespace that is not ours: what it noted of its times can not be compared. Far from
 * what every start runs. */
static __attribute__((noinline)) bool has_another_clock(int pid)
{
	char who[16];
	struct text t = text_init(who, sizeof(who));
	int64_t clock;

	text_add_signed(&t, pid);
	clock = process_namespace(who, "time");
	return clock > 0 && clock != process_namespace("self", "time");
}

enum process_life process_end(int pid, uint64_t seen_ns, int *status)
{
	struct process_stat stat;

	*status = PROCESS_GONE;
	/* First the kernel's own answer: it is the cheaper one, and no /proc, or one that hides
	 * processes, says the same as death. */
	if (sys_kill(pid, 0) == -ESRCH)
		return PROCESS_DEAD;
	if (process_stat(pid, &stat) != 0)
		return PROCESS_UNKNOWN;
	if (stat.start_ns > seen_ns && stat.start_ns - seen_ns > START_SLACK_NS)
		return has_another_clock(pid) ? PROCESS_UNKNOWN : PROCESS_DEAD;
	*status = stat.status;
	return is_corpse(&stat) ? PROCESS_DEAD : PROCESS_ALIVE;
}

enum process_life process_life(int pid, uint64_t seen_ns)
{
	int status;

	return process_end(pid, seen_ns, &status);
}

uint64_t process_proc_device(void)
{
	char link[16];
	long length = sys_readlinkat(AT_FDCWD, "/proc/self", link, sizeof(link) - 1);
	struct stat st;

	if (length <= 0)
		return 0;
	link[length] = '\0';
	if (number_at(link) != (uint64_t)sys_getpid() ||
	    sys_fstatat(AT_FDCWD, "/proc", &st, 0) != 0)
		return 0;
	return st.st_dev;
}

uint64_t process_pid_namespace(void)
{
	struct stat st;

	return sys_fstatat(AT_FDCWD, "/proc/self/ns/pid", &st, 0) == 0 ? st.st_ino : 0;
}
