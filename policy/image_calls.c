/*
 * The check of a `calls` section at its border: after it every reference can be followed.
 */
#include "policy/image_calls.h"

#include <stddef.h>

#include "policy/call_format.h"
#include "policy/measure_format.h"

static bool table_holds(const struct image_calls *c, const struct image_table *t, size_t size)
{
	return t->offset % 8 == 0 && t->offset >= sizeof(*c) && t->offset <= c->bytes &&
	       t->count <= (c->bytes - t->offset) / size;
}

static bool range_holds(uint32_t first, uint32_t count, uint32_t of)
{
	return first <= of && count <= of - first;
}

/* A parameter's key: text: it may be one of a text. */
static bool key_holds(uint32_t key, bool text)
{
	uint32_t kind = CALL_KEY_KIND(key);

	return key < CALL_SOURCE_RESULT && kind > CALL_VOID && kind < CALL_KIND_COUNT &&
	       (text || kind != CALL_TEXT) && CALL_KEY_PLACE(key) != 0 &&
	       CALL_KEY_PLACE(key) <= CALL_PLACES && CALL_KEY_LENGTH(key) <= CALL_PLACES;
}

/* Something that yields a number. */
static bool source_holds(uint32_t source)
{
	return source == CALL_SOURCE_RESULT || source == CALL_SOURCE_ERROR ||
	       source == CALL_SOURCE_DURATION || key_holds(source, false);
}

static bool calls_hold(const struct image_calls *c)
{
	const struct image_call *call = image_calls_at(c, &c->call);

	for (uint32_t i = 0; i < c->call.count; i++) {
		if (call[i].name == 0 || call[i].name >= c->bytes || call[i].version >= c->bytes ||
		    call[i].object >= c->bytes || call[i].result >= CALL_KIND_COUNT ||
		    (call[i].parameters > CALL_PARAMETERS &&
		     call[i].parameters != CALL_PARAMETERS_UNKNOWN) ||
		    !range_holds(call[i].action, call[i].actions, c->action.count))
			return false;
	}
	return true;
}

static bool measure_holds(const struct image_calls *c, const struct image_action *a)
{
	static const uint32_t words[][2] = {
#define MEASURE(name, text, narrow, wide, about) { narrow, wide },
#include "policy/measure_kinds.def"
#undef MEASURE
	};

	return a->kind < MEASURE_KIND_COUNT && a->narrow % 8 == 0 && a->wide % 8 == 0 &&
	       a->narrow + 8ull * words[a->kind][0] <= c->stride &&
	       a->wide + 8ull * words[a->kind][1] <= c->counter_bytes &&
	       (a->kind == MEASURE_COUNT || source_holds(a->source));
}

static bool test_holds(const struct image_calls *c, uint32_t test, uint32_t after)
{
	return test >= CALL_REJECT || (test < c->test.count && test >= after);
}

static bool actions_hold(const struct image_calls *c)
{
	const struct image_action *a = image_calls_at(c, &c->action);

	for (uint32_t i = 0; i < c->action.count; i++, a++) {
		bool holds = test_holds(c, a->test, 0);

		if (a->kind != ACTION_EVENT)
			holds = holds && measure_holds(c, a);
		else
			holds = holds && range_holds(a->gate, a->gates, c->gate.count) &&
				range_holds(a->capture, a->captures, c->capture.count);
		if (!holds)
			return false;
	}
	return true;
}

static bool rest_holds(const struct image_calls *c)
{
	const struct image_test *test = image_calls_at(c, &c->test);
	const uint32_t *key = image_calls_at(c, &c->capture);
	const struct image_gate *gate = image_calls_at(c, &c->gate);

	for (uint32_t i = 0; i < c->test.count; i++) {
		if (!source_holds(test[i].source) || !test_holds(c, test[i].on_true, i + 1) ||
		    !test_holds(c, test[i].on_false, i + 1))
			return false;
	}
	for (uint32_t i = 0; i < c->capture.count; i++) {
		if (!key_holds(key[i], true))
			return false;
	}
	for (uint32_t i = 0; i < c->gate.count; i++) {
		if (gate[i].kind >= GATE_KINDS || gate[i].number == 0 || gate[i].word % 8 != 0 ||
		    (gate[i].kind >= GATE_FIRST && gate[i].period_ns == 0) ||
		    gate[i].word + 8ull > c->counter_bytes)
			return false;
	}
	return true;
}

bool image_calls_hold(const struct image_calls *c, uint32_t bytes, uint32_t service)
{
	if (bytes < sizeof(*c) || c->bytes != bytes || c->service != service ||
	    c->stride % MEASURE_STRIDE_MIN != 0 || (c->stride & (c->stride - 1)) != 0 ||
	    (uint64_t)c->stride * MEASURE_SHARDS > c->counter_bytes ||
	    ((const char *)c)[bytes - 1] != '\0')
		return false;
	return table_holds(c, &c->call, sizeof(struct image_call)) &&
	       table_holds(c, &c->action, sizeof(struct image_action)) &&
	       table_holds(c, &c->test, sizeof(struct image_test)) &&
	       table_holds(c, &c->capture, sizeof(uint32_t)) &&
	       table_holds(c, &c->gate, sizeof(struct image_gate)) && calls_hold(c) &&
	       actions_hold(c) && rest_holds(c);
}

const void *image_calls_at(const struct image_calls *c, const struct image_table *table)
{
	return (const uint8_t *)c + table->offset;
}
