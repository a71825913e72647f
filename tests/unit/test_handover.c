/*
 * shim/handover.h on the owner's side and shim/heirs.h: this process owns a lifecycle, children of
 * it are the heirs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "pool_scene.h"
#include "shim/handover.h"
#include "shim/heirs.h"

#define CHILDREN 4

struct fixture {
	struct scene scene;
	struct self self;
	pid_t child[CHILDREN]; /* 0: none */
};

static int begin(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct start_block facts = { .pid = (uint32_t)getpid() };

	scene_open(&f->scene, true);
	f->self.pid = getpid();
	assert_int_equal(slot_claim(&f->scene.pool, (uint32_t)getpid(), 0, 0, 0, &f->self.slot), 0);
	slot_commit_start(&f->self.slot, &facts);
	*state = f;
	return 0;
}

static int end(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < CHILDREN; i++) {
		if (f->child[i] == 0)
			continue;
		kill(f->child[i], SIGKILL);
		scene_reap(f->child[i]);
	}
	scene_close(&f->scene);
	free(f);
	return 0;
}

static pid_t spawn(struct fixture *f, int number)
{
	f->child[number] = fork();
	if (f->child[number] == 0)
		for (;;)
			pause();
	return f->child[number];
}

/* The record as the child has it, registered. */
static struct self heir(struct fixture *f, pid_t pid, bool session, unsigned depth)
{
	struct self kin = f->self;

	kin.pid = pid;
	kin.session = session;
	kin.depth = depth;
	heirs_register(&kin);
	return kin;
}

static void make_old(struct fixture *f, pid_t pid)
{
	uint64_t old = (clock_boot_ns() >> 30) - 20;

	for (int i = 0; i < SLOT_HEIRS; i++) {
		uint64_t entry = f->self.slot.slot->heirs[i];

		if (HEIR_PID(entry) == (unsigned)pid)
			f->self.slot.slot->heirs[i] =
				(entry & (((uint64_t)1 << 36) - 1)) | old << 36;
	}
}

static void assert_claim(struct fixture *f, pid_t pid, enum claim_state expected)
{
	uint64_t word = *f->self.slot.claim;

	assert_int_equal(CLAIM_PID(word), pid);
	assert_int_equal(CLAIM_STATE(word), expected);
}

static void without_children_there_is_nobody_to_hand_to(void **state)
{
	struct fixture *f = *state;

	assert_false(handover_to_heir(&f->self));
	assert_false(handover_wait_for_heir(&f->self));
	assert_claim(f, getpid(), CLAIM_RUNNING);
}

static void the_heir_with_a_session_gets_it(void **state)
{
	struct fixture *f = *state;

	heir(f, spawn(f, 0), false, 3);
	heir(f, spawn(f, 1), true, 0);
	f->self.forks = 2;
	assert_true(handover_to_heir(&f->self));
	assert_claim(f, f->child[1], CLAIM_RUNNING);
}

static void the_nearest_to_the_session_gets_it(void **state)
{
	struct fixture *f = *state;

	heir(f, spawn(f, 0), true, 2);
	heir(f, spawn(f, 1), true, 1);
	heir(f, spawn(f, 2), true, 3);
	assert_true(handover_to_heir(&f->self));
	assert_claim(f, f->child[1], CLAIM_RUNNING);
}

static void an_heir_without_a_session_is_waited_for(void **state)
{
	struct fixture *f = *state;

	heir(f, spawn(f, 0), false, 3);
	assert_false(handover_to_heir(&f->self));
	assert_true(handover_wait_for_heir(&f->self));
	assert_claim(f, getpid(), CLAIM_EXIT_PENDING);
}

static void a_child_that_has_not_registered_is_waited_for(void **state)
{
	struct fixture *f = *state;

	f->self.slot.slot->pending_forks = 1;
	assert_true(handover_wait_for_heir(&f->self));
	assert_claim(f, getpid(), CLAIM_EXIT_PENDING);
}

static void a_zombie_is_no_heir(void **state)
{
	struct fixture *f = *state;
	siginfo_t info;

	heir(f, spawn(f, 0), true, 0);
	kill(f->child[0], SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)f->child[0], &info, WEXITED | WNOWAIT), 0);
	assert_false(handover_to_heir(&f->self));
	assert_false(handover_wait_for_heir(&f->self));
}

static void who_is_gone_is_no_heir(void **state)
{
	struct fixture *f = *state;
	struct self kin = heir(f, spawn(f, 0), true, 0);

	heirs_mark_gone(&kin);
	assert_false(handover_to_heir(&f->self));
	heirs_unmark_gone(&kin);
	assert_true(handover_to_heir(&f->self));
}

static void a_stranger_with_an_heir_s_pid_is_none(void **state)
{
	struct fixture *f = *state;

	heir(f, spawn(f, 0), true, 0);
	make_old(f, f->child[0]); /* entered before its process began */
	f->self.forks = 1;
	assert_false(handover_to_heir(&f->self));
}

/* The system's first process is old enough to have been entered long ago. */
static void old_workers_do_not_count_but_an_only_child_does(void **state)
{
	struct fixture *f = *state;

	heir(f, 1, true, 0);
	make_old(f, 1);
	f->self.forks = 2;
	assert_false(handover_to_heir(&f->self));
	assert_false(handover_wait_for_heir(&f->self));
	f->self.forks = 1;
	f->self.session_ns = 1; /* a daemon already: its only child is a worker too */
	assert_false(handover_to_heir(&f->self));
	f->self.session_ns = 0;
	assert_true(handover_to_heir(&f->self));
	assert_claim(f, 1, CLAIM_RUNNING);
}

static void kin_that_leave_say_so(void **state)
{
	struct fixture *f = *state;
	struct self kin = heir(f, spawn(f, 0), true, 0);

	assert_false(handover_depart(&kin));
	assert_true(f->self.slot.slot->heirs[0] & HEIR_GONE);
	handover_return(&kin);
	assert_false(f->self.slot.slot->heirs[0] & HEIR_GONE);
}

static void an_owner_by_surprise_leaves_as_the_owner(void **state)
{
	struct fixture *f = *state;
	struct self kin = heir(f, spawn(f, 0), true, 0);

	assert_true(handover_to_heir(&f->self));
	assert_true(handover_depart(&kin));
}

static void who_leaves_takes_what_was_left_a_moment_before(void **state)
{
	struct fixture *f = *state;
	struct self kin = heir(f, spawn(f, 0), true, 0);

	assert_true(
		slot_change(&f->self.slot, (uint32_t)getpid(), CLAIM_RUNNING, CLAIM_EXIT_PENDING));
	assert_true(handover_depart(&kin));
	assert_claim(f, f->child[0], CLAIM_RUNNING);
}

static void kin_leave_it_to_an_heir_nearer_to_the_session(void **state)
{
	struct fixture *f = *state;
	struct self worker;

	heir(f, spawn(f, 0), true, 0);
	worker = heir(f, spawn(f, 1), true, 1);
	assert_true(
		slot_change(&f->self.slot, (uint32_t)getpid(), CLAIM_RUNNING, CLAIM_EXIT_PENDING));
	assert_false(handover_depart(&worker));
	assert_claim(f, f->child[0], CLAIM_RUNNING);
}

static void an_owner_that_left_is_not_given_it_back(void **state)
{
	struct fixture *f = *state;
	struct self owner, daemon;

	owner = heir(f, spawn(f, 0), true, 0);
	assert_true(handover_to_heir(&f->self));
	daemon = heir(f, spawn(f, 1), true, 1);
	f->self.slot.slot->pending_forks = 1;
	assert_true(handover_depart(&owner));
	assert_true(
		slot_change(&owner.slot, (uint32_t)owner.pid, CLAIM_RUNNING, CLAIM_EXIT_PENDING));
	handover_take(&daemon);
	assert_claim(f, f->child[1], CLAIM_RUNNING);
}

static void a_full_list_takes_the_places_of_the_dead_and_counts_the_rest(void **state)
{
	struct fixture *f = *state;
	struct slot *slot = f->self.slot.slot;
	pid_t dead = scene_dead_pid();

	spawn(f, 0);
	heir(f, f->child[0], false, 3);
	for (int i = 1; i < SLOT_HEIRS; i++)
		slot->heirs[i] = (uint64_t)slot->heirs[0];
	spawn(f, 1);
	heir(f, f->child[1], false, 3);
	assert_int_equal(slot->heirs_lost, 1);
	slot->heirs[5] = (slot->heirs[5] & ~(uint64_t)0xffffffff) | (uint32_t)dead;
	heir(f, f->child[1], false, 3);
	assert_int_equal(HEIR_PID(slot->heirs[5]), f->child[1]);
	assert_int_equal(slot->heirs_lost, 1);
	heir(f, f->child[1], true, 0);
	assert_int_equal(HEIR_PID(slot->heirs[5]), f->child[1]);
	assert_true(slot->heirs[5] & HEIR_SESSION);
}

static void a_slot_of_another_lifecycle_has_no_owner_for_us(void **state)
{
	struct fixture *f = *state;

	assert_true(self_owns(&f->self));
	f->self.slot.lifecycle += 1 << 16;
	assert_int_equal(self_owner(&f->self), 0);
	assert_false(self_owns(&f->self));
	assert_false(handover_to_heir(&f->self));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(without_children_there_is_nobody_to_hand_to),
		TEST(the_heir_with_a_session_gets_it),
		TEST(the_nearest_to_the_session_gets_it),
		TEST(an_heir_without_a_session_is_waited_for),
		TEST(a_child_that_has_not_registered_is_waited_for),
		TEST(a_zombie_is_no_heir),
		TEST(who_is_gone_is_no_heir),
		TEST(a_stranger_with_an_heir_s_pid_is_none),
		TEST(old_workers_do_not_count_but_an_only_child_does),
		TEST(kin_that_leave_say_so),
		TEST(an_owner_by_surprise_leaves_as_the_owner),
		TEST(who_leaves_takes_what_was_left_a_moment_before),
		TEST(kin_leave_it_to_an_heir_nearer_to_the_session),
		TEST(an_owner_that_left_is_not_given_it_back),
		TEST(a_full_list_takes_the_places_of_the_dead_and_counts_the_rest),
		TEST(a_slot_of_another_lifecycle_has_no_owner_for_us),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
