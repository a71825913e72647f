"""A small program that tells what it was started with: signals, descriptors, limits, arguments and environment, in one write;
its exit status is its first argument. What only Bookend's own variables differ in is left out."""

import support

TEXT = r"""
#define _GNU_SOURCE
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
extern char **environ;
static char said[1 << 16];
static size_t end;
#define SAY(...) (end += snprintf(said + end, sizeof(said) - end, __VA_ARGS__))
static void descriptors(void)
{
	for (int fd = 0; fd < 1024; fd++) {
		char name[64], what[4096] = "";
		if (fcntl(fd, F_GETFD) < 0)
			continue;
		snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
		if (readlink(name, what, sizeof(what) - 1) < 0)
			continue;
		for (char *c = what; *c; c++)
			*c = isdigit(*c) ? 'N' : *c;
		SAY("fd %d %s %x\n", fd, what, fcntl(fd, F_GETFL));
	}
}
static void status(void)
{
	static const char *const told[] = { "Umask", "SigPnd", "SigBlk", "SigIgn", "SigCgt", "Threads", "Seccomp:", "NoNewPrivs" };
	FILE *f = fopen("/proc/self/status", "re");
	char line[512];
	while (fgets(line, sizeof(line), f))
		for (int i = 0; i < 8; i++)
			if (!strncmp(line, told[i], strlen(told[i])))
				SAY("%s", line);
	fclose(f);
}
int main(int argc, char **argv)
{
	struct rlimit files;
	descriptors();
	status();
	getrlimit(RLIMIT_NOFILE, &files);
	SAY("files %llu nice %d leader %d group %d\n", (unsigned long long)files.rlim_cur, getpriority(PRIO_PROCESS, 0),
	    getsid(0) == getpid(), getpgrp() == getpid());
	for (int i = 1; i < argc; i++)
		SAY("argument %s\n", argv[i]);
	for (char **e = environ; *e; e++)
		if (strncmp(*e, "LD_PRELOAD=", 11) && strncmp(*e, "BOOKEND_", 8))
			SAY("env %s\n", *e);
	write(1, said, end);
	return argc > 1 ? atoi(argv[1]) : 0;
}
"""


def probe(folder, *flags, name="probe"):
    """The compiled program, of that name; flags: -static, for one that can not carry Bookend."""
    return support.compile_c(folder, TEXT, name=name, flags=flags)
