/*
 * base/drain_worker.h: which forks are workers, by what a drainer sees of them and of their
 * service.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/drain_worker.h"
#include "drain_scene.h"

/* Our worker: the fixture's ref and owner; its service is another slot. */
struct scene_service {
	struct slot_ref ref;
	uint32_t pid;
};

static void begin_service(struct fixture *f, struct scene_service *s)
{
	struct start_block start = { .pid_namespace = process_pid_namespace() };

	f->other = spawn();
	s->pid = (uint32_t)f->other;
	start.pid = s->pid;
	assert_int_equal(slot_claim(&f->scene.pool, s->pid, 0, 0, 0, &s->ref), 0);
	slot_commit_start(&s->ref, &start);
}

static void begin_worker_of(struct fixture *f, const struct scene_service *s, uint64_t age_ns)
{
	struct start_block start = { .pid_namespace = process_pid_namespace(),
				     .boot_ns = clock_boot_ns() - age_ns,
				     .flags = START_WORKER,
				     .ancestor = s->ref.lifecycle };

	begin(f);
	start.pid = (uint32_t)f->owner;
	slot_commit_start(&f->ref, &start);
}

static void note_step(struct fixture *f, int code, uint16_t flags)
{
	note_of(f, (struct note_facts){ .reason = EXIT_EXIT, .code = code, .flags = flags });
	change(f, CLAIM_STOPPED);
	end(&f->owner);
}

/* The service's lifecycle goes to that pid. */
static void move_to(struct scene_service *s, uint32_t pid)
{
	assert_true(slot_take_over(&s->ref, s->pid, CLAIM_RUNNING, pid, CLAIM_RUNNING));
}

static void tell_start(struct fixture *f)
{
	uint32_t holder = 0;

	assert_int_equal(drain_claim(&f->scene.pool, f->ref.number, 1, false, &f->claim, &holder),
			 0);
	assert_true(drain_commit(&f->claim, DRAIN_DONE_START));
}

static void a_worker_lives_and_ends_as_any_other(void **state)
{
	struct fixture *f = *state;
	struct scene_service s;

	begin_service(f, &s);
	begin_worker_of(f, &s, 0);
	assert_int_equal(observe(f), DRAIN_LIVES);
	note_step(f, 3, 0);
	assert_int_equal(observe(f), DRAIN_OVER);
	assert_int_equal(f->stop.code, 3);
}

static void its_start_is_told_when_it_can_not_be_taken_back_any_more(void **state)
{
	struct start_block start = { .flags = START_WORKER, .boot_ns = clock_boot_ns() };

	(void)state;
	assert_false(drain_start_settled(&start));
	start.flags = START_BY_PARENT;
	assert_false(drain_start_settled(&start));
	start.flags = 0;
	assert_true(drain_start_settled(&start));
	start.flags = START_WORKER;
	start.boot_ns -= START_SETTLES_NS;
	assert_true(drain_start_settled(&start));
}

static void who_owns_the_service_is_none(void **state)
{
	struct fixture *f = *state;
	struct scene_service s;

	begin_service(f, &s);
	begin_worker_of(f, &s, 0);
	move_to(&s, (uint32_t)f->owner);
	assert_int_equal(observe(f), DRAIN_VOID);
	assert_int_equal(CLAIM_STATE(*f->ref.claim), CLAIM_VOID);
	assert_int_equal(observe(f), DRAIN_VOID);
}

static void of_one_whose_start_was_told_the_end_is_told_too(void **state)
{
	struct fixture *f = *state;
	struct scene_service s;

	begin_service(f, &s);
	begin_worker_of(f, &s, 0);
	tell_start(f);
	move_to(&s, (uint32_t)f->owner);
	assert_int_equal(observe(f), DRAIN_OVER);
	assert_int_equal(f->stop.reason, EXIT_EXEC);
}

static void a_young_exec_makes_it_none_and_an_old_one_ends_it(void **state)
{
	static const uint64_t age[] = { 0, START_SETTLES_NS };
	static const enum drain_end want[] = { DRAIN_VOID, DRAIN_OVER };
	struct fixture *f = *state;
	struct scene_service s;

	begin_service(f, &s);
	for (int i = 0; i < 2; i++) {
		begin_worker_of(f, &s, age[i]);
		note_of(f, (struct note_facts){ .reason = EXIT_EXEC, .code = -1 });
		change(f, CLAIM_EXECUTING);
		assert_int_equal(observe(f), DRAIN_LIVES);
		end(&f->owner);
		assert_int_equal(observe(f), want[i]);
	}
	assert_int_equal(f->stop.reason, EXIT_EXEC);
}

static void the_middle_of_a_double_fork_is_none_when_the_lifecycle_moved(void **state)
{
	struct fixture *f = *state;
	struct scene_service s;

	begin_service(f, &s);
	begin_worker_of(f, &s, 0);
	note_step(f, 0, NOTE_FORKED);
	assert_int_equal(observe(f), DRAIN_WAITING);
	move_to(&s, 4711);
	assert_int_equal(observe(f), DRAIN_VOID);
}

static void a_worker_that_forked_is_one_when_nothing_moved(void **state)
{
	struct fixture *f = *state;
	struct scene_service s;

	begin_service(f, &s);
	begin_worker_of(f, &s, 2 * START_SETTLES_NS);
	note_of(f, (struct note_facts){ .reason = EXIT_EXIT, .flags = NOTE_FORKED });
	age_own_note(f, START_SETTLES_NS + 1);
	change(f, CLAIM_STOPPED);
	end(&f->owner);
	assert_int_equal(observe(f), DRAIN_OVER);
}

static void who_did_not_leave_soon_was_a_worker(void **state)
{
	struct fixture *f = *state;
	struct scene_service s;

	begin_service(f, &s);
	begin_worker_of(f, &s, START_SETTLES_NS);
	note_step(f, 0, NOTE_FORKED);
	move_to(&s, 4711);
	assert_int_equal(observe(f), DRAIN_OVER);
}

static void the_end_of_a_service_that_moved_settles_its_workers(void **state)
{
	struct fixture *f = *state;
	struct scene_service s;
	uint32_t holder = 0;
	struct drain_claim claim;
	struct stop_facts stop;

	begin_service(f, &s);
	begin_worker_of(f, &s, 0);
	move_to(&s, (uint32_t)f->owner);
	end(&f->owner);
	assert_int_equal(drain_claim(&f->scene.pool, s.ref.number, 1, false, &claim, &holder), 0);
	assert_int_equal(drain_observe(&claim, &stop), DRAIN_OVER);
	assert_true(drain_commit(&claim, DRAIN_DONE_START | DRAIN_DONE_STOP));
	assert_true(drain_free(&claim.ref));
	assert_int_equal(observe(f), DRAIN_VOID);
	assert_true(drain_commit(&f->claim, 0) == false);
}

static void what_is_void_is_freed(void **state)
{
	struct fixture *f = *state;
	struct scene_service s;
	uint32_t holder = 0;

	begin_service(f, &s);
	begin_worker_of(f, &s, 0);
	change(f, CLAIM_VOID);
	assert_int_equal(drain_claim(&f->scene.pool, f->ref.number, 1, false, &f->claim, &holder),
			 0);
	assert_int_equal(drain_observe(&f->claim, &f->stop), DRAIN_VOID);
	assert_true(drain_commit(&f->claim, DRAIN_DONE_START | DRAIN_DONE_STOP));
	assert_true(drain_free(&f->ref));
}

#define WORKER_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORKER_TEST(a_worker_lives_and_ends_as_any_other),
		WORKER_TEST(its_start_is_told_when_it_can_not_be_taken_back_any_more),
		WORKER_TEST(who_owns_the_service_is_none),
		WORKER_TEST(of_one_whose_start_was_told_the_end_is_told_too),
		WORKER_TEST(a_young_exec_makes_it_none_and_an_old_one_ends_it),
		WORKER_TEST(the_middle_of_a_double_fork_is_none_when_the_lifecycle_moved),
		WORKER_TEST(a_worker_that_forked_is_one_when_nothing_moved),
		WORKER_TEST(who_did_not_leave_soon_was_a_worker),
		WORKER_TEST(the_end_of_a_service_that_moved_settles_its_workers),
		WORKER_TEST(what_is_void_is_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
