/*
 * Measures and gates: relaxed atomic words in the slot's counters.
 */
#include "policy/measures.h"
#include "shim/calls_private.h"

static _Atomic uint64_t *calls_at(const struct calls *all, uint32_t offset)
{
	return (_Atomic uint64_t *)(all->counters + offset);
}

static void calls_add(_Atomic uint64_t *word, uint64_t by)
{
	atomic_fetch_add_explicit(word, by, memory_order_relaxed);
}

static void calls_raise(_Atomic uint64_t *word, uint64_t to)
{
	uint64_t old = atomic_load_explicit(word, memory_order_relaxed);

	while (old < to && !atomic_compare_exchange_weak_explicit(
				   word, &old, to, memory_order_relaxed, memory_order_relaxed))
		;
}

static void calls_distribute(const struct calls *all, const struct image_action *action,
			     int64_t value)
{
	uint64_t counted = value < 0 ? 0 : (uint64_t)value;
	uint32_t bucket = MEASURE_WIDE_BUCKETS + measures_bucket(value);

	if (counted > MEASURE_TOP)
		counted = MEASURE_TOP;
	calls_raise(calls_at(all, action->wide), UINT64_MAX - counted);
	calls_raise(calls_at(all, action->wide + 8), counted + 1);
	hooks_count(calls_at(all, action->narrow), counted);
	calls_add(calls_at(all, action->wide + 8 * bucket), 1);
}

void calls_sum(const struct calls *all, const struct image_action *action, int64_t value)
{
	hooks_sum(calls_at(all, action->narrow), (uint64_t)value);
}

void calls_count(const struct calls_now *now, const struct image_action *action)
{
	const struct calls *all = now->symbol->all;
	uint64_t word = 0;
	int64_t value;

	if (action->kind == MEASURE_COUNT) {
		hooks_count(calls_at(all, action->narrow), 1);
		return;
	}
	if (!calls_word(now, action->source, &word))
		return;
	value = calls_number(calls_kind(now, action->source), word);
	switch (action->kind) {
	case MEASURE_SUM:
		calls_sum(all, action, value);
		break;
	case MEASURE_LAST:
		atomic_store_explicit(calls_at(all, action->wide + 8), (uint64_t)value,
				      memory_order_relaxed);
		calls_add(calls_at(all, action->wide), 1);
		break;
	default:
		calls_distribute(all, action, value);
	}
}

/* The first `number` in each period: the word is its number and how many there were. */
static bool calls_rate(struct calls_now *now, const struct image_gate *gate, _Atomic uint64_t *word)
{
	uint64_t old = atomic_load_explicit(word, memory_order_relaxed);
	uint64_t period, next;

	if (!now->time_ns)
		now->time_ns = calls_clock();
	period = (now->time_ns / gate->period_ns + 1) << 32;
	do {
		bool same = (old ^ period) >> 32 == 0;

		if (same && (uint32_t)old >= gate->number)
			return false;
		next = same ? old + 1 : period + 1;
	} while (!atomic_compare_exchange_weak_explicit(word, &old, next, memory_order_relaxed,
							memory_order_relaxed));
	return true;
}

static bool calls_gate(struct calls_now *now, const struct image_gate *gate)
{
	struct calls *all = now->symbol->all;
	_Atomic uint64_t *word = calls_at(all, gate->word);

	switch (gate->kind) {
	case GATE_ONCE:
		return !atomic_load_explicit(word, memory_order_relaxed) &&
		       !atomic_exchange_explicit(word, 1, memory_order_relaxed);
	case GATE_ONE_IN:
		return atomic_fetch_add_explicit(word, 1, memory_order_relaxed) % gate->number == 0;
	case GATE_FIRST:
		return calls_rate(now, gate, word);
	default:
		if (calls_rate(now, gate, word))
			return true;
		pool_count(&all->self->pool, POOL_LIMITED, 1);
		return false;
	}
}

bool calls_pass(struct calls_now *now, const struct image_action *action)
{
	const struct image_gate *gate = now->symbol->all->gate + action->gate;

	for (uint32_t i = 0; i < action->gates; i++)
		if (!calls_gate(now, &gate[i]))
			return false;
	return true;
}
