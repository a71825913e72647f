/*
 * What the parts of calls*.c share. Everything but calls.c runs inside the host's calls: any
 * thread, signal handlers, vfork children; general registers, no libc, 700 bytes of stack (hooks.h;
 * tests/e2e/test_calls_stack.py).
 */
#ifndef BOOKEND_SHIM_CALLS_PRIVATE_H
#define BOOKEND_SHIM_CALLS_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "hooks/hooks.h"
#include "policy/call_format.h"
#include "policy/image_calls.h"
#include "policy/measure_format.h"
#include "shim/self.h"

/* One a process, made by the constructor. */
struct calls {
	struct self *self;
	uint64_t service; /* switches_hash() */
	const struct image_calls *image;
	const struct image_action *action;
	const struct image_test *test;
	const struct image_gate *gate;
	const uint32_t *capture;
	uint8_t *counters;
	/* Where kin record: their worker's slot; NULL: not yet, or they own the life. */
	struct slot_ref *_Atomic ring;
	_Atomic uint32_t claiming; /* a thread makes that, or it failed */
	_Atomic bool doubt;	   /* somebody may run in our memory under another pid */
};

/* A hooked symbol: the context of its spec. */
struct calls_symbol {
	struct calls *all;
	const struct image_call *call;
	uint32_t number;
	const struct image_action *sum; /* all that is done, of calls_leave_sum() */
};

/* A call under way. */
struct calls_now {
	const struct hooks_frame *frame;
	const struct calls_symbol *symbol;
	uint64_t result; /* behind the call; widened */
	uint64_t duration_ns;
	int32_t error;
	bool failed;
	uint64_t time_ns; /* boot time, 0: not asked yet */
};

/* calls_value.c. What the source's word is, widened to 8 bytes; false: it can not be read. */
bool calls_word(const struct calls_now *now, uint32_t source, uint64_t *word);
uint32_t calls_kind(const struct calls_now *now, uint32_t source);
uint64_t calls_widen(uint32_t kind, uint64_t word);
/* Its place in the order of policy/image_calls.h. */
int64_t calls_order(uint32_t kind, uint64_t word);
/* As a measure's value: floats in millionths. */
int64_t calls_number(uint32_t kind, uint64_t word);
/* How long the text there is, CALL_TEXT_MAX at most; -1: it can not be read. length: what another
 * parameter says, or -1: up to its NUL. */
long calls_length(const struct self *self, uint64_t address, long length);
/* So many bytes of it; what can not be read any more is 0. */
void calls_copy(const struct self *self, uint64_t address, uint8_t *into, uint32_t bytes);

/* calls_clock.c: boot time, without libc; the processor's counter, and what has passed since it was
 * read. */
void calls_clock_begin(void);
uint64_t calls_clock(void);
uint64_t calls_cycles(void);
uint64_t calls_passed_ns(uint64_t begin);

/* calls_count.c: adds to a measure. */
void calls_count(const struct calls_now *now, const struct image_action *action);
void calls_sum(const struct calls *all, const struct image_action *action, int64_t value);
/* Do the action's gates let it pass? */
bool calls_pass(struct calls_now *now, const struct image_action *action);

/* calls_record.c */
void calls_record(struct calls_now *now, const struct image_action *action);
/* The ring of this very process, or NULL. */
struct slot_ref *calls_ring(struct calls *all);

/* calls_hook.c: the routines. */
enum hooks_next calls_enter(struct hooks_frame *frame);
void calls_leave(struct hooks_frame *frame);
/* Of symbols whose results are summed, and nothing else: what many ask of many calls. */
void calls_leave_sum(struct hooks_frame *frame);
enum hooks_next calls_doubt(struct hooks_frame *frame);

#endif
