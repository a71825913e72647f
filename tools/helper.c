#include "tools/helper.h"
#include "tools/message.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

void helper_let_go(int keep)
{
	int null = open("/dev/null", O_RDWR);

	for (int fd = 0; null >= 0 && fd <= 2; fd++)
		dup2(null, fd);
	if (keep > 3)
		syscall(SYS_close_range, 3U, (unsigned)keep - 1, 0U);
	if (syscall(SYS_close_range, keep >= 3 ? (unsigned)keep + 1 : 3U, ~0U, 0U) == 0)
		return;
	for (int fd = 3; fd < 1024; fd++)
		if (fd != keep)
			close(fd);
}

/* The program's limits are on us, too; what it could have had we take. */
static void raise_limits(void)
{
	static const int limits[] = { RLIMIT_NOFILE, RLIMIT_DATA, RLIMIT_AS, RLIMIT_STACK,
				      RLIMIT_FSIZE };

	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
		struct rlimit limit;

		if (getrlimit(limits[i], &limit) != 0)
			continue;
		limit.rlim_cur = limit.rlim_max;
		setrlimit(limits[i], &limit);
	}
}

void helper_become(int keep)
{
	sigset_t none;

	message_mute();
	helper_let_go(keep);
	raise_limits();
	signal(SIGHUP, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* A drainer must never compete with the programs it serves; a refusal changes nothing. */
	if (nice(10) == -1)
		errno = 0;
	if (chdir("/") != 0)
		errno = 0;
}

int helper_drop_to(const char *user)
{
	const struct passwd *entry;

	errno = 0;
	entry = getpwnam(user);
	if (!entry)
		return errno ? -errno : -ENOENT;
	if (entry->pw_uid == geteuid())
		return 0;
	if (initgroups(user, entry->pw_gid) != 0 || setgid(entry->pw_gid) != 0 ||
	    setuid(entry->pw_uid) != 0)
		return -errno;
	/* The state directory is that user's own. */
	setenv("HOME", entry->pw_dir, 1);
	unsetenv("XDG_STATE_HOME");
	return 0;
}
