/*
 * Schedules per installation: sums over processes, turns in two steps, and what a dead drainer
 * left.
 */
#include "sender/schedule_set.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define SLOTS	   8
#define BEGUN	   (UINT64_C(1795298400) * 1000000000) /* real time */
#define GENERATION UINT64_C(1)			       /* of the first tenants */

/* Names of measures, as an image has them. */
static const struct {
	uint32_t none[2];
	struct {
		uint16_t op, count;
		uint32_t value; /* bytes of the text */
		char text[8];
	} name[2];
} texts = { .name = { { NODE_TEXT, 0, 5, "calls" }, { NODE_TEXT, 0, 6, "others" } } };
static const struct section section = { (const uint8_t *)&texts, sizeof(texts) };

/* Two versions of a policy: the second one has a measure more, and in another order. */
static const struct image_measure before[] = {
	{ .name = 8, .kind = MEASURE_COUNT, .narrow = MEASURE_FIRST },
};
static const struct image_measure after[] = {
	{ .name = 24, .kind = MEASURE_COUNT, .narrow = MEASURE_FIRST + 8 },
	{ .name = 8, .kind = MEASURE_COUNT, .narrow = MEASURE_FIRST },
};

struct fixture {
	char state[64];
	_Atomic uint64_t claims[SLOTS];
	struct pool pool;
	uint64_t counters[MEASURE_SHARDS * MEASURE_STRIDE_MIN / 8];
	struct measures measures;
	int lock;
	struct schedule s;
};

static uint64_t lifecycle_of(unsigned slot, uint64_t generation)
{
	return generation << 16 | slot;
}

static void let(struct fixture *f, unsigned slot, uint64_t generation)
{
	f->claims[slot] = generation << 26;
	assert_int_equal(CLAIM_GENERATION(f->claims[slot]), generation);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->state, "/tmp/bookend-schedule-XXXXXX");
	assert_non_null(mkdtemp(f->state));
	f->pool = (struct pool){ .claims = f->claims, .slots = SLOTS, .id = "the first pool" };
	f->measures = (struct measures){ .counters = (uint8_t *)f->counters,
					 .bytes = sizeof(f->counters),
					 .stride = MEASURE_STRIDE_MIN,
					 .section = &section,
					 .measure = before,
					 .count = 1 };
	for (unsigned i = 0; i < SLOTS; i++)
		let(f, i, GENERATION);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", f->state);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

static void open_it(struct fixture *f, uint64_t now_ns)
{
	uint8_t hash[16];

	f->lock = schedules_lock(f->state);
	assert_true(f->lock >= 0);
	schedule_name("app", "beat", hash);
	assert_int_equal(schedule_open(&f->s, f->state, hash, now_ns), 0);
}

static void close_it(struct fixture *f)
{
	schedule_close(&f->s);
	close(f->lock);
}

static void save_and_close(struct fixture *f)
{
	assert_int_equal(schedule_save(&f->s), 0);
	close_it(f);
}

/* The process has counted so much by now. */
static void add(struct fixture *f, uint64_t lifecycle, uint64_t counted)
{
	f->counters[MEASURE_FIRST / 8] = counted;
	assert_int_equal(schedule_add(&f->s, &f->pool, lifecycle, &f->measures), 0);
}

static uint64_t total(const struct fixture *f)
{
	uint64_t total = 0;

	schedule_total(&f->s, &f->measures, 0, &total);
	return total;
}

static void a_turn_has_what_was_counted_before_it_and_no_more(void **state)
{
	struct fixture *f = *state;

	open_it(f, BEGUN);
	add(f, lifecycle_of(1, GENERATION), 5);
	add(f, lifecycle_of(2, GENERATION), 30);
	add(f, lifecycle_of(1, GENERATION), 7);
	schedule_begin(&f->s, &f->pool, BEGUN + TICK_NS);
	add(f, lifecycle_of(1, GENERATION), 8);
	assert_int_equal(total(f), 37);
	schedule_end(&f->s, 1);
	assert_int_equal(f->s.made_ns, BEGUN + TICK_NS);
	schedule_begin(&f->s, &f->pool, BEGUN + 2 * TICK_NS);
	assert_int_equal(total(f), 1);
	close_it(f);
}

static void a_turn_that_has_begun_is_the_same_for_who_ends_it(void **state)
{
	struct fixture *f = *state;
	uint8_t key[16];

	open_it(f, BEGUN);
	add(f, lifecycle_of(1, GENERATION), 5);
	memcpy(key, f->s.key, sizeof(key));
	schedule_begin(&f->s, &f->pool, BEGUN + TICK_NS);
	save_and_close(f);
	/* Others count meanwhile. */
	open_it(f, BEGUN + 2 * TICK_NS);
	add(f, lifecycle_of(1, GENERATION), 9);
	save_and_close(f);

	open_it(f, BEGUN + 3 * TICK_NS);
	assert_int_equal(f->s.made_ns, BEGUN);
	assert_int_equal(f->s.turn_ns, BEGUN + TICK_NS);
	assert_memory_equal(f->s.key, key, sizeof(key));
	assert_int_equal(total(f), 5);
	schedule_end(&f->s, 1);
	save_and_close(f);

	open_it(f, BEGUN + 4 * TICK_NS);
	assert_int_equal(f->s.turn_ns, 0);
	assert_int_equal(f->s.made_ns, BEGUN + TICK_NS);
	schedule_begin(&f->s, &f->pool, BEGUN + 4 * TICK_NS);
	assert_int_equal(total(f), 4);
	close_it(f);
}

static void any_number_of_processes_is_counted(void **state)
{
	const uint64_t most = 10000;
	struct fixture *f = *state;

	open_it(f, BEGUN);
	for (uint64_t i = 0; i < most; i++) {
		let(f, i % SLOTS, GENERATION + i);
		add(f, lifecycle_of(i % SLOTS, GENERATION + i), 3);
	}
	schedule_begin(&f->s, &f->pool, BEGUN + TICK_NS);
	assert_int_equal(total(f), 3 * most);
	/* A count is a word. */
	assert_in_range(f->s.counted.length, 1, SLOTS * (32 + 8));
	close_it(f);
}

static void who_lives_in_another_pool_is_not_counted_anew_after_a_turn(void **state)
{
	struct fixture *f = *state;
	struct pool other = { .claims = f->claims, .slots = SLOTS, .id = "another pool" };

	open_it(f, BEGUN);
	add(f, lifecycle_of(1, GENERATION), 5);
	schedule_begin(&f->s, &other, BEGUN + TICK_NS);
	schedule_end(&f->s, 1);
	add(f, lifecycle_of(1, GENERATION), 6);
	schedule_begin(&f->s, &other, BEGUN + 2 * TICK_NS);
	assert_int_equal(total(f), 1);
	close_it(f);
}

static int settle(struct fixture *f, uint64_t turn_ns, uint32_t maker)
{
	return schedule_settle(f->state, f->s.hash, turn_ns / TICK_NS, maker);
}

static void begin_and_save(struct fixture *f, uint64_t turn_ns)
{
	open_it(f, BEGUN);
	schedule_begin(&f->s, &f->pool, turn_ns);
	save_and_close(f);
}

static void an_event_that_a_dead_drainer_left_ends_its_turn_once(void **state)
{
	struct fixture *f = *state;

	begin_and_save(f, BEGUN + TICK_NS);
	assert_int_equal(settle(f, BEGUN + TICK_NS, 7), 1);
	assert_int_equal(settle(f, BEGUN + TICK_NS, 7), 0);
	/* Who made it too, and was slower, has made it for nothing. */
	assert_int_equal(settle(f, BEGUN + TICK_NS, 8), -EEXIST);
	open_it(f, BEGUN + 2 * TICK_NS);
	assert_int_equal(f->s.made_ns, BEGUN + TICK_NS);
	assert_int_equal(f->s.turn_ns, 0);
	close_it(f);
}

static void an_event_of_another_turn_is_left_alone(void **state)
{
	struct fixture *f = *state;

	begin_and_save(f, BEGUN + 3 * TICK_NS);
	assert_int_equal(settle(f, BEGUN + 2 * TICK_NS, 7), 0);
	open_it(f, BEGUN);
	assert_int_equal(f->s.turn_ns, BEGUN + 3 * TICK_NS);
	assert_int_equal(settle(f, BEGUN + 3 * TICK_NS, 7), -EBUSY);
	close_it(f);
	f->s.hash[0] ^= 1;
	assert_int_equal(settle(f, BEGUN + 3 * TICK_NS, 7), -ENOENT);
}

static void one_drainer_at_a_time(void **state)
{
	struct fixture *f = *state;
	struct schedule_set ours = { .state = f->state }, others = { .state = f->state };
	int error = 0;

	assert_non_null(schedule_set_get(&ours, "app", "beat", &error));
	assert_null(schedule_set_get(&others, "app", "beat", &error));
	assert_int_equal(error, -EBUSY);
	assert_null(schedule_set_get(&others, "app", "other", &error));
	assert_int_equal(error, -EBUSY);
	assert_int_equal(schedule_set_close(&others), 0);
	assert_int_equal(schedule_set_close(&ours), 0);
	assert_non_null(schedule_set_get(&others, "app", "beat", &error));
	assert_int_equal(schedule_set_close(&others), 0);
}

/* More than it holds open at once: those before are on the disk, and none is read twice meanwhile.
 */
static void a_set_keeps_what_was_added(void **state)
{
	struct fixture *f = *state;
	struct schedule_set set = { .state = f->state };
	struct schedule *s;
	char label[32];
	int error = 0;

	for (int round = 1; round <= 2; round++) {
		for (int i = 0; i < 2 * SCHEDULE_SET; i++) {
			snprintf(label, sizeof(label), "event %d", i);
			s = schedule_set_get(&set, "app", label, &error);
			assert_non_null(s);
			f->counters[MEASURE_FIRST / 8] = 10 * round + i;
			assert_int_equal(schedule_add(s, &f->pool, lifecycle_of(1, GENERATION),
						      &f->measures),
					 0);
			assert_ptr_equal(schedule_set_get(&set, "app", label, &error), s);
		}
		assert_int_equal(schedule_set_close(&set), 0);
	}
	for (int i = 0; i < 2 * SCHEDULE_SET; i++) {
		snprintf(label, sizeof(label), "event %d", i);
		s = schedule_set_get(&set, "app", label, &error);
		assert_non_null(s);
		schedule_begin(s, &f->pool, BEGUN + TICK_NS);
		f->s = *s;
		assert_int_equal(total(f), 20 + i);
	}
	assert_int_equal(schedule_set_close(&set), 0);
}

static void what_can_not_be_saved_is_said(void **state)
{
	struct fixture *f = *state;
	struct schedule_set set = { .state = f->state };
	struct schedule *s;
	int error = 0;

	s = schedule_set_get(&set, "app", "beat", &error);
	assert_non_null(s);
	assert_int_equal(mkdir(s->path, 0700), 0); /* no file takes its place */
	assert_int_equal(schedule_set_close(&set), -EISDIR);
	assert_int_equal(schedule_set_close(&set), 0);
}

static void processes_of_two_versions_of_a_policy_add_up(void **state)
{
	struct fixture *f = *state;
	uint64_t others;

	open_it(f, BEGUN);
	add(f, lifecycle_of(1, GENERATION), 5);
	f->measures.measure = after;
	f->measures.count = 2;
	f->counters[MEASURE_FIRST / 8 + 1] = 100;
	add(f, lifecycle_of(2, GENERATION), 30);
	save_and_close(f);
	open_it(f, BEGUN);
	f->measures.measure = before;
	f->measures.count = 1;
	add(f, lifecycle_of(1, GENERATION), 7);
	schedule_begin(&f->s, &f->pool, BEGUN + TICK_NS);
	assert_int_equal(total(f), 37);
	f->measures.measure = after;
	f->measures.count = 2;
	schedule_total(&f->s, &f->measures, 1, &others);
	assert_int_equal(others, 37);
	schedule_total(&f->s, &f->measures, 0, &others);
	assert_int_equal(others, 100);
	close_it(f);
}

static void what_was_not_counted_in_a_period_goes_with_it(void **state)
{
	struct fixture *f = *state;

	open_it(f, BEGUN);
	add(f, lifecycle_of(1, GENERATION), 5);
	schedule_begin(&f->s, &f->pool, BEGUN + TICK_NS);
	schedule_end(&f->s, 1);
	assert_true(f->s.sums.length > 0);
	schedule_begin(&f->s, &f->pool, BEGUN + 2 * TICK_NS);
	assert_int_equal(f->s.sums.length, 0);
	assert_int_equal(total(f), 0);
	schedule_end(&f->s, 1);
	add(f, lifecycle_of(1, GENERATION), 6);
	schedule_begin(&f->s, &f->pool, BEGUN + 3 * TICK_NS);
	assert_int_equal(total(f), 1);
	close_it(f);
}

/* Each byte in turn: what is read is what was written, or begins anew, and never anything else. */
static void a_damaged_file_begins_anew(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	open_it(f, BEGUN);
	add(f, lifecycle_of(1, GENERATION), 5);
	save_and_close(f);
	assert_int_equal(stat(f->s.path, &st), 0);
	for (off_t at = 0; at < st.st_size; at++) {
		int file = open(f->s.path, O_RDWR);
		uint8_t byte;

		assert_int_equal(pread(file, &byte, 1, at), 1);
		byte ^= 0x10;
		assert_int_equal(pwrite(file, &byte, 1, at), 1);
		open_it(f, BEGUN + TICK_NS);
		assert_int_equal(f->s.made_ns, BEGUN + TICK_NS);
		assert_int_equal(f->s.counted.length, 0);
		close_it(f);
		byte ^= 0x10;
		assert_int_equal(pwrite(file, &byte, 1, at), 1);
		close(file);
	}
	assert_int_equal(truncate(f->s.path, st.st_size - 1), 0);
	open_it(f, BEGUN + TICK_NS);
	assert_int_equal(f->s.made_ns, BEGUN + TICK_NS);
	close_it(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_turn_has_what_was_counted_before_it_and_no_more),
		TEST(a_turn_that_has_begun_is_the_same_for_who_ends_it),
		TEST(any_number_of_processes_is_counted),
		TEST(who_lives_in_another_pool_is_not_counted_anew_after_a_turn),
		TEST(an_event_that_a_dead_drainer_left_ends_its_turn_once),
		TEST(an_event_of_another_turn_is_left_alone),
		TEST(one_drainer_at_a_time),
		TEST(a_set_keeps_what_was_added),
		TEST(what_can_not_be_saved_is_said),
		TEST(processes_of_two_versions_of_a_policy_add_up),
		TEST(what_was_not_counted_in_a_period_goes_with_it),
		TEST(a_damaged_file_begins_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
