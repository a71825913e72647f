/*
 * base/drain_claim.h, ends: whether a lifecycle is over and how it ended, on real processes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <errno.h>

#include <cmocka.h>

#include "drain_scene.h"

static void set_namespace(struct fixture *f, uint64_t inode)
{
	struct start_block start = { .pid = (uint32_t)f->owner, .pid_namespace = inode };

	slot_commit_start(&f->ref, &start);
}

static void who_lives_is_left_alone(void **state)
{
	static const enum claim_state living[] = { CLAIM_EXECUTING, CLAIM_DAEMONIZING,
						   CLAIM_EXIT_PENDING, CLAIM_STOPPED };
	struct fixture *f = *state;

	begin(f);
	assert_int_equal(observe(f), DRAIN_LIVES);
	commit(f);
	assert_int_equal(observe(f), DRAIN_LIVES);
	for (int i = 0; i < 4; i++) {
		note_exit(f, 0);
		change(f, living[i]);
		assert_int_equal(observe(f), DRAIN_LIVES);
	}
}

static void a_claim_without_a_start_is_emptied_after_a_while(void **state)
{
	struct fixture *f = *state;
	uint32_t taken, slots;

	begin(f);
	end(&f->owner);
	assert_int_equal(observe(f), DRAIN_LIVES);
	f->ref.slot->seen_ns -= DRAIN_TAKEN_GRACE_NS;
	assert_int_equal(observe(f), DRAIN_EMPTY);
	pool_usage(&f->scene.pool, &taken, &slots);
	assert_int_equal(taken, 0);
	assert_true(f->ref.slot->seen_ns == 0);
	assert_int_equal(pool_counted(&f->scene.pool, POOL_STOPS), 0);
}

static void killed_between_claim_and_first_store_it_is_emptied_too(void **state)
{
	struct fixture *f = *state;

	begin(f);
	f->ref.slot->seen_ns = 0;
	assert_int_equal(observe(f), DRAIN_LIVES);
	assert_true(f->ref.slot->seen_ns == 0);
	end(&f->owner);
	assert_int_equal(observe(f), DRAIN_LIVES);
	assert_true(f->ref.slot->seen_ns != 0);
	f->ref.slot->seen_ns -= DRAIN_TAKEN_GRACE_NS;
	assert_int_equal(observe(f), DRAIN_EMPTY);
}

static void killed_between_start_and_its_claim_word_it_has_both_ends(void **state)
{
	struct fixture *f = *state;

	begin_running(f);
	assert_true(slot_change(&f->ref, pid_of(f), CLAIM_RUNNING, CLAIM_TAKEN));
	f->scene.pool.header->count[POOL_STARTS] = 0;
	end(&f->owner);
	assert_over(f, EXIT_VANISHED, -1, 0);
}

static void killed_while_running_it_vanished(void **state)
{
	struct fixture *f = *state;

	begin_running(f);
	end(&f->owner);
	assert_over(f, EXIT_VANISHED, -1, 0);
	assert_int_equal(f->stop.after_signal, 0);
}

static void become_zombie(pid_t pid)
{
	siginfo_t info;

	kill(pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
}

static void of_a_zombie_the_kernel_tells_how_it_ended(void **state)
{
	struct fixture *f = *state;

	begin_running(f);
	note_exit(f, 0);
	slot_set_waiter(&f->ref, (uint32_t)getpid()); /* who lives, and need not be waited for */
	become_zombie(f->owner);
	assert_over(f, EXIT_SIGNAL, -1, SIGKILL);
	/* It stands in the slot, for when the zombie is gone. */
	end(&f->owner);
	assert_over(f, EXIT_SIGNAL, -1, SIGKILL);
}

static void a_parent_that_may_report_is_waited_for_a_second(void **state)
{
	struct fixture *f = *state;

	begin_running(f);
	slot_set_parent(&f->ref, (uint32_t)getpid());
	assert_int_equal(observe(f), DRAIN_LIVES);
	end(&f->owner);
	assert_int_equal(observe(f), DRAIN_WAITING);
	f->ref.slot->missed_ns -= DRAIN_REAPED_NS;
	assert_over(f, EXIT_VANISHED, -1, 0);
}

static void the_first_word_about_a_process_counts(void **state)
{
	struct fixture *f = *state;

	begin_running(f);
	note_waited(f, 3, 0);
	note_waited(f, 4, 0);
	assert_over(f, EXIT_EXIT, 3, 0);
}

static void a_late_word_about_a_former_tenant_is_none_about_the_next(void **state)
{
	struct fixture *f = *state;
	struct note note;

	begin_running(f);
	*f->ref.claim += UINT64_C(1) << 26; /* the next generation */
	note_waited(f, 3, 0);
	assert_int_equal(slot_read_waited(&f->ref, &note), -ENODATA);
	assert_int_equal(f->ref.slot->waited_for, 0);
}

static void a_reused_pid_does_not_keep_the_former_alive(void **state)
{
	struct fixture *f = *state;

	begin_running(f);
	f->ref.slot->seen_ns -= CLOCK_SECOND; /* before the process began */
	assert_over(f, EXIT_VANISHED, -1, 0);
}

static void a_signal_that_was_handled_before_is_told(void **state)
{
	struct fixture *f = *state;

	begin_running(f);
	note_of(f,
		(struct note_facts){ .reason = EXIT_UNKNOWN, .code = -1, .after_signal = SIGTERM });
	end(&f->owner);
	assert_over(f, EXIT_VANISHED, -1, 0);
	assert_int_equal(f->stop.after_signal, SIGTERM);
}

static void the_processs_own_word_counts_when_nobody_waited(void **state)
{
	struct fixture *f = *state;

	begin_running(f);
	note_exit(f, 1);
	note_of(f, (struct note_facts){ .reason = EXIT_UNDERSCORE_EXIT, .code = 3 });
	change(f, CLAIM_STOPPED);
	end(&f->owner);
	assert_over(f, EXIT_UNDERSCORE_EXIT, 3, 0);
}

static void an_abort_counts_also_while_running(void **state)
{
	struct fixture *f = *state;

	begin_running(f);
	note_of(f, (struct note_facts){ .reason = EXIT_ABORT, .code = -1, .signal = SIGABRT });
	end(&f->owner);
	assert_over(f, EXIT_ABORT, -1, SIGABRT);
}

static void the_waiter_overrides_code_and_signal(void **state)
{
	static const struct {
		struct note_facts own;
		int code, signal; /* as waited */
		enum exit_reason reason;
	} table[] = {
		{ { .reason = EXIT_EXIT, .code = 0 }, -1, SIGPIPE, EXIT_SIGNAL },
		{ { .reason = EXIT_EXIT, .code = 0 }, 3, 0, EXIT_EXIT },
		{ { .reason = EXIT_UNDERSCORE_EXIT, .code = 0 }, 3, 0, EXIT_EXIT },
		{ { .reason = EXIT_UNDERSCORE_EXIT, .code = 3 }, 3, 0, EXIT_UNDERSCORE_EXIT },
		{ { .reason = EXIT_ABORT, .code = -1, .signal = SIGABRT },
		  -1,
		  SIGABRT,
		  EXIT_ABORT },
		{ { .reason = EXIT_ABORT, .code = -1, .signal = SIGABRT },
		  -1,
		  SIGKILL,
		  EXIT_SIGNAL },
		{ { .reason = EXIT_ABORT, .code = -1, .signal = SIGABRT }, 7, 0, EXIT_EXIT },
		{ { .reason = EXIT_SIGNAL, .code = -1, .signal = SIGTERM },
		  -1,
		  SIGTERM,
		  EXIT_SIGNAL },
		{ { .reason = EXIT_UNKNOWN, .code = -1 }, 0, 0, EXIT_EXIT },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct note_facts own = table[i].own;
		struct fixture *f = *state;

		begin_running(f);
		own.after_signal = SIGHUP;
		note_of(f, own);
		note_waited(f, table[i].code, table[i].signal);
		assert_over(f, table[i].reason, table[i].code, table[i].signal);
		assert_int_equal(f->stop.after_signal, SIGHUP);
		tear_down(state);
		set_up(state);
	}
}

static void a_waiters_word_needs_no_other(void **state)
{
	struct fixture *f = *state;

	begin_running(f);
	note_waited(f, -1, SIGKILL);
	/* The process is still there, a zombie of its waiter's or not even that: no need to look.
	 */
	assert_over(f, EXIT_SIGNAL, -1, SIGKILL);
}

static void a_waiter_that_lives_is_waited_for(void **state)
{
	struct fixture *f = *state;

	begin_running(f);
	f->other = spawn();
	slot_set_waiter(&f->ref, (uint32_t)f->other);
	end(&f->owner);
	assert_int_equal(observe(f), DRAIN_WAITING);
	end(&f->other);
	assert_over(f, EXIT_VANISHED, -1, 0);
}

static void a_waiters_word_about_a_former_owner_is_not_about_the_next(void **state)
{
	struct fixture *f = *state;

	begin_running(f);
	note_exit(f, 0);
	change(f, CLAIM_EXIT_PENDING);
	f->other = spawn();
	assert_true(slot_take_over(&f->ref, (uint32_t)f->owner, CLAIM_EXIT_PENDING,
				   (uint32_t)f->other, CLAIM_RUNNING));
	slot_note_waited(&f->ref,
			 &(struct note_facts){ .pid = (uint32_t)f->owner, .reason = EXIT_EXIT });
	assert_int_equal(observe(f), DRAIN_LIVES);
	end(&f->other);
	/* Nor is what the former owner said of itself. */
	assert_over(f, EXIT_VANISHED, -1, 0);
}

static void an_heir_is_given_two_seconds(void **state)
{
	struct fixture *f = *state;

	begin_running(f);
	note_exit(f, 0);
	change(f, CLAIM_EXIT_PENDING);
	f->other = spawn();
	f->ref.slot->heirs[5] = (uint64_t)f->other | ((clock_boot_ns() >> 30) + 1) << 36;
	end(&f->owner);
	assert_int_equal(observe(f), DRAIN_WAITING);
	age_own_note(f, DRAIN_HEIR_WAIT_NS);
	assert_over(f, EXIT_EXIT, 0, 0);
}

static void a_child_of_daemon_is_waited_for(void **state)
{
	struct fixture *f = *state;

	begin_running(f);
	change(f, CLAIM_DAEMONIZING);
	f->ref.slot->pending_forks = 1;
	end(&f->owner);
	assert_int_equal(observe(f), DRAIN_WAITING);
	f->ref.slot->pending_forks = 0;
	assert_over(f, EXIT_VANISHED, -1, 0);
}

static void peeking_tells_the_same_and_changes_nothing(void **state)
{
	struct fixture *f = *state;

	begin(f);
	assert_int_equal(drain_peek(&f->ref, &f->stop), DRAIN_LIVES);
	commit(f);
	note_exit(f, 9);
	change(f, CLAIM_STOPPED);
	end(&f->owner);
	assert_int_equal(mprotect(f->scene.pool.whole, f->scene.pool.file_bytes, PROT_READ), 0);
	assert_int_equal(drain_peek(&f->ref, &f->stop), DRAIN_OVER);
	assert_int_equal(f->stop.code, 9);
	assert_int_equal(CLAIM_STATE(*f->ref.claim), CLAIM_STOPPED);
}

static void a_fork_under_way_is_waited_for(void **state)
{
	struct fixture *f = *state;

	begin_running(f);
	note_exit(f, 0);
	change(f, CLAIM_EXIT_PENDING);
	end(&f->owner);
	f->ref.slot->pending_forks = 1;
	assert_int_equal(observe(f), DRAIN_WAITING);
	f->ref.slot->pending_forks = 0;
	assert_over(f, EXIT_EXIT, 0, 0);
}

static void heirs_that_are_gone_or_dead_are_not_waited_for(void **state)
{
	struct fixture *f = *state;
	uint64_t now = ((clock_boot_ns() >> 30) + 1) << 36;

	begin_running(f);
	note_exit(f, 4);
	change(f, CLAIM_EXIT_PENDING);
	f->other = spawn();
	f->ref.slot->heirs[0] = (uint64_t)f->other | now | HEIR_GONE;
	f->ref.slot->heirs[1] = (uint64_t)scene_dead_pid() | now;
	end(&f->owner);
	assert_over(f, EXIT_EXIT, 4, 0);
}

static void an_exec_into_something_else_is_over_at_once(void **state)
{
	struct fixture *f = *state;

	begin_running(f);
	note_of(f, (struct note_facts){ .reason = EXIT_EXEC, .code = -1 });
	change(f, CLAIM_EXECUTING);
	change(f, CLAIM_ENDED);
	assert_over(f, EXIT_EXEC, -1, 0);
	assert_int_equal(CLAIM_STATE(*f->ref.claim), CLAIM_ENDED);
}

static void an_exec_noted_as_the_end_is_believed_in_a_while_or_of_the_dead(void **state)
{
	struct fixture *f = *state;

	begin_running(f);
	note_of(f, (struct note_facts){ .reason = EXIT_EXEC, .code = -1 });
	change(f, CLAIM_EXECUTING);
	assert_int_equal(observe(f), DRAIN_LIVES);
	age_own_note(f, DRAIN_EXEC_NS);
	assert_over(f, EXIT_EXEC, -1, 0);
}

static void a_waiter_tells_of_the_program_that_came_after_it(void **state)
{
	struct fixture *f = *state;

	begin_running(f);
	note_of(f, (struct note_facts){ .reason = EXIT_EXEC, .code = -1 });
	change(f, CLAIM_EXECUTING);
	end(&f->owner);
	note_waited(f, 0, SIGKILL);
	assert_over(f, EXIT_EXEC, -1, 0);
}

static void an_exec_that_was_taken_back_is_none(void **state)
{
	struct fixture *f = *state;

	begin_running(f);
	note_of(f, (struct note_facts){ .reason = EXIT_EXEC, .code = -1 });
	change(f, CLAIM_EXECUTING);
	note_of(f, (struct note_facts){ .code = -1 });
	change(f, CLAIM_RUNNING);
	age_own_note(f, DRAIN_EXEC_NS);
	assert_int_equal(observe(f), DRAIN_LIVES);
	end(&f->owner);
	assert_over(f, EXIT_VANISHED, -1, 0);
}

static void what_is_told_behind_a_change_of_credentials_is_untrusted(void **state)
{
	struct fixture *f = *state;

	begin_running(f);
	note_exit(f, 0);
	assert_false(slot_untrusted_at(&f->ref, clock_boot_ns()));
	f->ref.slot->untrusted_ns = clock_boot_ns();
	assert_true(slot_untrusted_at(&f->ref, clock_boot_ns()));
	assert_false(slot_untrusted_at(&f->ref, f->ref.slot->untrusted_ns - 1));
	end(&f->owner);
	assert_over(f, EXIT_EXIT, 0, 0);
	assert_false(f->stop.untrusted);
	note_exit(f, 0);
	assert_int_equal(observe(f), DRAIN_OVER);
	assert_true(f->stop.untrusted);
	f->ref.slot->untrusted_ns = 0;
	note_of(f, (struct note_facts){ .reason = EXIT_EXIT, .flags = NOTE_UNTRUSTED });
	assert_int_equal(observe(f), DRAIN_OVER);
	assert_true(f->stop.untrusted);
}

static void what_goes_on_and_can_not_speak_vanishes(void **state)
{
	struct fixture *f = *state;

	begin_running(f);
	note_of(f, (struct note_facts){ .code = -1, .flags = NOTE_GOES_ON });
	change(f, CLAIM_EXECUTING);
	end(&f->owner);
	assert_over(f, EXIT_VANISHED, -1, 0);
}

static void of_an_exec_that_nobody_foresaw_nothing_else_is_known(void **state)
{
	struct fixture *f = *state;

	begin_running(f);
	change(f, CLAIM_EXECUTING);
	end(&f->owner);
	assert_over(f, EXIT_EXEC, -1, 0);
}

/* The state is one in which nobody is looked for in there, so that the answer is the same wherever
 * the test runs. */
static void in_another_pid_namespace_a_stop_is_believed_after_a_while(void **state)
{
	struct fixture *f = *state;

	begin(f);
	set_namespace(f, 12345);
	end(&f->owner);
	note_exit(f, 6);
	change(f, CLAIM_EXIT_PENDING);
	assert_int_equal(observe(f), DRAIN_LIVES);
	slot_set_waiter(&f->ref, (uint32_t)getpid()); /* whoever that is in there */
	age_own_note(f, DRAIN_UNKNOWN_NS);
	assert_int_equal(observe(f), DRAIN_WAITING);
	f->ref.slot->missed_ns -= DRAIN_REAPED_NS;
	assert_over(f, EXIT_EXIT, 6, 0);
}

static void in_a_pid_namespace_that_is_gone_all_are_dead(void **state)
{
	struct fixture *f = *state;

	begin(f);
	set_namespace(f, 12345);
	if (process_pid_namespace() != 0xeffffffc) {
		assert_int_equal(observe(f), DRAIN_LIVES);
		return;
	}
	assert_over(f, EXIT_VANISHED, -1, 0);
}

static void after_a_reboot_everybody_is_dead(void **state)
{
	struct fixture *f = *state;

	begin_running(f);
	f->scene.pool.other_boot = true;
	assert_over(f, EXIT_HOST_RESET, -1, 0);
}

static void damage_is_counted_once_and_stops_nothing(void **state)
{
	struct fixture *f = *state;

	begin_running(f);
	note_exit(f, 3);
	change(f, CLAIM_STOPPED);
	f->ref.slot->start.uid ^= 1;
	f->ref.slot->own[1].code = 4;
	end(&f->owner);
	assert_over(f, EXIT_VANISHED, -1, 0);
	assert_int_equal(pool_counted(&f->scene.pool, POOL_DAMAGED), 2);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_lives_is_left_alone),
		TEST(a_claim_without_a_start_is_emptied_after_a_while),
		TEST(killed_between_claim_and_first_store_it_is_emptied_too),
		TEST(killed_between_start_and_its_claim_word_it_has_both_ends),
		TEST(killed_while_running_it_vanished),
		TEST(of_a_zombie_the_kernel_tells_how_it_ended),
		TEST(a_parent_that_may_report_is_waited_for_a_second),
		TEST(the_first_word_about_a_process_counts),
		TEST(a_late_word_about_a_former_tenant_is_none_about_the_next),
		TEST(a_reused_pid_does_not_keep_the_former_alive),
		TEST(a_signal_that_was_handled_before_is_told),
		TEST(the_processs_own_word_counts_when_nobody_waited),
		TEST(an_abort_counts_also_while_running),
		TEST(the_waiter_overrides_code_and_signal),
		TEST(a_waiters_word_needs_no_other),
		TEST(a_waiter_that_lives_is_waited_for),
		TEST(a_waiters_word_about_a_former_owner_is_not_about_the_next),
		TEST(an_heir_is_given_two_seconds),
		TEST(a_fork_under_way_is_waited_for),
		TEST(a_child_of_daemon_is_waited_for),
		TEST(peeking_tells_the_same_and_changes_nothing),
		TEST(heirs_that_are_gone_or_dead_are_not_waited_for),
		TEST(an_exec_into_something_else_is_over_at_once),
		TEST(an_exec_noted_as_the_end_is_believed_in_a_while_or_of_the_dead),
		TEST(a_waiter_tells_of_the_program_that_came_after_it),
		TEST(an_exec_that_was_taken_back_is_none),
		TEST(what_is_told_behind_a_change_of_credentials_is_untrusted),
		TEST(what_goes_on_and_can_not_speak_vanishes),
		TEST(of_an_exec_that_nobody_foresaw_nothing_else_is_known),
		TEST(in_another_pid_namespace_a_stop_is_believed_after_a_while),
		TEST(in_a_pid_namespace_that_is_gone_all_are_dead),
		TEST(after_a_reboot_everybody_is_dead),
		TEST(damage_is_counted_once_and_stops_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
