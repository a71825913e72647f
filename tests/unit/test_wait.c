/*
 * Waiting for the death of a process that is nobody's child here.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "sender/wait.h"

static uint64_t waited_ms(uint32_t pid, int timeout_ms, const volatile int *stop)
{
	uint64_t begun = clock_boot_ns();

	wait_for_death(pid, 0, timeout_ms, stop);
	return (clock_boot_ns() - begun) / 1000000;
}

static pid_t sleeper(void)
{
	pid_t pid = fork();

	if (!pid)
		for (;;)
			pause();
	return pid;
}

static void a_death_is_noticed(void **state)
{
	int ready[2];
	pid_t pid;
	char byte;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (!pid)
		_exit(read(ready[0], &byte, 1) == 1 ? 0 : 1);
	assert_int_equal(write(ready[1], "x", 1), 1);
	assert_true(waited_ms((uint32_t)pid, 20000, NULL) < 15000);
	waitpid(pid, NULL, 0);
	close(ready[0]);
	close(ready[1]);
}

/* By the zombie, or by the pidfd once it is reaped. */
static void a_death_tells_its_status(void **state)
{
	pid_t pid = sleeper();

	(void)state;
	kill(pid, SIGKILL);
	assert_int_equal(wait_for_death((uint32_t)pid, 0, 20000, NULL), SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Linux 6.15; before that the kernel tells nobody. */
static void a_pidfd_tells_the_status_of_one_that_was_reaped(void **state)
{
	pid_t pid = sleeper();
	int file = (int)syscall(SYS_pidfd_open, (int)pid, 0);
	int told;

	(void)state;
	assert_true(file > 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	told = wait_for_death((uint32_t)pid, file, 20000, NULL);
	assert_true(told == SIGKILL || told == -1);
}

static void one_that_is_gone_is_not_waited_for(void **state)
{
	pid_t pid = fork();

	(void)state;
	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
	assert_true(waited_ms((uint32_t)pid, 20000, NULL) < 10000);
}

static void the_time_and_the_stop_word_end_it(void **state)
{
	volatile int stop = 1;
	pid_t pid = sleeper();

	(void)state;
	assert_in_range(waited_ms((uint32_t)pid, 120, NULL), 120, 10000);
	assert_true(waited_ms((uint32_t)pid, 60000, &stop) < 20000);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_death_is_noticed),
		cmocka_unit_test(a_death_tells_its_status),
		cmocka_unit_test(a_pidfd_tells_the_status_of_one_that_was_reaped),
		cmocka_unit_test(one_that_is_gone_is_not_waited_for),
		cmocka_unit_test(the_time_and_the_stop_word_end_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
