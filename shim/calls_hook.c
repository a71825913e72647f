/*
 * The routines of the hooks. What a call does stands in the image; here it is done.
 */
#include "base/switches.h"
#include "shim/calls_private.h"

/* Do the tests from there on let the action happen? Jumps go forward only. */
static bool calls_allow(const struct calls_now *now, uint32_t test)
{
	while (test < CALL_REJECT) {
		const struct image_test *t = &now->symbol->all->test[test];
		uint64_t word;
		int64_t at;

		test = t->on_false;
		if (!calls_word(now, t->source, &word))
			continue;
		at = calls_order(calls_kind(now, t->source), word);
		if (at >= t->least && at <= t->most)
			test = t->on_true;
	}
	return test == CALL_ACCEPT;
}

/* A plain count is a stub of its own. */
static bool calls_is_ours(const struct image_action *action, bool after)
{
	bool plain = action->kind == MEASURE_COUNT && action->test == CALL_ACCEPT;

	return !plain && after == ((action->needs & CALL_NEEDS_AFTER) != 0);
}

static void calls_act(struct calls_now *now, bool after)
{
	const struct image_call *call = now->symbol->call;
	const struct image_action *action = now->symbol->all->action + call->action;

	for (uint32_t i = 0; i < call->actions; i++, action++) {
		if (!calls_is_ours(action, after) || !calls_allow(now, action->test))
			continue;
		if (action->kind != ACTION_EVENT)
			calls_count(now, action);
		else if (calls_pass(now, action))
			calls_record(now, action);
	}
}

static bool calls_off(const struct calls *all)
{
	const struct pool_header *header = all->self->pool.header;

	return atomic_load_explicit(&header->control, memory_order_relaxed) &&
	       switches_off(header, all->service);
}

static bool calls_ignore(const struct calls *all)
{
	return hooks_is_muted() || calls_off(all);
}

enum hooks_next calls_enter(struct hooks_frame *frame)
{
	const struct calls_symbol *symbol = frame->spec->context;
	struct calls_now now = { .frame = frame, .symbol = symbol };
	uint32_t needs = symbol->call->flags;

	if (calls_ignore(symbol->all))
		return HOOKS_PASS;
	calls_act(&now, false);
	if (!(needs & CALL_NEEDS_AFTER))
		return HOOKS_PASS;
	frame->begin = needs & CALL_NEEDS_DURATION ? calls_cycles() : 0;
	return HOOKS_FOLLOW;
}

static bool calls_failed(uint32_t kind, uint64_t result)
{
	if (kind == CALL_POINTER)
		return !result || result == UINT64_MAX;
	return calls_widen(kind, UINT64_MAX) == result && kind != CALL_VOID;
}

void calls_leave(struct hooks_frame *frame)
{
	const struct calls_symbol *symbol = frame->spec->context;
	const struct image_call *call = symbol->call;
	struct calls_now now = { .frame = frame, .symbol = symbol };

	if (call->flags & CALL_NEEDS_DURATION)
		now.duration_ns = calls_passed_ns(frame->begin);
	else if (calls_ignore(symbol->all))
		return; /* with no entry routine, it was not asked yet */
	now.result = calls_widen(call->result, frame->result[0]);
	now.failed = calls_failed(call->result, now.result);
	now.error = now.failed ? hooks_error(frame) : 0;
	calls_act(&now, true);
}

void calls_leave_sum(struct hooks_frame *frame)
{
	const struct calls_symbol *symbol = frame->spec->context;
	const struct calls *all = symbol->all;
	uint32_t kind = symbol->call->result;

	if (!calls_off(all))
		calls_sum(all, symbol->sum,
			  calls_number(kind, calls_widen(kind, frame->result[0])));
}

enum hooks_next calls_doubt(struct hooks_frame *frame)
{
	struct calls *all = frame->spec->context;

	atomic_store_explicit(&all->doubt, true, memory_order_relaxed);
	return HOOKS_PASS;
}
