/*
 * Conditions that a hook decides: comparisons of numbers of the call. Each becomes a range on the
 * value's place in the order, so that whoever tests compares two integers.
 */
#include <math.h> /* INFINITY */
#include <stdlib.h>
#include <string.h>

#include "policy/compile/calls.h"
#include "policy/facts.h"

static const uint32_t classes[] = {
#define KIND(name, text, class, bytes) CALL_##class,
#include "policy/call_kinds.def"
#undef KIND
};

static bool is_comparison(enum node_op op)
{
	return op == NODE_IS || op == NODE_IS_NOT || op == NODE_ABOVE || op == NODE_BELOW ||
	       op == NODE_AT_LEAST || op == NODE_AT_MOST;
}

bool call_tests_fit(const struct expr *e, const struct expr **why)
{
	bool logic = e->op == NODE_ALL || e->op == NODE_ANY || e->op == NODE_NOT;

	if (e->op == NODE_ALWAYS || e->op == NODE_NEVER)
		return true;
	for (unsigned i = 0; logic && i < e->count; i++) {
		if (!call_tests_fit(e->operand[i], why))
			return false;
	}
	if (logic)
		return true;
	*why = e->count > 0 ? e->operand[0] : e;
	if ((e->op != NODE_PRESENT && !is_comparison(e->op)) ||
	    calls_source(e->operand[0]) == CALL_SOURCE_NONE)
		return false;
	for (unsigned i = 1; i < e->count; i++) {
		*why = e->operand[i];
		if (e->operand[i]->op != NODE_NUMBER)
			return false;
	}
	return true;
}

struct range {
	int64_t least, most;
};

static const struct range nothing = { 1, 0 };
static const struct range everything = { INT64_MIN, INT64_MAX };

/* Doubles in their order; policy/image_calls.h. */
static int64_t order_of(double number)
{
	int64_t bits;

	if (number == 0)
		number = 0; /* -0 is 0 */
	memcpy(&bits, &number, sizeof(bits));
	return bits >= 0 ? bits : INT64_MIN - bits;
}

static struct range float_range(enum node_op op, double number)
{
	int64_t at = order_of(number);

	switch (op) {
	case NODE_ABOVE:
		return (struct range){ at + 1, order_of(INFINITY) };
	case NODE_AT_LEAST:
		return (struct range){ at, order_of(INFINITY) };
	case NODE_BELOW:
		return (struct range){ order_of(-INFINITY), at - 1 };
	case NODE_AT_MOST:
		return (struct range){ order_of(-INFINITY), at };
	default:
		return (struct range){ at, at };
	}
}

/* The whole numbers around a number, wide enough for signed and unsigned words. */
struct whole {
	__int128 below, above; /* the same when it is one itself */
};

static struct whole whole_of(const char *text, int64_t scale)
{
	double number = strtod(text, NULL) * (double)scale;
	char *end;
	__int128 exact = strtoll(text, &end, 10);

	if (*end == '\0' && number > -9e18 && number < 9e18)
		return (struct whole){ exact * scale, exact * scale };
	if (number > 1e20 || number < -1e20)
		number = number > 0 ? 1e20 : -1e20;
	exact = (__int128)number;
	return (struct whole){ exact - ((double)exact > number), exact + ((double)exact < number) };
}

/* scale: of the number to the value's unit. Unsigned words are moved so that their order is signed.
 */
static struct range integer_range(enum node_op op, const char *text, bool is_unsigned,
				  int64_t scale)
{
	struct whole number = whole_of(text, scale);
	__int128 move = is_unsigned ? (__int128)INT64_MIN : 0;
	__int128 first = is_unsigned ? 0 : (__int128)INT64_MIN;
	__int128 last = first + UINT64_MAX;
	__int128 least = first, most = last;

	if (op == NODE_ABOVE)
		least = number.below + 1;
	else if (op != NODE_BELOW && op != NODE_AT_MOST)
		least = number.above;
	if (op == NODE_BELOW)
		most = number.above - 1;
	else if (op != NODE_ABOVE && op != NODE_AT_LEAST)
		most = number.below;
	least = least < first ? first : least;
	most = most > last ? last : most;
	if (least > most)
		return nothing;
	return (struct range){ (int64_t)(least + move), (int64_t)(most + move) };
}

static int scale_of(const struct expr *source)
{
	if (source->op != NODE_FACT)
		return 1;
	return source->value == FACT_CALL_DURATION_MS	? 1000000
	       : source->value == FACT_CALL_DURATION_US ? 1000
							: 1;
}

static struct range range_of(const struct call_tests *t, enum node_op op, const struct expr *source,
			     const char *number)
{
	uint32_t class = classes[calls_kind_of(t->symbol, calls_source(source))];

	if (class == CALL_IS_FLOAT)
		return float_range(op, strtod(number, NULL));
	return integer_range(op, number, class == CALL_IS_UNSIGNED, scale_of(source));
}

/* One comparison, in front of those that are there. */
static uint32_t add_range(struct call_tests *t, uint32_t source, struct range range,
			  uint32_t on_true, uint32_t on_false)
{
	struct image_test test = { source, on_true, on_false, 0, range.least, range.most };

	if (range.least > range.most || on_true == on_false)
		return on_false;
	if (range.least == everything.least && range.most == everything.most)
		return on_true;
	t->test = heap_grow(t->heap, t->test, t->count, sizeof(test));
	t->test[t->count] = test;
	return t->count++;
}

static uint32_t add_comparison(struct call_tests *t, const struct expr *e, uint32_t on_true,
			       uint32_t on_false)
{
	uint32_t source = calls_source(e->operand[0]);
	uint32_t yes = e->op == NODE_IS_NOT ? on_false : on_true;
	uint32_t next = e->op == NODE_IS_NOT ? on_true : on_false;

	if (e->op == NODE_PRESENT)
		return on_true;
	for (unsigned i = e->count - 1; i >= 1; i--)
		next = add_range(t, source, range_of(t, e->op, e->operand[0], e->operand[i]->text),
				 yes, next);
	return next;
}

uint32_t call_tests_add(struct call_tests *t, const struct expr *e, uint32_t on_true,
			uint32_t on_false)
{
	switch (e->op) {
	case NODE_ALWAYS:
		return on_true;
	case NODE_NEVER:
		return on_false;
	case NODE_NOT:
		return call_tests_add(t, e->operand[0], on_false, on_true);
	case NODE_ALL:
		for (unsigned i = e->count; i > 0; i--)
			on_true = call_tests_add(t, e->operand[i - 1], on_true, on_false);
		return on_true;
	case NODE_ANY:
		for (unsigned i = e->count; i > 0; i--)
			on_false = call_tests_add(t, e->operand[i - 1], on_true, on_false);
		return on_false;
	default:
		return add_comparison(t, e, on_true, on_false);
	}
}
