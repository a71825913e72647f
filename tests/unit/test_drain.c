/*
 * From pool to spool: each moment once, whoever drains, is paused, or dies in between.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "policy/compile/compile.h"
#include "sender/bounds.h"
#include "sender/drain.h"
#include "tests/unit/pool_scene.h"

static const char yaml[] = "bookend: 1\n"
			   "destinations:\n"
			   "  d: { format: json, url: http://127.0.0.1/, spool: { bytes: 4KiB } }\n"
			   "services:\n"
			   "  s:\n"
			   "    to: d\n"
			   "    consent: [ allow: always ]\n"
			   "    events: { began: { when: start }, ended: { when: stop } }\n";

struct drained {
	struct scene scene;
	char state[64];
	uint8_t image[16];
	struct sender_options options;
	struct spool spool;
	struct images images;
	struct stats stats;
	struct drain drain;
	struct drain_result result;
};

static void write_image(struct drained *d)
{
	struct compile_options options = { 0 };
	struct compiled compiled;
	char path[256];
	int at, file;

	assert_int_equal(compile_text("policy", yaml, sizeof(yaml) - 1, &options, &compiled), 0);
	memcpy(d->image, ((struct image_header *)(void *)compiled.bytes)->hash, 16);
	snprintf(path, sizeof(path), "%s/images", d->state);
	mkdir(path, 0700);
	at = snprintf(path, sizeof(path), "%s/images/", d->state);
	for (int i = 0; i < 16; i++)
		at += snprintf(path + at, sizeof(path) - (size_t)at, "%02x", d->image[i]);
	snprintf(path + at, sizeof(path) - (size_t)at, ".bki");
	file = open(path, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(file, compiled.bytes, compiled.length), compiled.length);
	close(file);
	free(compiled.bytes);
}

static void come(struct drained *d)
{
	assert_int_equal(
		spool_open(&d->spool, &d->options, &d->scene.pool, drain_number(&d->scene.pool)),
		0);
	images_open(&d->images, &d->options);
	stats_open(&d->stats, d->state);
	assert_int_equal(drain_open(&d->drain, &d->options, &d->scene.pool, &d->spool, &d->images,
				    &d->stats),
			 0);
	d->spool.settle = drain_settle;
	d->spool.context = &d->drain;
}

static void leave(struct drained *d)
{
	drain_close(&d->drain);
	spool_close(&d->spool);
	images_close(&d->images);
	stats_close(&d->stats);
}

static void begin(struct drained *d)
{
	*d = (struct drained){ .state = "/tmp/bookend-drain-XXXXXX" };
	assert_non_null(mkdtemp(d->state));
	scene_open(&d->scene, true);
	d->options = (struct sender_options){ .state = d->state, .uid = geteuid(), .context = d };
	write_image(d);
	come(d);
}

static void end(struct drained *d)
{
	char command[128];

	leave(d);
	scene_close(&d->scene);
	snprintf(command, sizeof(command), "rm -rf '%s'", d->state);
	assert_int_equal(system(command), 0);
}

/* A process that started, and ended when `ended`; with an image that nobody has when `lost`. */
static uint32_t lifecycle(struct drained *d, pid_t pid, bool ended, bool lost)
{
	struct start_block start = { .boot_ns = clock_boot_ns(),
				     .real_ns = clock_real_ns(),
				     .pid = (uint32_t)pid,
				     .uid = geteuid() };
	struct note_facts note = { .reason = EXIT_EXIT, .pid = (uint32_t)pid };
	struct slot_ref ref;
	uint32_t number;

	memcpy(start.image, d->image, 16);
	start.image[0] ^= lost;
	assert_int_equal(slot_claim(&d->scene.pool, (uint32_t)pid, 0, 0, 0, &ref), 0);
	slot_commit_start(&ref, &start);
	if (ended) {
		slot_note_own(&ref, &note);
		slot_change(&ref, (uint32_t)pid, CLAIM_RUNNING, CLAIM_STOPPED);
	}
	number = ref.number;
	slot_unmap(&ref);
	return number;
}

/* Events in all segments that count, of one name or (NULL) of any. */
static unsigned events(struct drained *d, const char *name)
{
	struct event event;
	unsigned count = 0;

	for (uint32_t i = 0; i < d->spool.count; i++) {
		struct segment *s = d->spool.held[i];

		segment_unload(s);
		assert_int_equal(segment_load(s), 0);
		for (uint32_t k = 0; k < s->items; k++) {
			assert_int_equal(
				event_unpack(s->item[k].payload, s->item[k].length, &event), 0);
			if (s->item[k].routes &&
			    (!name || !strncmp(name, event.name.text, event.name.length)))
				count++;
		}
		segment_unload(s);
	}
	return count;
}

static unsigned claim_state(struct drained *d, uint32_t number)
{
	return CLAIM_STATE(atomic_load(&d->scene.pool.claims[number]));
}

static void a_finished_lifecycle_moves_and_frees_its_slot(void **state)
{
	struct drained d;
	uint32_t number;

	(void)state;
	begin(&d);
	number = lifecycle(&d, scene_dead_pid(), true, false);
	assert_int_equal(drain_pass(&d.drain, &d.result), 0);
	assert_int_equal(events(&d, "began"), 1);
	assert_int_equal(events(&d, "ended"), 1);
	assert_int_equal(claim_state(&d, number), CLAIM_FREE);
	assert_int_equal(d.stats.count[STATS_RECORDED], 2);
	assert_int_equal(drain_pass(&d.drain, &d.result), 0);
	assert_int_equal(events(&d, NULL), 2);
	end(&d);
}

static void the_thread_of_a_service_moves_its_own_and_its_workers(void **state)
{
	struct drained d;
	struct slot_ref ref, worker;
	struct start_block start;
	uint32_t other;

	(void)state;
	begin(&d);
	slot_view(&d.scene.pool, lifecycle(&d, getpid(), false, false), &ref);
	other = lifecycle(&d, scene_dead_pid(), true, false);
	slot_view(&d.scene.pool, lifecycle(&d, scene_dead_pid(), true, false), &worker);
	assert_int_equal(slot_read_start(&worker, &start, NULL, 0), 0);
	start.flags |= START_WORKER;
	start.ancestor = ref.lifecycle;
	slot_commit_start(&worker, &start);
	d.options.only = ref.lifecycle;
	assert_int_equal(drain_pass(&d.drain, &d.result), 0);
	assert_int_equal(events(&d, NULL), 1);
	assert_int_equal(d.result.living, 1);
	d.options.workers = true;
	assert_int_equal(drain_pass(&d.drain, &d.result), 0);
	assert_true(DRAIN_DONE(atomic_load(&worker.slot->drain)) ||
		    !claim_state(&d, worker.number));
	assert_int_equal(claim_state(&d, other), CLAIM_STOPPED);
	end(&d);
}

static void a_living_one_gives_its_start_once(void **state)
{
	struct drained d;

	(void)state;
	begin(&d);
	lifecycle(&d, getpid(), false, false);
	for (int i = 0; i < 3; i++)
		assert_int_equal(drain_pass(&d.drain, &d.result), 0);
	assert_int_equal(d.result.living, 1);
	assert_int_equal(events(&d, NULL), 1);
	end(&d);
}

static void a_record_without_its_image_waits(void **state)
{
	struct drained d;
	uint32_t number;

	(void)state;
	begin(&d);
	number = lifecycle(&d, scene_dead_pid(), true, true);
	assert_int_equal(drain_pass(&d.drain, &d.result), 0);
	assert_int_equal(d.result.stuck, 1);
	assert_int_equal(events(&d, NULL), 0);
	assert_int_not_equal(claim_state(&d, number), CLAIM_FREE);
	end(&d);
}

/* Called in the middle of a pass, by the missing image of the last slot: all others are claimed. */
static void steal_all(void *context, int level, const char *line)
{
	struct drained *d = context;

	(void)level;
	(void)line;
	for (uint32_t number = 0; number < d->scene.pool.slots; number++) {
		struct slot_ref ref;

		slot_view(&d->scene.pool, number, &ref);
		if (DRAIN_STATE(atomic_load(&ref.slot->drain)) == DRAIN_CLAIMED)
			atomic_store(&ref.slot->drain, DRAIN_WORD(0x777777, 1, 0, DRAIN_IDLE));
	}
}

/* A dead pid whose slot is in the second half of the commands': slots are chosen by pid, at random.
 */
static pid_t late_dead_pid(struct drained *d)
{
	struct pool *pool = &d->scene.pool;

	for (;;) {
		pid_t pid = scene_dead_pid();
		struct slot_ref ref;
		bool late;

		assert_int_equal(slot_claim(pool, (uint32_t)pid, 0, 0, 0, &ref), 0);
		late = ref.number > pool->class[0].count / 2;
		atomic_store(ref.claim, CLAIM_WORD((ref.lifecycle >> 16) + 1, 0, CLAIM_FREE));
		slot_unmap(&ref);
		if (late)
			return pid;
	}
}

/*
 * Forty lifecycles and among them, by number, one without its image: a pass calls options.say
 * there. How many it has claimed by then.
 */
static unsigned forty_around_a_lost_image(struct drained *d)
{
	uint32_t number[40], lost = 0;
	unsigned before = 0;

	for (int i = 0; i < 40; i++) {
		if (i == 20)
			lost = lifecycle(d, late_dead_pid(d), true, true);
		number[i] = lifecycle(d, scene_dead_pid(), true, false);
	}
	for (int i = 0; i < 40; i++)
		before += number[i] < lost;
	assert_true(before > 0);
	return before;
}

static void a_lost_claim_voids_its_records(void **state)
{
	struct drained d;
	unsigned stolen;

	(void)state;
	begin(&d);
	stolen = forty_around_a_lost_image(&d);
	d.options.say = steal_all;
	assert_int_equal(drain_pass(&d.drain, &d.result), 0);
	d.options.say = NULL;
	assert_int_equal(events(&d, NULL), 2 * (40 - stolen));
	assert_int_equal(d.stats.count[STATS_RECORDED], 2 * (40 - stolen));
	assert_int_equal(drain_pass(&d.drain, &d.result), 0);
	assert_int_equal(events(&d, "began"), 40);
	assert_int_equal(events(&d, "ended"), 40);
	end(&d);
}

static void die(void *context, int level, const char *line)
{
	(void)context;
	(void)level;
	(void)line;
	_exit(0);
}

static void a_dead_drainers_claims_are_taken_at_once(void **state)
{
	struct drained d;
	pid_t pid;

	(void)state;
	begin(&d);
	forty_around_a_lost_image(&d);
	pid = fork();
	if (!pid) {
		d.options.say = die;
		d.drain.number = d.spool.drainer = drain_number(&d.scene.pool);
		drain_pass(&d.drain, &d.result);
		_exit(1);
	}
	scene_reap(pid);
	assert_int_equal(drain_pass(&d.drain, &d.result), 0);
	assert_int_equal(d.result.busy, 0);
	assert_int_equal(events(&d, "began"), 40);
	assert_int_equal(events(&d, "ended"), 40);
	end(&d);
}

/* Its records are whole in its segment and its claim was not committed: they count, once. */
static void a_dead_drainers_whole_records_are_committed_for_it(void **state)
{
	struct slot_ref ref;
	struct drained d;
	uint32_t number, dead;
	pid_t pid;

	(void)state;
	begin(&d);
	number = lifecycle(&d, getpid(), false, false);
	dead = drain_number(&d.scene.pool);
	pid = fork();
	if (!pid) {
		d.drain.number = d.spool.drainer = dead;
		_exit(drain_pass(&d.drain, &d.result) ? 1 : 0);
	}
	scene_reap(pid);
	slot_view(&d.scene.pool, number, &ref);
	assert_int_equal(DRAIN_DONE(atomic_load(&ref.slot->drain)), DRAIN_DONE_START);
	/* As it was before the commit: claimed, with a lease that still runs. */
	atomic_store(&ref.slot->drain,
		     DRAIN_WORD(dead, clock_boot_ns() / CLOCK_SECOND + 20, 0, DRAIN_CLAIMED));
	assert_int_equal(drain_pass(&d.drain, &d.result), 0);
	assert_int_equal(d.result.busy, 0);
	assert_int_equal(DRAIN_DONE(atomic_load(&ref.slot->drain)), DRAIN_DONE_START);
	assert_int_equal(events(&d, NULL), 1);
	end(&d);
}

static void a_living_drainers_claims_are_left_alone(void **state)
{
	struct slot_ref ref;
	struct drained d;
	uint32_t number;
	uint64_t word;

	(void)state;
	begin(&d);
	number = lifecycle(&d, scene_dead_pid(), true, false);
	slot_view(&d.scene.pool, number, &ref);
	word = DRAIN_WORD(4711, clock_boot_ns() / CLOCK_SECOND + 20, 0, DRAIN_CLAIMED);
	atomic_store(&ref.slot->drain, word);
	assert_int_equal(drain_pass(&d.drain, &d.result), 0);
	assert_int_equal(d.result.busy, 1);
	assert_int_equal(atomic_load(&ref.slot->drain), word);
	assert_int_equal(events(&d, NULL), 0);
	end(&d);
}

static void switched_off_it_discards_what_is_over(void **state)
{
	struct drained d;
	uint32_t number;

	(void)state;
	begin(&d);
	number = lifecycle(&d, scene_dead_pid(), true, false);
	lifecycle(&d, getpid(), false, false);
	atomic_store(&d.scene.pool.header->control, POOL_CONTROL_OFF);
	assert_int_equal(drain_pass(&d.drain, &d.result), 0);
	assert_int_equal(events(&d, NULL), 0);
	assert_int_equal(claim_state(&d, number), CLAIM_FREE);
	assert_int_equal(pool_counted(&d.scene.pool, POOL_DISCARDED), 1);
	end(&d);
}

static void the_spool_is_bounded_and_the_loss_counted(void **state)
{
	struct drained d;

	(void)state;
	begin(&d);
	for (int i = 0; i < 30; i++)
		lifecycle(&d, scene_dead_pid(), true, false);
	assert_int_equal(drain_pass(&d.drain, &d.result), 0);
	assert_int_equal(events(&d, NULL), 60);
	bounds_apply(&d.spool, &d.images, &d.stats);
	assert_int_equal(d.stats.count[STATS_DROPPED], 60);
	assert_int_equal(d.spool.count, 0);
	end(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_finished_lifecycle_moves_and_frees_its_slot),
		cmocka_unit_test(the_thread_of_a_service_moves_its_own_and_its_workers),
		cmocka_unit_test(a_living_one_gives_its_start_once),
		cmocka_unit_test(a_record_without_its_image_waits),
		cmocka_unit_test(a_lost_claim_voids_its_records),
		cmocka_unit_test(a_dead_drainers_claims_are_taken_at_once),
		cmocka_unit_test(a_dead_drainers_whole_records_are_committed_for_it),
		cmocka_unit_test(a_living_drainers_claims_are_left_alone),
		cmocka_unit_test(switched_off_it_discards_what_is_over),
		cmocka_unit_test(the_spool_is_bounded_and_the_loss_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
