/*
 * /proc is listed in the order of pids, so that a process that lives all the while is in the list.
 * The inodes of the initial namespaces are constants of the kernel's interface to user space.
 */
#include "base/foreign.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "base/sys.h"
#include "base/text.h"

#define INITIAL_PID_NAMESPACE INT64_C(0xeffffffc)
#define STATUS_BYTES	      2048 /* the line that we want is among the first */

/* What getdents64(2) gives. */
struct entry {
	uint64_t inode;
	int64_t offset;
	uint16_t length;
	uint8_t type;
	char name[];
};

static int number(const char *digits)
{
	int value = 0;

	for (; *digits >= '0' && *digits <= '9'; digits++)
		value = value * 10 + (*digits - '0');
	return value;
}

/* Its number in its own namespace, the last one in the line; 0: none but ours, or it is gone; or
 * -errno. */
static int inner_pid(const char *who)
{
	char path[32], line[STATUS_BYTES];
	struct text t = text_init(path, sizeof(path));
	char *found, *end;
	long length;
	int fd;

	text_add(&t, "/proc/");
	text_add(&t, who);
	text_add(&t, "/status");
	fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	length = sys_read(fd, line, sizeof(line) - 1);
	sys_close(fd);
	if (length < 0)
		return length == -ESRCH ? 0 : (int)length;
	line[length] = '\0';
	found = strstr(line, "\nNSpid:\t");
	end = found != NULL ? strchr(found + 1, '\n') : NULL;
	if (end == NULL)
		return -ENODATA;
	*end = '\0';
	found = strchr(found, '\t') + 1;
	end = strrchr(found, '\t');
	return end != NULL ? number(end + 1) : 0;
}

struct search {
	uint64_t pid_namespace;
	int pid;
	int outer;    /* found */
	bool blurred; /* something could not be looked at */
};

static void look_at(struct search *search, const char *who)
{
	int inner = inner_pid(who);
	int64_t inode = inner == search->pid ? process_namespace(who, "pid") : 0;

	search->blurred |= inner < 0 || inode < 0;
	if (inode <= 0 || (uint64_t)inode != search->pid_namespace)
		return;
	search->outer = number(who);
	/* Of another clock nothing can be compared. */
	search->blurred |= process_namespace(who, "time") != process_namespace("self", "time");
}

static void look_at_all(struct search *search)
{
	uint64_t buffer[256];
	int fd = sys_openat(AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	long length = fd;

	while (fd >= 0 && search->outer == 0 &&
	       (length = sys_call(SYS_getdents64, fd, buffer, sizeof(buffer), 0)) > 0) {
		const struct entry *entry;

		for (long at = 0; at < length; at += entry->length) {
			entry = (const struct entry *)((const char *)buffer + at);
			if (number(entry->name) > 0)
				look_at(search, entry->name);
		}
	}
	search->blurred |= length < 0;
	if (fd >= 0)
		sys_close(fd);
}

enum process_life foreign_end(uint64_t pid_namespace, int pid, uint64_t seen_ns, int *status)
{
	struct search search = { .pid_namespace = pid_namespace, .pid = pid };
	struct stat st;

	*status = PROCESS_GONE;
	/* Where /proc hides processes (hidepid), it hides PID 1 before others. */
	if (process_namespace("self", "pid") != INITIAL_PID_NAMESPACE ||
	    process_proc_device() == 0 || sys_fstatat(AT_FDCWD, "/proc/1/status", &st, 0) != 0)
		return PROCESS_UNKNOWN;
	look_at_all(&search);
	if (search.blurred)
		return PROCESS_UNKNOWN;
	return search.outer != 0 ? process_end(search.outer, seen_ns, status) : PROCESS_DEAD;
}
