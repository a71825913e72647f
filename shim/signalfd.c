/*
 * Termination signals that the host reads from a signalfd. read(2) is nobody's but libc's until a
 * host makes a signalfd for one of them; then its calls are diverted (hooks/hooks.h), and what it
 * reads looked at. A descriptor's number says nothing, since it may be another file's by now, so
 * what looks like a struct signalfd_siginfo (signalfd(2)) is asked for its file. Any thread.
 *
 * Known limit: readv, a read within libc, by a system call or io_uring are not seen.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/signalfd.h>

#include "base/sys.h"
#include "base/text.h"
#include "hooks/hooks.h"
#include "shim/lifecycle.h"
#include "shim/signals.h"

#define SIGNALFD_NAME "anon_inode:[signalfd]"

static bool signalfd_is(int descriptor)
{
	char link[32], name[sizeof(SIGNALFD_NAME)];
	struct text t = text_init(link, sizeof(link));
	const struct self *self = self_any();

	/* Then nothing may be asked. */
	if (!self || self->confined)
		return self != NULL;
	text_add(&t, "/proc/self/fd/");
	text_add_signed(&t, descriptor);
	return sys_readlinkat(AT_FDCWD, link, name, sizeof(name)) == sizeof(SIGNALFD_NAME) - 1 &&
	       !memcmp(name, SIGNALFD_NAME, sizeof(SIGNALFD_NAME) - 1);
}

/* read(descriptor, bytes, count) has returned; __read_chk() likewise. */
static void signalfd_read(struct hooks_frame *frame)
{
	const struct signalfd_siginfo *info = (const void *)frame->integer[1];
	int64_t bytes = (int64_t)frame->result[0];

	if (bytes <= 0 || bytes % (int64_t)sizeof(*info))
		return;
	for (; bytes > 0; bytes -= (int64_t)sizeof(*info), info++)
		if (signals_watched((int)info->ssi_signo) && signalfd_is((int)frame->integer[0]))
			signals_taken((int)info->ssi_signo);
}

/* Once. */
static void signalfd_divert(void)
{
	static struct hooks_spec spec[2];
	static _Atomic bool begun;
	static const char plain[] = "read", checked[] = "__read_chk",
			  sender[] = "libbookend-sender.so";

	if (atomic_exchange(&begun, true))
		return;
	spec[0] = (struct hooks_spec){ .name = plain, .kind = HOOKS_CALL, .leave = signalfd_read };
	spec[1] =
		(struct hooks_spec){ .name = checked, .kind = HOOKS_CALL, .leave = signalfd_read };
	if (!hooks_add(&spec[0], sender))
		hooks_add(&spec[1], sender);
}

static bool signalfd_matters(const sigset_t *mask)
{
	uint64_t word;

	memcpy(&word, mask, sizeof(word));
	for (int number = 1; number < SELF_SIGNALS; number++)
		if (word >> (number - 1) & 1 && signals_watched(number))
			return true;
	return false;
}

LIFECYCLE_EXPORT int signalfd(int descriptor, const sigset_t *mask, int flags)
{
	__typeof__(&signalfd) next = NEXT(signalfd);
	const struct self *self = self_here();
	int rc, kept;

	if (!next) {
		errno = ENOSYS;
		return -1;
	}
	rc = next(descriptor, mask, flags);
	kept = errno;
	if (rc >= 0 && self && !self->confined && signalfd_matters(mask))
		signalfd_divert();
	errno = kept;
	return rc;
}
