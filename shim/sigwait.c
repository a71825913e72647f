/*
 * sigwait and its kin: a server whose thread takes its termination signals so has no handler that
 * could see them. Any thread; each is a cancellation point, as libc's own.
 */
#include <signal.h>

#include "shim/lifecycle.h"
#include "shim/signals.h"

LIFECYCLE_EXPORT int sigwait(const sigset_t *restrict set, int *restrict number)
{
	int error = NEXT(sigwait)(set, number);

	if (!error)
		signals_taken(*number);
	return error;
}

LIFECYCLE_EXPORT int sigwaitinfo(const sigset_t *restrict set, siginfo_t *restrict info)
{
	int number = NEXT(sigwaitinfo)(set, info);

	signals_taken(number);
	return number;
}

LIFECYCLE_EXPORT int sigtimedwait(const sigset_t *restrict set, siginfo_t *restrict info,
				  const struct timespec *restrict timeout)
{
	int number = NEXT(sigtimedwait)(set, info, timeout);

	signals_taken(number);
	return number;
}
