/*
 * base/drain_claim.h, claims: lease and fencing, stepped by hand and raced by threads. Also run
 * under ThreadSanitizer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <errno.h>
#include <pthread.h>

#include <cmocka.h>

#include "drain_scene.h"

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
		assert_int_equal(slot_claim(pool, dead, 0, 0, 0, &f->ref), 0);
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
		TEST(who_lost_the_slot_changes_nothing_of_the_next_tenant),
		TEST(many_drainers_deliver_each_slot_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
