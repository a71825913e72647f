/*
 * Raw system calls: they return a value or -errno and never touch the host's errno, so that they
 * are safe before libc is initialised, in a signal handler and in a vfork child. Any thread, any
 * world. Names and arguments are those of the kernel's calls (man 2).
 */
#ifndef BOOKEND_BASE_SYS_H
#define BOOKEND_BASE_SYS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "syscall.h" /* base/arch/ARCH: long sys_call6(long number, long a, ... long f) */

#define sys_call(number, a, b, c, d)                                                               \
	sys_call6((number), (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)

static inline int sys_openat(int dir, const char *path, int flags, unsigned mode)
{
	return (int)sys_call(SYS_openat, dir, path, flags, mode);
}

static inline int sys_close(int fd)
{
	return (int)sys_call(SYS_close, fd, 0, 0, 0);
}

static inline long sys_read(int fd, void *into, size_t bytes)
{
	return sys_call(SYS_read, fd, into, bytes, 0);
}

static inline long sys_pread(int fd, void *into, size_t bytes, uint64_t offset)
{
	return sys_call(SYS_pread64, fd, into, bytes, offset);
}

static inline long sys_write(int fd, const void *from, size_t bytes)
{
	return sys_call(SYS_write, fd, from, bytes, 0);
}

static inline long sys_pwrite(int fd, const void *from, size_t bytes, uint64_t offset)
{
	return sys_call(SYS_pwrite64, fd, from, bytes, offset);
}

static inline int sys_fstat(int fd, struct stat *into)
{
	return (int)sys_call(SYS_fstat, fd, into, 0, 0);
}

static inline int sys_fstatat(int dir, const char *path, struct stat *into, int flags)
{
	return (int)sys_call(SYS_newfstatat, dir, path, into, flags);
}

static inline int sys_mkdirat(int dir, const char *path, unsigned mode)
{
	return (int)sys_call(SYS_mkdirat, dir, path, mode, 0);
}

static inline int sys_linkat(int from_dir, const char *from, int to_dir, const char *to)
{
	return (int)sys_call6(SYS_linkat, from_dir, (long)from, to_dir, (long)to, 0, 0);
}

static inline int sys_unlinkat(int dir, const char *path, int flags)
{
	return (int)sys_call(SYS_unlinkat, dir, path, flags, 0);
}

static inline long sys_readlinkat(int dir, const char *path, char *into, size_t bytes)
{
	return sys_call(SYS_readlinkat, dir, path, into, bytes);
}

/* The address, or -errno as a small negative number: test it with sys_failed(). */
static inline long sys_mmap(void *at, size_t bytes, int prot, int flags, int fd, uint64_t offset)
{
	return sys_call6(SYS_mmap, (long)at, (long)bytes, prot, flags, fd, (long)offset);
}

static inline int sys_munmap(void *at, size_t bytes)
{
	return (int)sys_call(SYS_munmap, at, bytes, 0, 0);
}

static inline int sys_failed(long result)
{
	return (unsigned long)result >= (unsigned long)-4095L;
}

static inline int sys_getpid(void)
{
	return (int)sys_call(SYS_getpid, 0, 0, 0, 0);
}

static inline int sys_getppid(void)
{
	return (int)sys_call(SYS_getppid, 0, 0, 0, 0);
}

static inline int sys_gettid(void)
{
	return (int)sys_call(SYS_gettid, 0, 0, 0, 0);
}

static inline unsigned sys_geteuid(void)
{
	return (unsigned)sys_call(SYS_geteuid, 0, 0, 0, 0);
}

static inline int sys_kill(int pid, int signal)
{
	return (int)sys_call(SYS_kill, pid, signal, 0, 0);
}

#endif
