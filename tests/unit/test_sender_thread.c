/*
 * What the shim and the sender's thread have between them, as far as it can be had without a host:
 * the ways by number, the waiting, and what a drainer of one lifecycle leaves alone.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/elf_file.h"
#include "base/futex.h"
#include "base/sender_thread.h"
#include "sender/deliver.h"
#include "sender/namespace.h"
#include "sender/step.h"

static void a_word_of_a_slot_may_be_anything(void **state)
{
	(void)state;
	assert_string_equal(sender_way_name(SENDER_AT_WORK), "at_work");
	assert_int_equal(sender_way_by(SENDER_AT_WORK), SENDER_BY_THREAD);
	assert_int_equal(sender_way_by(SENDER_TSAN), SENDER_BY_HELPER);
	assert_string_equal(sender_by_name(sender_way_by(SENDER_SECCOMP)), "later");
	assert_string_equal(sender_way_name(SENDER_WAYS), "undecided");
	assert_string_equal(sender_way_text(UINT32_MAX), sender_way_text(SENDER_UNDECIDED));
}

static void a_wait_ends_when_the_word_is_another(void **state)
{
	_Atomic uint32_t word = 1;
	uint64_t begun = clock_boot_ns();

	(void)state;
	futex_wait(&word, 0, 10000);
	assert_true(clock_boot_ns() - begun < CLOCK_SECOND);
	begun = clock_boot_ns();
	futex_wait(&word, 1, 20);
	assert_true(clock_boot_ns() - begun >= 15000000);
}

static void in_a_process_of_our_own_a_step_is_nothing(void **state)
{
	(void)state;
	assert_false(step_is_needed());
	assert_true(step_begin());
	assert_true(step_end());
	assert_false(namespace_is_own());
	assert_int_equal(namespace_part(), SENDER_NO_NAMESPACE);
}

static void a_step_waits_for_the_host_and_gives_up_when_it_is_to_go(void **state)
{
	static struct sender_thread host;

	(void)state;
	step_of(&host);
	assert_true(step_begin());
	assert_int_equal(host.loading, 1);
	host.loading = 0;
	host.hold = 1;
	host.leave = 1;
	assert_false(step_begin());
	assert_int_equal(host.loading, 0);
	step_of(NULL);
}

static bool find_libc(void *context, const char *name)
{
	if (strcmp(name, "libc.so.6") != 0)
		return false;
	*(bool *)context = true;
	return true;
}

static void a_program_needs_libc_and_is_whole(void **state)
{
	static struct elf_file file;
	bool found = false;

	(void)state;
	assert_int_equal(elf_file_needed("/proc/self/exe", &file, find_libc, &found), 0);
	assert_true(found);
	assert_true(elf_file_is_whole("/proc/self/exe", &file));
	assert_int_equal(elf_file_needed("/nonexistent", &file, find_libc, &found), -ENOENT);
	assert_int_equal(elf_file_needed("/dev/null", &file, find_libc, &found), -ENOEXEC);
}

static void a_cut_off_program_is_not_whole(void **state)
{
	static struct elf_file file;
	char path[] = "/tmp/bookend-cut-XXXXXX", bytes[4096];
	FILE *from = fopen("/proc/self/exe", "re");
	int to = mkstemp(path);
	size_t length = fread(bytes, 1, sizeof(bytes), from);

	(void)state;
	fclose(from);
	assert_int_equal(write(to, bytes, length), length);
	close(to);
	assert_false(elf_file_is_whole(path, &file));
	unlink(path);
	assert_false(elf_file_is_whole(path, &file));
}

static void the_next_route_to_go_on_is_the_first_of_those_that_wait(void **state)
{
	struct route off = { .off = true, .off_until_ns = 700 };
	struct route rests = { .since_ns = 100, .to = { .fill_ms = 0 } };
	struct route nothing = { .since_ns = 0 };
	struct route *routes[] = { &off, &nothing, &rests };
	struct deliver d = { .route = routes, .routes = 2 };

	(void)state;
	assert_int_equal(deliver_next_ns(&d), 700);
	d.routes = 3;
	assert_int_equal(deliver_next_ns(&d), 100);
	d.routes = 0;
	assert_true(deliver_next_ns(&d) == UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_word_of_a_slot_may_be_anything),
		cmocka_unit_test(a_wait_ends_when_the_word_is_another),
		cmocka_unit_test(in_a_process_of_our_own_a_step_is_nothing),
		cmocka_unit_test(a_step_waits_for_the_host_and_gives_up_when_it_is_to_go),
		cmocka_unit_test(a_program_needs_libc_and_is_whole),
		cmocka_unit_test(a_cut_off_program_is_not_whole),
		cmocka_unit_test(the_next_route_to_go_on_is_the_first_of_those_that_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
