/*
 * base/drain_claim.h: lease and fencing, stepped by hand; and how a lifecycle ended, on real
 * processes. Also run under ThreadSanitizer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <errno.h>
#include <pthread.h>

#include <cmocka.h>

#include "base/checksum.h"
#include "base/drain_claim.h"
#include "base/process.h"
#include "pool_scene.h"

struct fixture {
	struct scene scene;
	struct slot_ref ref; /* the owner's */
	struct drain_claim claim;
	struct stop_facts stop;
	pid_t owner;
	pid_t other; /* a second process, where a test needs one */
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	scene_open(&f->scene, true);
	*state = f;
	return 0;
}

static pid_t spawn(void)
{
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	assert_true(pid > 0);
	return pid;
}

static void end(pid_t *pid)
{
	if (*pid <= 0)
		return;
	kill(*pid, SIGKILL);
	scene_reap(*pid);
	*pid = 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	end(&f->owner);
	end(&f->other);
	scene_close(&f->scene);
	free(f);
	return 0;
}

static uint32_t pid_of(const struct fixture *f)
{
	return CLAIM_PID(*f->ref.claim);
}

/* A living process with a claimed slot. */
static void begin(struct fixture *f)
{
	f->owner = spawn();
	assert_int_equal(slot_claim(&f->scene.pool, (uint32_t)f->owner, 0, 0, &f->ref), 0);
}

static void commit(struct fixture *f)
{
	struct start_block start = { .pid = (uint32_t)f->owner,
				     .pid_namespace = process_pid_namespace() };

	slot_commit_start(&f->ref, &start);
}

static void begin_running(struct fixture *f)
{
	begin(f);
	commit(f);
}

static void note_of(struct fixture *f, struct note_facts facts)
{
	facts.pid = pid_of(f);
	slot_note_own(&f->ref, &facts);
}

static void note_exit(struct fixture *f, int code)
{
	note_of(f, (struct note_facts){ .reason = EXIT_EXIT, .code = code });
}

static void note_waited(struct fixture *f, int code, int signal)
{
	struct note_facts facts = {
		.reason = EXIT_EXIT, .code = code, .signal = signal, .pid = pid_of(f)
	};

	slot_note_waited(&f->ref, &facts);
}

static void change(struct fixture *f, enum claim_state to)
{
	assert_true(slot_change(&f->ref, pid_of(f), CLAIM_STATE(*f->ref.claim), to));
}

static enum drain_end observe(struct fixture *f)
{
	uint32_t holder = 0;
	int error = drain_claim(&f->scene.pool, f->ref.number, 1, false, &f->claim, &holder);
	enum drain_end how;

	assert_int_equal(error, 0);
	how = drain_observe(&f->claim, &f->stop);
	drain_abandon(&f->claim);
	return how;
}

static void assert_over(struct fixture *f, enum exit_reason reason, int code, int signal)
{
	/* Twice: who observes FINAL later must come to the same. */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(observe(f), DRAIN_OVER);
		assert_int_equal(f->stop.reason, reason);
		assert_int_equal(f->stop.code, code);
		assert_int_equal(f->stop.signal, signal);
		assert_true(f->stop.boot_ns != 0 && f->stop.boot_ns <= clock_boot_ns());
		assert_true(f->stop.real_ns != 0 && f->stop.real_ns <= clock_real_ns());
	}
	assert_int_equal(pool_counted(&f->scene.pool, POOL_STARTS), 1);
	assert_int_equal(pool_counted(&f->scene.pool, POOL_STOPS), 1);
}

/* Notes are stamped with the clock; a test that wants an old one rewrites it with a right check. */
static void age_own_note(struct fixture *f, uint64_t by_ns)
{
	struct note *note = &f->ref.slot->own[f->ref.slot->notes % SLOT_NOTES];

	note->boot_ns -= by_ns;
	note->check = checksum((uint8_t *)note + 12, sizeof(*note) - 12, note->commit);
}

static void set_namespace(struct fixture *f, uint64_t inode)
{
	struct start_block start = { .pid = (uint32_t)f->owner, .pid_namespace = inode };

	slot_commit_start(&f->ref, &start);
}

/* Claims */

static void drainers_have_numbers_and_never_0(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(drain_number(&f->scene.pool), 1);
	assert_int_equal(drain_number(&f->scene.pool), 2);
	f->scene.pool.header->drainers = 0xfffffe;
	assert_int_equal(drain_number(&f->scene.pool), 0xffffff);
	assert_int_equal(drain_number(&f->scene.pool), 1);
}

static int claim_as(struct fixture *f, uint32_t drainer, bool steal, struct drain_claim *into,
		    uint32_t *holder)
{
	return drain_claim(&f->scene.pool, f->ref.number, drainer, steal, into, holder);
}

/* As if the drainer that stored the word had been paused past its lease. */
static void expire(struct fixture *f, struct drain_claim *claim)
{
	uint64_t word = DRAIN_WORD(DRAIN_DRAINER(claim->word), DRAIN_LEASE(claim->word) - 31,
				   DRAIN_DONE(claim->word), DRAIN_CLAIMED);

	assert_true(f->ref.slot->drain == claim->word);
	f->ref.slot->drain = claim->word = word;
}

static void a_claimed_slot_is_busy_and_a_free_one_is_none(void **state)
{
	struct fixture *f = *state;
	struct drain_claim other;
	uint32_t holder = 0;

	assert_int_equal(drain_claim(&f->scene.pool, 5, 1, false, &other, &holder), -ENOENT);
	begin_running(f);
	assert_int_equal(claim_as(f, 1, false, &f->claim, &holder), 0);
	assert_int_equal(claim_as(f, 2, false, &other, &holder), -EBUSY);
	assert_int_equal(holder, 1);
	holder = 0;
	assert_int_equal(claim_as(f, 2, true, &other, &holder), -EBUSY);
	drain_abandon(&f->claim);
	assert_int_equal(claim_as(f, 2, false, &other, &holder), 0);
}

static void an_expired_lease_is_stolen_and_the_holder_is_fenced_off(void **state)
{
	struct fixture *f = *state;
	struct drain_claim stale, thief;
	uint32_t holder = 0;

	begin_running(f);
	assert_int_equal(claim_as(f, 1, false, &stale, &holder), 0);
	expire(f, &stale);
	assert_int_equal(claim_as(f, 2, false, &thief, &holder), -ESTALE);
	assert_int_equal(holder, 1);
	assert_int_equal(claim_as(f, 2, true, &thief, &holder), 0);
	assert_false(drain_renew(&stale));
	assert_false(drain_commit(&stale, DRAIN_DONE_START | DRAIN_DONE_STOP));
	drain_abandon(&stale);
	assert_true(f->ref.slot->drain == thief.word);
	assert_true(drain_commit(&thief, DRAIN_DONE_START));
	assert_int_equal(claim_as(f, 3, false, &stale, &holder), 0);
	assert_int_equal(DRAIN_DONE(stale.word), DRAIN_DONE_START);
}

static void a_holder_known_to_be_dead_is_robbed_within_its_lease(void **state)
{
	struct fixture *f = *state;
	struct drain_claim dead, thief;
	uint32_t holder = 0;

	begin_running(f);
	assert_int_equal(claim_as(f, 1, false, &dead, &holder), 0);
	holder = 9;
	assert_int_equal(claim_as(f, 2, true, &thief, &holder), -EBUSY);
	assert_int_equal(holder, 1);
	assert_int_equal(claim_as(f, 2, true, &thief, &holder), 0);
}

static void a_late_holder_that_nobody_robbed_goes_on(void **state)
{
	struct fixture *f = *state;
	uint32_t holder = 0;

	begin_running(f);
	assert_int_equal(claim_as(f, 1, false, &f->claim, &holder), 0);
	expire(f, &f->claim);
	assert_true(drain_renew(&f->claim));
	assert_int_equal(claim_as(f, 2, true, &(struct drain_claim){ 0 }, &(uint32_t){ 0 }),
			 -EBUSY);
	assert_true(drain_commit(&f->claim, DRAIN_DONE_START));
}

static void an_absurd_lease_is_no_lease(void **state)
{
	struct fixture *f = *state;
	uint32_t seconds = (uint32_t)(clock_boot_ns() / CLOCK_SECOND);
	uint32_t holder = 0;

	begin_running(f);
	f->ref.slot->drain = DRAIN_WORD(1, seconds + 4000, 0, DRAIN_CLAIMED);
	assert_int_equal(claim_as(f, 2, false, &f->claim, &holder), -ESTALE);
}

static void a_slot_is_freed_once_when_all_is_delivered(void **state)
{
	struct fixture *f = *state;
	uint32_t holder = 0;

	begin_running(f);
	end(&f->owner);
	assert_int_equal(observe(f), DRAIN_OVER);
	assert_int_equal(claim_as(f, 1, false, &f->claim, &holder), 0);
	assert_false(drain_free(&f->claim.ref));
	assert_true(drain_commit(&f->claim, DRAIN_DONE_START));
	assert_false(drain_free(&f->claim.ref));
	assert_int_equal(claim_as(f, 1, false, &f->claim, &holder), 0);
	assert_true(drain_commit(&f->claim, DRAIN_DONE_STOP));
	assert_true(drain_free(&f->claim.ref));
	assert_int_equal(CLAIM_STATE(*f->ref.claim), CLAIM_FREE);
	assert_true(CLAIM_GENERATION(*f->ref.claim) == (f->ref.lifecycle >> 16) + 1);
	assert_false(drain_free(&f->claim.ref));
}

static void a_living_slot_is_never_freed(void **state)
{
	struct fixture *f = *state;

	begin_running(f);
	f->ref.slot->drain = DRAIN_WORD(1, 0, DRAIN_DONE_START | DRAIN_DONE_STOP, DRAIN_IDLE);
	assert_false(drain_free(&f->ref));
}

/* Ends */

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

static void in_another_pid_namespace_a_stop_is_believed_after_a_while(void **state)
{
	struct fixture *f = *state;

	begin(f);
	set_namespace(f, 12345);
	end(&f->owner);
	assert_int_equal(observe(f), DRAIN_LIVES);
	slot_set_waiter(&f->ref, (uint32_t)getpid()); /* whoever that is in there */
	note_exit(f, 6);
	change(f, CLAIM_STOPPED);
	assert_int_equal(observe(f), DRAIN_LIVES);
	age_own_note(f, DRAIN_UNKNOWN_NS);
	assert_over(f, EXIT_EXIT, 6, 0);
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

static void who_lost_the_slot_changes_nothing_of_the_next_tenant(void **state)
{
	struct fixture *f = *state;
	uint32_t holder = 0;

	begin_running(f);
	assert_int_equal(claim_as(f, 1, false, &f->claim, &holder), 0);
	/* Paused here; meanwhile the slot was drained, freed and claimed by somebody who died at
	 * once. */
	*f->ref.claim = CLAIM_WORD((f->ref.lifecycle >> 16) + 1, scene_dead_pid(), CLAIM_RUNNING);
	f->ref.slot->drain = 0;
	assert_int_equal(drain_observe(&f->claim, &f->stop), DRAIN_LIVES);
	assert_false(drain_commit(&f->claim, DRAIN_DONE_STOP));
	assert_false(drain_free(&f->claim.ref));
	assert_int_equal(CLAIM_STATE(*f->ref.claim), CLAIM_RUNNING);
}

/* Threads stand for drainers: every slot is delivered once, however many run and rob each other. */
enum { DRAINERS = 3, SLOTS = 200 };

struct drainer {
	struct pool *pool;
	uint32_t number;
	unsigned delivered;
};

static void drain_slot(struct drainer *drainer, uint32_t number)
{
	struct drain_claim claim;
	struct stop_facts stop;
	uint32_t holder = 0;
	int error = drain_claim(drainer->pool, number, drainer->number, false, &claim, &holder);

	if (error == -EBUSY && holder == 0xabc) /* whom all know to be dead */
		error = drain_claim(drainer->pool, number, drainer->number, true, &claim, &holder);
	if (error != 0)
		return;
	if (drain_observe(&claim, &stop) != DRAIN_OVER || DRAIN_DONE(claim.word) != 0) {
		drain_abandon(&claim);
		return;
	}
	if (!drain_commit(&claim, DRAIN_DONE_START | DRAIN_DONE_STOP))
		return;
	drainer->delivered++;
	drain_free(&claim.ref);
}

static void *drain_all(void *of)
{
	struct drainer *drainer = of;

	for (int round = 0; round < 2; round++)
		for (uint32_t i = 0; i < drainer->pool->slots; i++)
			drain_slot(drainer, i);
	return NULL;
}

static void many_drainers_deliver_each_slot_once(void **state)
{
	struct fixture *f = *state;
	struct pool *pool = &f->scene.pool;
	uint32_t dead = (uint32_t)scene_dead_pid();
	struct drainer drainers[DRAINERS];
	pthread_t threads[DRAINERS];
	unsigned delivered = 0;
	uint32_t taken, slots;

	f->owner = (pid_t)dead;
	for (int i = 0; i < SLOTS; i++) {
		assert_int_equal(slot_claim(pool, dead, 0, 0, &f->ref), 0);
		commit(f);
		if (i % 3 == 0)
			f->ref.slot->drain = DRAIN_WORD(0xabc, clock_boot_ns() / CLOCK_SECOND + 30,
							0, DRAIN_CLAIMED);
	}
	f->owner = 0;
	for (uint32_t i = 0; i < DRAINERS; i++) {
		drainers[i] = (struct drainer){ pool, i + 1, 0 };
		pthread_create(&threads[i], NULL, drain_all, &drainers[i]);
	}
	for (int i = 0; i < DRAINERS; i++) {
		pthread_join(threads[i], NULL);
		delivered += drainers[i].delivered;
	}
	assert_int_equal(delivered, SLOTS);
	assert_int_equal(pool_counted(pool, POOL_STOPS), SLOTS);
	pool_usage(pool, &taken, &slots);
	assert_int_equal(taken, 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(drainers_have_numbers_and_never_0),
		TEST(a_claimed_slot_is_busy_and_a_free_one_is_none),
		TEST(an_expired_lease_is_stolen_and_the_holder_is_fenced_off),
		TEST(a_holder_known_to_be_dead_is_robbed_within_its_lease),
		TEST(a_late_holder_that_nobody_robbed_goes_on),
		TEST(an_absurd_lease_is_no_lease),
		TEST(a_slot_is_freed_once_when_all_is_delivered),
		TEST(a_living_slot_is_never_freed),
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
		TEST(in_another_pid_namespace_a_stop_is_believed_after_a_while),
		TEST(after_a_reboot_everybody_is_dead),
		TEST(damage_is_counted_once_and_stops_nothing),
		TEST(who_lost_the_slot_changes_nothing_of_the_next_tenant),
		TEST(many_drainers_deliver_each_slot_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
