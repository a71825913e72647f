/*
 * The records. Those of one spec, one for each function of its name, are a chain.
 */
#include "hooks/stub.h"

#include "hooks_machine.h"

/* The code of hooks/arch/ARCH/stubs.S, one stub of each pool for each record. */
void stubs_count(void);
void stubs_entry(void);
void stubs_call(void);

struct stub stubs_record[HOOKS_STUBS] __attribute__((aligned(64)));

static uint32_t stub_used;

static void stub_fill(struct stub *stub, const struct hooks_spec *spec, uintptr_t target,
		      intptr_t error)
{
	stub->target = target;
	stub->counter = spec->counter;
	stub->spec = spec;
	stub->entry = spec->entry;
	stub->leave = spec->leave;
	stub->error = error;
	stub->words =
		spec->stack_words == HOOKS_STACK_UNKNOWN ? HOOKS_STACK_GUESS : spec->stack_words;
	stub->floats = spec->floats;
	stub->bare = spec->result_only && !spec->entry && !stub->words;
}

static uintptr_t stub_address(const struct hooks_spec *spec, uint32_t number)
{
	switch (spec->kind) {
	case HOOKS_COUNT:
		return (uintptr_t)stubs_count + (uintptr_t)number * STUBS_COUNT_BYTES;
	case HOOKS_ENTRY:
		return (uintptr_t)stubs_entry + (uintptr_t)number * STUBS_ENTRY_BYTES;
	default:
		return (uintptr_t)stubs_call + (uintptr_t)number * STUBS_CALL_BYTES;
	}
}

uintptr_t stub_make(struct names_entry *spec, uintptr_t target, intptr_t error)
{
	struct stub *stub;

	for (uint32_t number = spec->stubs; number; number = stubs_record[number - 1].next)
		if (stubs_record[number - 1].target == target)
			return stub_address(spec->spec, number - 1);
	if (stub_used == HOOKS_STUBS)
		return 0;
	stub = &stubs_record[stub_used];
	stub_fill(stub, spec->spec, target, error);
	stub->next = spec->stubs;
	spec->stubs = ++stub_used;
	return stub_address(spec->spec, stub_used - 1);
}

static const struct stub *stub_in(uintptr_t address, void (*pool)(void), size_t bytes)
{
	uintptr_t offset = address - (uintptr_t)pool;

	if (offset >= bytes * HOOKS_STUBS || offset % bytes)
		return NULL;
	return &stubs_record[offset / bytes];
}

const struct stub *stub_at(uintptr_t address)
{
	const struct stub *stub = stub_in(address, stubs_count, STUBS_COUNT_BYTES);

	if (!stub)
		stub = stub_in(address, stubs_entry, STUBS_ENTRY_BYTES);
	return stub ? stub : stub_in(address, stubs_call, STUBS_CALL_BYTES);
}

int hooks_error(const struct hooks_frame *frame)
{
	return *(const int *)(machine_thread_pointer() + (uintptr_t)frame->stub->error);
}
