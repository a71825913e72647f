/*
 * Control flow that goes past a hook's frame, and stacks of all sorts.
 */
#include "cases.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "callee.h"

static jmp_buf jump;

static void jump_out(void *context)
{
	longjmp(*(jmp_buf *)context, 7);
}

void case_longjmp(void)
{
	for (int i = 0; i < 3; i++) {
		int value = setjmp(jump);

		if (value == 0)
			callee_back(jump_out, &jump);
		CHECK(value == 7);
	}
	CHECK(callee_add(1, 2) == 3);
}

static volatile sig_atomic_t handled;

static void handler(int signal)
{
	(void)signal;
	if (callee_add(20, 22) == 42)
		handled++;
}

void case_signal(void)
{
	struct itimerval often = { { 0, 200 }, { 0, 200 } }, never = { { 0, 0 }, { 0, 0 } };
	long calls = 0;

	signal(SIGALRM, handler);
	setitimer(ITIMER_REAL, &often, NULL);
	for (; handled < 100; calls++)
		CHECK(callee_add((int)(calls & 0xff), 1) == (int)(calls & 0xff) + 1);
	setitimer(ITIMER_REAL, &never, NULL);
	fprintf(stderr, "%ld\n", calls + handled);
}

static sigjmp_buf out;

static void jump_out_of_handler(int signal)
{
	(void)signal;
	siglongjmp(out, 1);
}

/* Out of the midst of everything, hooks' routines included. */
void case_signal_longjmp(void)
{
	struct itimerval soon = { { 0, 0 }, { 0, 100 } };

	signal(SIGALRM, jump_out_of_handler);
	for (int i = 0; i < 200; i++) {
		if (sigsetjmp(out, 1))
			continue;
		setitimer(ITIMER_REAL, &soon, NULL);
		for (;;)
			CHECK(callee_add(i, 1) == i + 1);
	}
	CHECK(callee_add(1, 2) == 3);
}

static void *add_often(void *context)
{
	for (int i = 0; i < 100000; i++)
		if (callee_add(i, 1) != i + 1)
			return NULL;
	return context;
}

void case_threads(void)
{
	pthread_t thread[4];
	void *result;

	for (int i = 0; i < 4; i++)
		CHECK(pthread_create(&thread[i], NULL, add_often, &thread[i]) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(pthread_join(thread[i], &result) == 0 && result == &thread[i]);
}

static int cleaned;

static void clean(void *context)
{
	cleaned += *(int *)context;
}

static void end_thread(void *context)
{
	pthread_exit(context);
}

static void *thread_that_ends(void *context)
{
	int one = 1;

	pthread_cleanup_push(clean, &one);
	callee_back(end_thread, context);
	pthread_cleanup_pop(0);
	return NULL;
}

static void *thread_that_waits(void *context)
{
	int ten = 10;

	pthread_cleanup_push(clean, &ten);
	pthread_barrier_wait(context);
	for (;;)
		pause();
	pthread_cleanup_pop(0);
	return NULL;
}

void case_thread_end(void)
{
	pthread_barrier_t barrier;
	pthread_t thread;
	void *result;

	pthread_barrier_init(&barrier, NULL, 2);
	CHECK(pthread_create(&thread, NULL, thread_that_ends, &barrier) == 0);
	CHECK(pthread_join(thread, &result) == 0 && result == &barrier);
	CHECK(pthread_create(&thread, NULL, thread_that_waits, &barrier) == 0);
	pthread_barrier_wait(&barrier);
	CHECK(pthread_cancel(thread) == 0);
	CHECK(pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED);
	CHECK(cleaned == 11);
}

#define STACK 8192

/* A stack with a page behind it, and one in front, that nobody can read. */
static char *guarded_stack(void)
{
	char *at = mmap(NULL, STACK + 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(at != MAP_FAILED && mprotect(at + 4096, STACK, PROT_READ | PROT_WRITE) == 0);
	return at + 4096;
}

static ucontext_t home, coroutine;
static int coroutine_sum;

static void coroutine_main(void)
{
	coroutine_sum = callee_add(1, 2);
	swapcontext(&coroutine, &home);
	coroutine_sum += (int)callee_eight(1, 1, 1, 1, 1, 1, 1, 1);
}

void case_coroutine(void)
{
	CHECK(getcontext(&coroutine) == 0);
	coroutine.uc_stack.ss_sp = guarded_stack();
	coroutine.uc_stack.ss_size = STACK;
	coroutine.uc_link = &home;
	makecontext(&coroutine, coroutine_main, 0);
	swapcontext(&home, &coroutine);
	CHECK(coroutine_sum == 3);
	swapcontext(&home, &coroutine);
	CHECK(coroutine_sum == 39);
}

static void leave_thread(void *context)
{
	ucontext_t **pair = context;

	swapcontext(pair[0], pair[1]);
}

static ucontext_t *pair[2] = { &coroutine, &home }, end;

static void moving_main(void)
{
	callee_back(leave_thread, pair);
	coroutine_sum = callee_fail(33);
}

static void *resume(void *context)
{
	swapcontext(&end, &coroutine);
	return context;
}

/* A call that begins in one thread and ends in another. */
void case_moving_coroutine(void)
{
	pthread_t thread;
	void *result;

	CHECK(getcontext(&coroutine) == 0);
	coroutine.uc_stack.ss_sp = guarded_stack();
	coroutine.uc_stack.ss_size = STACK;
	coroutine.uc_link = &end;
	makecontext(&coroutine, moving_main, 0);
	swapcontext(&home, &coroutine);
	CHECK(pthread_create(&thread, NULL, resume, &thread) == 0);
	CHECK(pthread_join(thread, &result) == 0 && result == &thread);
	CHECK(coroutine_sum == -1);
}

/* The smallest stack for signals that the machine allows, with room for the handler's own frame. */
void case_small_stack(void)
{
	size_t least = (size_t)sysconf(_SC_MINSIGSTKSZ) + 1024;
	struct sigaction action = { 0 };
	stack_t stack = { 0 };
	char *memory = guarded_stack();

	CHECK(callee_add(1, 1) == 2); /* binding it lazily takes more stack than that */
	CHECK(least <= STACK);
	stack.ss_sp = memory;
	stack.ss_size = least < 2048 ? 2048 : least;
	CHECK(sigaltstack(&stack, NULL) == 0);
	action.sa_handler = handler;
	action.sa_flags = SA_ONSTACK;
	CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
	for (int i = 0; i < 10; i++)
		raise(SIGUSR1);
	CHECK(handled == 10);
}

void case_fork(void)
{
	int status;
	pid_t child;

	fflush(stdout);
	callee_add(1, 1);
	child = fork();
	if (child == 0) {
		for (int i = 0; i < 10; i++)
			CHECK(callee_add(i, 1) == i + 1);
		_exit(0);
	}
	CHECK(waitpid(child, &status, 0) == child && status == 0);
	callee_add(1, 1);
}

/* No handler of libc's runs in such a child, and it counts at the same time as its parent. */
void case_raw_fork(void)
{
	int status;
	pid_t child;

	callee_add(1, 1);
	child = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	for (int i = 0; i < 20000; i++)
		CHECK(callee_add(i, 1) == i + 1);
	if (child == 0)
		syscall(SYS_exit_group, 0);
	CHECK(waitpid(child, &status, 0) == child && status == 0);
}

static void *add_some(void *context)
{
	for (int i = 0; i < 2000; i++)
		if (callee_add(i, 1) != i + 1)
			return NULL;
	return context;
}

/* More than there are shards. */
void case_many_threads(void)
{
	pthread_t thread[20];
	void *result;

	for (int i = 0; i < 20; i++)
		CHECK(pthread_create(&thread[i], NULL, add_some, &thread[i]) == 0);
	for (int i = 0; i < 20; i++)
		CHECK(pthread_join(thread[i], &result) == 0 && result == &thread[i]);
}

void case_vfork(void)
{
	volatile int in_child = 0;
	int status;
	pid_t child = vfork();

	if (child == 0) {
		for (int i = 0; i < 10; i++)
			in_child += callee_add(i, 1) == i + 1;
		_exit(in_child == 10 ? 0 : 1);
	}
	CHECK(waitpid(child, &status, 0) == child && status == 0);
	CHECK(in_child == 10);
	callee_add(1, 1);
}

/* A caller that does not keep the stack aligned to 16 bytes, where a machine lets it. */
void case_misaligned(void)
{
	int (*volatile add)(int, int) = callee_add;
	int (*to)(int, int) = add;
	int sum;

#ifdef __x86_64__
	__asm__ volatile("mov %%rsp, %%rbx\n\t"
			 "sub $256, %%rsp\n\t"
			 "and $-16, %%rsp\n\t"
			 "sub $8, %%rsp\n\t"
			 "call *%1\n\t"
			 "mov %%rbx, %%rsp"
			 : "=a"(sum), "+r"(to)
			 : "D"(30), "S"(12)
			 : "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "memory", "cc");
#else
	sum = to(30, 12);
#endif
	CHECK(sum == 42);
}
