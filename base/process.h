/*
 * What /proc says about a process, read with raw system calls into the caller's stack (under 1
 * KiB). Any thread, any world, but never on a hook path: it does file I/O.
 */
#ifndef BOOKEND_BASE_PROCESS_H
#define BOOKEND_BASE_PROCESS_H

#include <stdint.h>

struct process_stat {
	char state; /* R S D T Z X ... (man 5 proc) */
	int parent;
	int threads;
	uint64_t start_ns; /* since boot, on CLOCK_BOOTTIME, in steps of 10 ms */
	int status; /* as wait(2) will give it, of a zombie; -1: the kernel does not tell us */
};

/* 0, or -errno: -ESRCH and -ENOENT mean that there is no such process. */
int process_stat(int pid, struct process_stat *into);

enum process_life { PROCESS_DEAD, PROCESS_ALIVE, PROCESS_UNKNOWN };

/*
 * Is the process that was seen alive under this pid at boot time seen_ns still there? Dead: no such
 * pid, or the pid started later, or a zombie with no other thread. Anything that could not be
 * looked at is unknown, and so is who has another clock than we (time_namespaces(7)) and would have
 * started later.
 */
enum process_life process_life(int pid, uint64_t seen_ns);

/* The same, and of a zombie its status; PROCESS_GONE when there is no such process any more. */
#define PROCESS_GONE (-2)
enum process_life process_end(int pid, uint64_t seen_ns, int *status);

/*
 * The device number of /proc, if that shows this process under its own pid; else 0. Each pid
 * namespace has a /proc of its own, so two processes with the same number mean the same by a pid.
 */
uint64_t process_proc_device(void);

/* The inode behind /proc/WHO/ns/WHICH; 0: no such process, or no such namespace; or -errno. */
int64_t process_namespace(const char *who, const char *which);

/* The inode of /proc/self/ns/pid, or 0 when it can not be had. */
uint64_t process_pid_namespace(void);

#endif
