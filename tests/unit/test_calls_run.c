/*
 * The runtime of calls inside a process, without hooks: frames made by hand, a slot of a real pool.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <float.h>
#include <math.h>
#include <pthread.h>

#include "calls_scene.h"
#include "pool_scene.h"

#include "base/ring.h"
#include "base/switches.h"
#include "policy/measures.h"
#include "shim/calls_private.h"
#include "shim/confine.h"

#define SYMBOLS 8

struct fixture {
	struct scene pool;
	struct calls_scene policy;
	struct self self;
	struct calls calls;
	struct calls_symbol symbol[SYMBOLS];
	struct hooks_spec spec[SYMBOLS];
};

static int begin(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	scene_open(&f->pool, true);
	*state = f;
	return 0;
}

static int end(void **state)
{
	struct fixture *f = *state;

	calls_free(&f->policy);
	scene_close(&f->pool);
	free(f);
	return 0;
}

static void start(struct fixture *f, const char *rest)
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
		f->symbol[i] = (struct calls_symbol){ &f->calls, &p->call[i], i };
		f->spec[i] = (struct hooks_spec){ .context = &f->symbol[i] };
	}
}

/* One call of a symbol with these arguments in the integer registers. */
static enum hooks_next call(struct fixture *f, unsigned symbol, struct hooks_frame *frame)
{
	enum hooks_next next;

	frame->spec = &f->spec[symbol];
	next = calls_enter(frame);
	if (next == HOOKS_FOLLOW)
		calls_leave(frame);
	return next;
}

static void call_with(struct fixture *f, uint64_t first, uint64_t result)
{
	struct hooks_frame frame = { .integer = { first }, .result = { result } };

	call(f, 0, &frame);
}

static unsigned records(struct fixture *f, struct ring_record *last, size_t capacity)
{
	struct ring_cursor cursor;
	uint64_t position;
	unsigned count = 0;

	ring_begin(&f->self.slot, false, &cursor);
	while (ring_next(&f->self.slot, &cursor, last, (uint32_t)capacity, &position) == 0)
		count++;
	return count;
}

static unsigned count_records(struct fixture *f)
{
	static _Alignas(8) uint8_t memory[2048];

	return records(f, (void *)memory, sizeof(memory));
}

static int64_t measured(struct fixture *f, const char *name, enum measure_statistic which)
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

static void a_record_has_what_the_event_captures(void **state)
{
	struct fixture *f = *state;
	static _Alignas(8) uint8_t memory[2048];
	struct ring_record *record = (void *)memory;
	const struct call_record *head = (const void *)record->payload;
	const struct call_item *item = (const void *)(head + 1);
	struct hooks_frame frame = { .integer = { 7, (uint64_t) "hello, world", 5 },
				     .result = { UINT32_MAX } };

	start(f, "    events: { e: { when: { call: \"int f(int a, const char *t, long n)\" }, "
		 "properties: { x: { parameter: a }, t: { parameter: t, length: n }, r: "
		 "\"${call.result}\" } } }\n");
	assert_int_equal(call(f, 0, &frame), HOOKS_FOLLOW);
	assert_int_equal(records(f, record, sizeof(memory)), 1);
	assert_int_equal(record->type, CALL_RING_TYPE);
	assert_int_equal(head->event, 0);
	assert_int_equal((int64_t)head->result, -1);
	assert_int_equal(head->flags & (CALL_HAS_RESULT | CALL_HAS_ERROR | CALL_HAS_DURATION),
			 CALL_HAS_RESULT);
	assert_true(head->flags & CALL_FAILED);
	assert_int_equal(item->key, CALL_KEY(1, CALL_INT32, 0));
	assert_int_equal(*(const int64_t *)item->bytes, 7);
	item = (const void *)(item->bytes + 8);
	assert_int_equal(item->length, 5);
	assert_memory_equal(item->bytes, "hello", 5);
	assert_int_equal(record->length, 32 + 16 + 16);
}

/* The last captured text of one record, "" for an empty and NULL for an absent one. */
static const char *text_of(struct fixture *f, const void *address, long length)
{
	static _Alignas(8) uint8_t memory[2048];
	static char text[CALL_TEXT_MAX + 1];
	struct ring_record *record = (void *)memory;
	const struct call_item *item = (const void *)(record->payload + sizeof(struct call_record));
	struct hooks_frame frame = { .integer = { (uint64_t)address, (uint64_t)length } };
	uint64_t before = f->self.slot.slot->ring_tail;
	struct ring_cursor cursor;

	call(f, 0, &frame);
	ring_begin(&f->self.slot, false, &cursor);
	cursor.position = before;
	assert_int_equal(ring_next(&f->self.slot, &cursor, record, sizeof(memory), &before), 0);
	if (record->length == sizeof(struct call_record))
		return NULL;
	memcpy(text, item->bytes, item->length);
	text[item->length] = '\0';
	return text;
}

/* Two pages, the second of which can not be read. */
static char *edge(void)
{
	char *at = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(at != MAP_FAILED);
	assert_int_equal(mprotect(at + 4096, 4096, PROT_NONE), 0);
	return at + 4096;
}

static void a_text_that_can_not_be_read_is_absent(void **state)
{
	struct fixture *f = *state;
	char *end_of_page = edge();
	char mixed[600];

	start(f, "    events: { e: { when: { call: \"int f(const char *t)\" }, properties: { t: { "
		 "parameter: t } } } }\n");
	assert_null(text_of(f, NULL, 0));
	assert_null(text_of(f, (void *)8, 0));
	assert_null(text_of(f, (void *)-1, 0));
	assert_null(text_of(f, (void *)0x8000000000000000, 0));
	assert_string_equal(text_of(f, "", 0), "");
	memcpy(end_of_page - 4, "abc", 4);
	assert_string_equal(text_of(f, end_of_page - 4, 0), "abc");
	memcpy(end_of_page - 4, "abcd", 4); /* its NUL would lie in the next page */
	assert_null(text_of(f, end_of_page - 4, 0));
	assert_null(text_of(f, end_of_page, 0));
	memset(mixed, 'x', sizeof(mixed));
	assert_int_equal(strlen(text_of(f, mixed, 0)), CALL_TEXT_MAX);
	mixed[200] = '\0';
	assert_int_equal(strlen(text_of(f, mixed, 0)), 200);
	f->self.confined = true;
	f->self.here = &(uint32_t){ 1 };
	assert_null(text_of(f, "abc", 0));
	munmap(end_of_page - 4096, 8192);
}

static void a_text_with_a_length_is_as_long_as_that(void **state)
{
	struct fixture *f = *state;
	char *end_of_page = edge();

	start(f, "    events: { e: { when: { call: \"int f(const void *t, long n)\" }, properties: "
		 "{ t: { parameter: t, length: n } } } }\n");
	memset(end_of_page - 300, 'y', 300);
	assert_int_equal(strlen(text_of(f, end_of_page - 300, 300)), CALL_TEXT_MAX);
	assert_int_equal(strlen(text_of(f, end_of_page - 7, 7)), 7);
	assert_null(text_of(f, end_of_page - 7, 8));
	assert_null(text_of(f, end_of_page - 7, -1));
	assert_string_equal(text_of(f, end_of_page - 7, 0), "");
	munmap(end_of_page - 4096, 8192);
}

static void parameters_are_found_in_registers_and_on_the_stack(void **state)
{
	struct fixture *f = *state;
	uint64_t stack[8] = { 107, 0, 108, 109 };
	struct hooks_frame frame = { .integer = { 101, 102, 103, 104, 105, 106 }, .stack = stack };
	double d = 1.5;
	float g = -2.25f;

	memcpy(&frame.floating[0][0], &d, sizeof(d));
	memcpy(&frame.floating[1][0], &g, sizeof(g));
	start(f, "    measures:\n"
		 "      a: { call: &p \"int f(int a, double d, int b, int c, float g, int i, int j, "
		 "int k, long l)\", last: { parameter: a } }\n"
			+ 0 == NULL ? "" :
		 "    measures:\n"
		 "      a: { call: \"int f(int a, double d, int b, int c, float g, int i, int j, int k, "
		 "int l, int m)\", last: { parameter: a } }\n"
		 "      d: { call: f, last: \"${call.result}\" }\n"
		 "      k: { call: \"int f(int a, double d, int b, int c, float g, int i, int j, int k, "
		 "int l, int m)\", last: { parameter: k } }\n"
		 "      l: { call: \"int f(int a, double d, int b, int c, float g, int i, int j, int k, "
		 "int l, int m)\", last: { parameter: l } }\n"
		 "      m: { call: \"int f(int a, double d, int b, int c, float g, int i, int j, int k, "
		 "int l, int m)\", last: { parameter: m } }\n"
		 "      x: { call: \"int f(int a, double d, int b, int c, float g, int i, int j, int k, "
		 "int l, int m)\", last: { parameter: d } }\n"
		 "      y: { call: \"int f(int a, double d, int b, int c, float g, int i, int j, int k, "
		 "int l, int m)\", last: { parameter: g } }\n"
		 "    events: { e: { when: stop } }\n");
	call(f, 0, &frame);
	assert_int_equal(measured(f, "a", STATISTIC_ITSELF), 101);
	assert_int_equal(measured(f, "k", STATISTIC_ITSELF), 106);
	assert_int_equal(measured(f, "l", STATISTIC_ITSELF), 107);
	assert_int_equal(measured(f, "m", STATISTIC_ITSELF), 0);
	assert_int_equal(measured(f, "x", STATISTIC_ITSELF), 1500000);
	assert_int_equal(measured(f, "y", STATISTIC_ITSELF), -2250000);
}
