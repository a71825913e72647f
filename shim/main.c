/*
 * __libc_start_main, which every dynamic program's _start calls (System V ABI, and glibc since
 * ever): the last moment before the host's own code, and the one at which its exit can be given
 * something to do before its destructors run. Passed on as it is in every process that has no
 * sender thread.
 */
#include <stdatomic.h>
#include <stddef.h>

#include "base/sys.h"
#include "shim/lifecycle.h"
#include "shim/thread.h"

typedef int (*main_fn)(int argc, char **argv, char **envp);
typedef void (*main_end_fn)(void);

/* Of glibc's csu/libc-start.c; init and fini are NULL since 2.34. */
int __libc_start_main(main_fn main, int argc, char **argv, main_fn init, main_end_fn fini,
		      main_end_fn rtld_fini, void *stack_end);

static main_fn main_of_host;
static main_end_fn main_rtld_fini;

/* Destructors of everything that is loaded, by the loader: the last of the exit handlers but ours.
 */
static void main_fini(void)
{
	thread_finish(self_here());
	thread_at_end();
	main_rtld_fini();
}

static int main_begin(int argc, char **argv, char **envp)
{
	thread_begin(self_here());
	return main_of_host(argc, argv, envp);
}

LIFECYCLE_EXPORT int __libc_start_main(main_fn main, int argc, char **argv, main_fn init,
				       main_end_fn fini, main_end_fn rtld_fini, void *stack_end)
{
	__typeof__(&__libc_start_main) next = NEXT(__libc_start_main);
	struct self *self = self_any();

	if (!next)
		sys_call(SYS_exit_group, 127, 0, 0, 0);
	if (self && self->thread) {
		main_of_host = main;
		main = main_begin;
		if (rtld_fini) {
			main_rtld_fini = rtld_fini;
			rtld_fini = main_fini;
		}
	}
	return next(main, argc, argv, init, fini, rtld_fini, stack_end);
}
