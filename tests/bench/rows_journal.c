/*
 * What appending a record costs the host's thread: ring_append with the boot clock, 96 bytes of
 * payload behind the 24 of the header, so 128 bytes of the ring. The ring is emptied between
 * samples, outside the time.
 */
#include "tests/bench/rows.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ring.h"
#include "tests/bench/scene.h"

#define PAYLOAD 96
#define APPENDS 400 /* in a sample, by each thread: they fit into RING */
#define RING	(128 * 1024)

struct writers {
	struct pool pool;
	struct slot_ref ref;
	int threads;
	pthread_t second;
	/* Both threads: the sample that the second may begin, and how many have arrived at its
	 * start. */
	_Atomic unsigned sample;
	_Atomic unsigned arrived;
	_Atomic unsigned ended;
	_Atomic int refused;
	_Atomic bool stop;
	double second_ns; /* written before `ended` */
};

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* Nanoseconds an append. */
static double append_many(struct writers *writers)
{
	uint8_t payload[PAYLOAD] = { 0 };
	int refused = 0;
	double begin = now_ns();

	for (int i = 0; i < APPENDS; i++) {
		payload[0] = (uint8_t)i;
		refused |= ring_append(&writers->ref, 1, clock_boot_ns(), payload, PAYLOAD);
	}

	double each = (now_ns() - begin) / APPENDS;
	if (refused)
		atomic_store(&writers->refused, refused);
	return each;
}

/* Waits until all threads are here. */
static void line_up(struct writers *writers)
{
	atomic_fetch_add(&writers->arrived, 1);
	while (atomic_load(&writers->arrived) % (unsigned)writers->threads)
		continue;
}

static void *second_thread(void *context)
{
	struct writers *writers = context;
	unsigned seen = 0;

	spawn_pin(0);
	for (;;) {
		while (atomic_load(&writers->sample) == seen && !atomic_load(&writers->stop))
			continue;
		if (atomic_load(&writers->stop))
			return NULL;
		seen++;
		line_up(writers);
		writers->second_ns = append_many(writers);
		atomic_fetch_add(&writers->ended, 1);
	}
}

static void empty_ring(struct writers *writers)
{
	static union {
		struct ring_record record;
		uint8_t bytes[RING_PAYLOAD_MAX + sizeof(struct ring_record)];
	} into;
	struct ring_cursor cursor;
	uint64_t position;

	ring_begin(&writers->ref, false, &cursor);

	uint64_t from = cursor.position;
	while (!ring_next(&writers->ref, &cursor, &into.record, sizeof(into), &position))
		continue;
	ring_release(&writers->ref, from, &cursor);
}

static int sample(void *context, double *value)
{
	struct writers *writers = context;
	double other = 0;

	if (writers->threads > 1) {
		unsigned ended = atomic_load(&writers->ended);

		atomic_fetch_add(&writers->sample, 1);
		line_up(writers);
		*value = append_many(writers);
		while (atomic_load(&writers->ended) == ended)
			continue;
		other = writers->second_ns;
		*value = (*value + other) / 2;
	} else {
		*value = append_many(writers);
	}
	empty_ring(writers);
	return atomic_load(&writers->refused);
}

static int measure(struct writers *writers, const struct scene *scene, struct measured *into)
{
	const struct arm arms[] = { { sample, writers }, { sample, writers } };
	const struct plan plan = {
		.arms = arms,
		.arm_count = 2,
		.rounds = scene->bench->quick ? 500 : 3000,
		.warm_up = 100,
	};
	struct rounds rounds;
	int error = harness_rounds(&plan, &rounds);

	if (error)
		harness_fail(into, error, "the ring refused a record");
	else
		error = harness_absolute(&rounds, into);
	harness_describe(
		into,
		"%d bytes of payload and 24 of header in 128 of a ring of %u KB, %d appends a "
		"sample, pool in %s",
		PAYLOAD, writers->ref.class.ring_bytes / 1024, APPENDS, scene->pool);
	harness_free(&rounds);
	return error;
}

static int with_threads(struct writers *writers, const struct scene *scene, struct measured *into)
{
	if (writers->threads > spawn_cores())
		return harness_fail(into, -EINVAL, "needs %d cores", writers->threads);
	if (writers->threads > 1) {
		int error = pthread_create(&writers->second, NULL, second_thread, writers);

		if (error)
			return harness_fail(into, -error, "thread");
	}
	spawn_pin(spawn_cores() - 1);

	int error = measure(writers, scene, into);
	spawn_unpin();
	atomic_store(&writers->stop, true);
	if (writers->threads > 1)
		pthread_join(writers->second, NULL);
	return error;
}

ROW_FUNCTION(journal_append)
{
	struct writers writers = { .threads = atoi(row->variant) };
	enum reason why = REASON_MEASURED;
	struct scene scene;
	int error = scene_open(bench, row->name, &scene, into);

	if (error)
		goto out;
	error = pool_open(&writers.pool, geteuid(), scene.state, true, false, &why);
	if (error) {
		harness_fail(into, error, "%s", reason_text(why));
		goto out;
	}
	error = slot_claim(&writers.pool, (uint32_t)getpid(), 0, 0, RING, &writers.ref);
	if (error)
		harness_fail(into, error, "no slot with a ring of %d bytes", RING);
	else
		error = with_threads(&writers, &scene, into);
	if (!error || writers.ref.slot)
		slot_unmap(&writers.ref);
	pool_close(&writers.pool);
out:
	scene_close(&scene);
	return error;
}
