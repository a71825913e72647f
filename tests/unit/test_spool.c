/*
 * The spool of one drainer among others: adoption, reuse, falling back to tmpfs.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sender/spool.h"
#include "sender/spool_look.h"
#include "tests/unit/spool_scene.h"

struct two {
	struct scene scene; /* its path is the state directory */
	struct sender_options options;
	struct pool pool; /* only its id is looked at */
	struct spool a, b;
};

static void begin(struct two *t)
{
	*t = (struct two){ 0 };
	scene_begin(&t->scene);
	t->options = (struct sender_options){ .state = t->scene.path, .uid = geteuid() };
	memcpy(t->pool.id, scene_pool, 16);
	assert_int_equal(spool_open(&t->a, &t->options, &t->pool, 1), 0);
	assert_int_equal(spool_open(&t->b, &t->options, &t->pool, 2), 0);
}

static void end(struct two *t)
{
	char command[1400];

	spool_close(&t->a);
	spool_close(&t->b);
	snprintf(command, sizeof(command), "rm -rf '%s'", t->a.place.fallback);
	assert_int_equal(system(command), 0);
	scene_end(&t->scene);
}

static void write_one(struct spool *spool, uint64_t lifecycle)
{
	struct segment *segment;

	assert_int_equal(spool_segment(spool, scene_image, &segment), 0);
	scene_add(segment, lifecycle);
	assert_int_equal(segment_write(segment, true), 0);
}

static void a_living_drainers_segments_are_not_adopted(void **state)
{
	struct two t;

	(void)state;
	begin(&t);
	write_one(&t.a, 1);
	assert_int_equal(spool_adopt(&t.b), 0);
	assert_false(spool_drainer_dead(&t.b, 1));
	end(&t);
}

static void a_dead_drainers_segments_are_adopted_once(void **state)
{
	struct spool third;
	struct two t;

	(void)state;
	begin(&t);
	write_one(&t.a, 1);
	spool_close(&t.a);
	assert_int_equal(spool_adopt(&t.b), 1);
	assert_true(spool_drainer_dead(&t.b, 1));
	assert_int_equal(t.b.count, 1);
	assert_memory_equal(strchr(t.b.held[0]->name, '-'), "-2-", 3);
	assert_int_equal(spool_open(&third, &t.options, &t.pool, 3), 0);
	assert_int_equal(spool_adopt(&third), 0);
	spool_close(&third);
	end(&t);
}

static void an_adopted_segment_is_appended_to(void **state)
{
	struct two t;

	(void)state;
	begin(&t);
	write_one(&t.a, 1);
	spool_close(&t.a);
	spool_adopt(&t.b);
	write_one(&t.b, 2);
	assert_int_equal(t.b.count, 1);
	assert_int_equal(segment_load(t.b.held[0]), 0);
	assert_int_equal(t.b.held[0]->items, 2);
	assert_int_equal(t.b.held[0]->routes, 1);
	end(&t);
}

static void another_image_gets_another_segment(void **state)
{
	uint8_t other[16] = "another image";
	struct segment *segment;
	struct two t;

	(void)state;
	begin(&t);
	write_one(&t.a, 1);
	assert_int_equal(spool_segment(&t.a, other, &segment), 0);
	assert_int_equal(t.a.count, 2);
	end(&t);
}

static void a_full_segment_is_followed_by_another(void **state)
{
	struct segment *first, *second;
	struct two t;

	(void)state;
	begin(&t);
	assert_int_equal(spool_segment(&t.a, scene_image, &first), 0);
	for (uint64_t i = 0; first->pending.length < SPOOL_SEGMENT; i++)
		scene_add(first, i);
	assert_int_equal(spool_segment(&t.a, scene_image, &second), 0);
	assert_ptr_not_equal(first, second);
	end(&t);
}

static void what_everybody_has_is_deleted(void **state)
{
	struct sender_spool seen;
	struct two t;

	(void)state;
	begin(&t);
	write_one(&t.a, 1);
	spool_retire(&t.a);
	assert_int_equal(t.a.count, 1);
	segment_acknowledge(t.a.held[0], 0, t.a.held[0]->end);
	spool_retire(&t.a);
	assert_int_equal(t.a.count, 0);
	assert_int_equal(spool_look(&t.options, &seen), 0);
	assert_int_equal(seen.segments, 0);
	end(&t);
}

static void a_disk_that_refuses_is_left_for_tmpfs(void **state)
{
	struct segment *segment;
	struct two t;

	(void)state;
	begin(&t);
	/* Nothing can be made in a folder that is gone. */
	assert_int_equal(rmdir(t.a.place.state), 0);
	assert_int_equal(spool_segment(&t.a, scene_image, &segment), 0);
	assert_true(t.a.on_tmpfs);
	assert_int_equal(segment->folder, t.a.folder[1]);
	end(&t);
}

static void looking_takes_nothing(void **state)
{
	struct sender_spool seen;
	struct two t;

	(void)state;
	begin(&t);
	write_one(&t.a, 1);
	write_one(&t.a, 2);
	assert_int_equal(spool_look(&t.options, &seen), 0);
	assert_int_equal(seen.why, 0);
	assert_int_equal(seen.segments, 1);
	assert_int_equal(seen.waiting, 2);
	assert_string_equal(seen.folder, t.a.place.state);
	write_one(&t.a, 3);
	end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_living_drainers_segments_are_not_adopted),
		cmocka_unit_test(a_dead_drainers_segments_are_adopted_once),
		cmocka_unit_test(an_adopted_segment_is_appended_to),
		cmocka_unit_test(another_image_gets_another_segment),
		cmocka_unit_test(a_full_segment_is_followed_by_another),
		cmocka_unit_test(what_everybody_has_is_deleted),
		cmocka_unit_test(a_disk_that_refuses_is_left_for_tmpfs),
		cmocka_unit_test(looking_takes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
