/*
 * base/process.h on real processes: living, zombie, with a dead main thread, under a reused pid,
 * with a hostile name.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/process.h"

#define DEADLINE (20 * CLOCK_SECOND)

/* A child that waits to be killed. */
static pid_t spawn(void (*first)(void))
{
	pid_t pid = fork();

	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test leaves none behind */
		if (first != NULL)
			first();
		for (;;)
			pause();
	}
	return pid;
}

static void reap(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void await_state(pid_t pid, char wanted)
{
	uint64_t end = clock_boot_ns() + DEADLINE;
	struct process_stat stat;

	do {
		sched_yield();
		assert_true(clock_boot_ns() < end);
		assert_int_equal(process_stat(pid, &stat), 0);
	} while (stat.state != wanted);
}

static void a_living_process_is_described(void **state)
{
	uint64_t before = clock_boot_ns();
	pid_t pid = spawn(NULL);
	uint64_t after = clock_boot_ns();
	struct process_stat stat;

	(void)state;
	assert_int_equal(process_stat(pid, &stat), 0);
	assert_int_equal(stat.parent, getpid());
	assert_int_equal(stat.threads, 1);
	/* A start time is cut to 10 ms. */
	assert_true(stat.start_ns + CLOCK_SECOND / 100 > before && stat.start_ns <= after);
	assert_int_equal(process_life(pid, after), PROCESS_ALIVE);
	reap(pid);
}

static void rename_itself(void)
{
	prctl(PR_SET_NAME, ") Z 1 (\n) X");
}

static void the_name_may_look_like_the_fields_behind_it(void **state)
{
	pid_t pid = spawn(rename_itself);
	struct process_stat stat;

	(void)state;
	await_state(pid, 'S');
	assert_int_equal(process_stat(pid, &stat), 0);
	assert_int_equal(stat.parent, getpid());
	assert_int_equal(stat.threads, 1);
	reap(pid);
}

static void a_zombie_is_dead_and_so_is_who_was_reaped(void **state)
{
	pid_t pid = spawn(NULL);
	uint64_t seen = clock_boot_ns();

	(void)state;
	kill(pid, SIGKILL);
	await_state(pid, 'Z');
	assert_int_equal(process_life(pid, seen), PROCESS_DEAD);
	reap(pid);
	assert_int_equal(process_life(pid, seen), PROCESS_DEAD);
}

static void *wait_for_ever(void *unused)
{
	for (;;)
		pause();
	return unused;
}

static void leave_the_main_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, wait_for_ever, NULL) == 0)
		pthread_exit(NULL);
	_exit(1);
}

static void a_process_whose_main_thread_ended_is_alive(void **state)
{
	pid_t pid = spawn(leave_the_main_thread);
	uint64_t seen = clock_boot_ns();

	(void)state;
	await_state(pid, 'Z');
	assert_int_equal(process_life(pid, seen), PROCESS_ALIVE);
	reap(pid);
}

static void a_pid_that_started_after_it_was_seen_is_another_process(void **state)
{
	pid_t pid = spawn(NULL);
	struct process_stat stat;

	(void)state;
	assert_int_equal(process_stat(pid, &stat), 0);
	assert_int_equal(process_life(pid, stat.start_ns), PROCESS_ALIVE);
	assert_int_equal(process_life(pid, stat.start_ns - CLOCK_SECOND / 10), PROCESS_DEAD);
	assert_int_equal(process_life(pid, UINT64_MAX), PROCESS_ALIVE);
	reap(pid);
}

/* As it was after a start in a time namespace that is a minute behind: 0, or it may not be made. */
static int a_minute_behind(pid_t *pid, uint64_t *seen_ns)
{
	int ends[2], offsets;

	assert_int_equal(pipe(ends), 0);
	*pid = fork();
	if (*pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		offsets = unshare(CLONE_NEWTIME) == 0 ? open("/proc/self/timens_offsets", O_WRONLY)
						      : -1;
		if (write(offsets, "boottime -60 0\n", 15) != 15)
			_exit(0);
		*pid = fork();
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		*seen_ns = clock_boot_ns();
		if (*pid == 0 && write(ends[1], seen_ns, sizeof(*seen_ns)) == sizeof(*seen_ns))
			pause();
		close(ends[1]);
		waitpid(*pid, NULL, 0);
		_exit(0);
	}
	close(ends[1]);
	offsets = read(ends[0], seen_ns, sizeof(*seen_ns)) == sizeof(*seen_ns) ? 0 : -1;
	close(ends[0]);
	return offsets;
}

static void a_process_with_another_clock_is_not_dead(void **state)
{
	pid_t parent, child = 0;
	uint64_t seen_ns;
	FILE *children;
	char path[64];

	(void)state;
	if (a_minute_behind(&parent, &seen_ns) != 0) {
		reap(parent);
		skip();
	}
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", parent, parent);
	children = fopen(path, "r");
	assert_non_null(children);
	assert_int_equal(fscanf(children, "%d", &child), 1);
	fclose(children);
	assert_int_equal(process_life(child, seen_ns), PROCESS_UNKNOWN);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(parent, NULL, 0), parent);
	assert_int_equal(process_life(child, seen_ns), PROCESS_DEAD);
}

static void a_pid_that_nobody_has_is_dead(void **state)
{
	struct process_stat stat;

	(void)state;
	assert_int_equal(process_stat(0x3fffff, &stat), -ENOENT);
	assert_int_equal(process_life(0x3fffff, clock_boot_ns()), PROCESS_DEAD);
}

static void the_pid_namespace_has_a_number(void **state)
{
	(void)state;
	assert_int_not_equal(process_pid_namespace(), 0);
	assert_int_equal(process_pid_namespace(), process_pid_namespace());
}

static void proc_is_ours_and_in_a_namespace_of_its_own(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(stat("/proc", &st), 0);
	assert_int_equal(process_proc_device(), st.st_dev);
}

/* In a child of a new pid namespace that still sees our /proc. */
static void a_foreign_proc_counts_for_nothing(void **state)
{
	int status;
	pid_t child = fork();

	(void)state;
	if (child == 0) {
		if (unshare(CLONE_NEWPID) != 0)
			_exit(2);
		child = fork();
		if (child == 0)
			_exit(process_proc_device() == 0 ? 0 : 1);
		waitpid(child, &status, 0);
		_exit(WEXITSTATUS(status));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WEXITSTATUS(status) == 2)
		skip();
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_living_process_is_described),
		cmocka_unit_test(the_name_may_look_like_the_fields_behind_it),
		cmocka_unit_test(a_zombie_is_dead_and_so_is_who_was_reaped),
		cmocka_unit_test(a_process_whose_main_thread_ended_is_alive),
		cmocka_unit_test(a_pid_that_started_after_it_was_seen_is_another_process),
		cmocka_unit_test(a_process_with_another_clock_is_not_dead),
		cmocka_unit_test(a_pid_that_nobody_has_is_dead),
		cmocka_unit_test(the_pid_namespace_has_a_number),
		cmocka_unit_test(proc_is_ours_and_in_a_namespace_of_its_own),
		cmocka_unit_test(a_foreign_proc_counts_for_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
