/*
 * The runtime of calls inside a process, without hooks: frames made by hand, a slot of a real pool.
 * Include cmocka first.
 */
#ifndef BOOKEND_TESTS_UNIT_CALLS_FIXTURE_H
#define BOOKEND_TESTS_UNIT_CALLS_FIXTURE_H

#include <errno.h>

#include "calls_scene.h"
#include "pool_scene.h"

#include "base/ring.h"
#include "base/switches.h"
#include "hooks/stub.h"
#include "hooks_machine.h"
#include "policy/measures.h"
#include "shim/calls_private.h"
#include "shim/confine.h"

#define FIXTURE_UNUSED __attribute__((unused))

#define SYMBOLS 8

struct fixture {
	struct scene pool;
	struct calls_scene policy;
	struct self self;
	struct calls calls;
	struct calls_symbol symbol[SYMBOLS];
	struct hooks_spec spec[SYMBOLS];
};

FIXTURE_UNUSED static int begin(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	scene_open(&f->pool, true);
	*state = f;
	return 0;
}

FIXTURE_UNUSED static int end(void **state)
{
	struct fixture *f = *state;

	calls_free(&f->policy);
	scene_close(&f->pool);
	free(f);
	return 0;
}

FIXTURE_UNUSED static void start(struct fixture *f, const char *rest)
{
	struct start_block facts = { .pid = (uint32_t)getpid() };
	struct calls_scene *p = &f->policy;

	calls_open(p, rest);
	f->self.pid = getpid();
	f->self.pool = f->pool.pool;
	assert_int_equal(slot_claim(&f->self.pool, facts.pid, 0, p->now->counter_bytes,
				    p->now->ring_bytes, &f->self.slot),
			 0);
	slot_commit_start(&f->self.slot, &facts);
	f->calls = (struct calls){ .self = &f->self,
				   .service = switches_hash("s", 1),
				   .image = p->calls,
				   .action = p->action,
				   .test = p->test,
				   .gate = p->gate,
				   .capture = p->capture,
				   .counters = slot_counters(&f->self.slot) };
	for (uint32_t i = 0; i < p->calls->call.count; i++) {
		f->symbol[i] = (struct calls_symbol){ &f->calls, &p->call[i], i, NULL };
		f->spec[i] = (struct hooks_spec){ .context = &f->symbol[i] };
	}
}

/* A plain count needs no routine: hooks/ does it. */
FIXTURE_UNUSED static void count_plainly(struct fixture *f, unsigned symbol)
{
	const struct image_call *c = f->symbol[symbol].call;

	for (uint32_t i = c->action; i < c->action + c->actions; i++) {
		if (f->policy.action[i].kind == MEASURE_COUNT &&
		    f->policy.action[i].test == CALL_ACCEPT)
			++*(uint64_t *)(f->calls.counters + f->policy.action[i].narrow);
	}
}

/* One call of a symbol. */
FIXTURE_UNUSED static enum hooks_next call(struct fixture *f, unsigned symbol,
					   struct hooks_frame *frame)
{
	struct stub stub = { .error = (intptr_t)((uintptr_t)&errno - machine_thread_pointer()) };
	enum hooks_next next;

	frame->stub = &stub;
	frame->spec = &f->spec[symbol];
	count_plainly(f, symbol);
	next = calls_enter(frame);
	if (next == HOOKS_FOLLOW)
		calls_leave(frame);
	return next;
}

/* As a function that fails with ENOENT, where it fails. */
FIXTURE_UNUSED static void call_with(struct fixture *f, uint64_t first, uint64_t result)
{
	struct hooks_frame frame = { .integer = { first }, .result = { result } };

	errno = ENOENT;
	call(f, 0, &frame);
}

FIXTURE_UNUSED static unsigned records(struct fixture *f, struct ring_record *last, size_t capacity)
{
	struct ring_cursor cursor;
	uint64_t position;
	unsigned count = 0;

	ring_begin(&f->self.slot, false, &cursor);
	while (ring_next(&f->self.slot, &cursor, last, (uint32_t)capacity, &position) == 0)
		count++;
	return count;
}

FIXTURE_UNUSED static int64_t measured(struct fixture *f, const char *name,
				       enum measure_statistic which)
{
	static uint64_t total[MEASURES_WORDS_MAX];
	struct measures m;
	int64_t value = INT64_MIN;
	bool is_count;
	int found;

	assert_int_equal(measures_open(&f->self.slot, &f->policy.image, 0, &m), 0);
	found = measures_find(&m, name);
	assert_true(found >= 0);
	measures_total(&m, (uint32_t)found, total);
	measures_statistic((enum measure_kind)m.measure[found].kind, total, which, &value,
			   &is_count);
	return value;
}

#define RUN(claim) cmocka_unit_test_setup_teardown(claim, begin, end)

#endif
