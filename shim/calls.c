/*
 * The installation: one mapping that stays, with the section of the image, the specs and the memory
 * of the engine.
 */
#include "shim/calls.h"

#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#include "base/switches.h"
#include "base/sys.h"
#include "shim/calls_private.h"
#include "shim/confine.h"

#define CALLS_ALIGN 64

/* Behind these a child may run in our memory. */
static const char calls_doubted[][8] = { "vfork", "__vfork", "clone" };
#define CALLS_DOUBTED (sizeof(calls_doubted) / sizeof(calls_doubted[0]))

static struct calls *_Atomic calls_record_of_process;

/* What is laid out in the mapping, one behind the other. */
struct calls_memory {
	struct calls calls;
	struct calls_symbol *symbol;
	struct hooks_spec *spec;
	uint32_t specs;
	void *engine;
	size_t engine_bytes;
};

static size_t calls_round(size_t bytes)
{
	return (bytes + CALLS_ALIGN - 1) & ~(size_t)(CALLS_ALIGN - 1);
}

/* Each plain count is a spec of its own, and what is left of a symbol another. */
static uint32_t calls_specs(const struct image_calls *image)
{
	return image->action.count + image->call.count + CALLS_DOUBTED;
}

static void *calls_map(size_t bytes)
{
	long at = sys_mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return sys_failed(at) ? NULL : (void *)at;
}

static struct calls_memory *calls_lay_out(const struct image_calls *image)
{
	size_t symbols = calls_round(image->call.count * sizeof(struct calls_symbol));
	size_t specs = calls_round(calls_specs(image) * sizeof(struct hooks_spec));
	size_t head = calls_round(sizeof(struct calls_memory));
	size_t engine = hooks_bytes(calls_specs(image));
	uint8_t *at = calls_map(head + symbols + specs + engine);
	struct calls_memory *memory = (struct calls_memory *)at;

	if (!at)
		return NULL;
	memory->symbol = (struct calls_symbol *)(at + head);
	memory->spec = (struct hooks_spec *)(at + head + symbols);
	memory->engine = at + head + symbols + specs;
	memory->engine_bytes = engine;
	return memory;
}

/* Words that the arguments take on the stack. */
static uint16_t calls_stack_words(const struct image_call *call)
{
	unsigned floats = 0, integers, words = 0;

	if (call->parameters == CALL_PARAMETERS_UNKNOWN)
		return HOOKS_STACK_UNKNOWN;
	for (uint32_t bits = call->floats; bits; bits &= bits - 1)
		floats++;
	integers = call->parameters - floats;
	if (integers > HOOKS_INTEGERS)
		words += integers - HOOKS_INTEGERS;
	if (floats > HOOKS_FLOATS)
		words += floats - HOOKS_FLOATS;
	return (uint16_t)words;
}

static struct hooks_spec *calls_add(struct calls_memory *memory, const struct image_call *call)
{
	const char *texts = (const char *)memory->calls.image;
	struct hooks_spec *spec = &memory->spec[memory->specs++];

	spec->name = texts + call->name;
	spec->version = call->version ? texts + call->version : NULL;
	spec->object = call->object ? texts + call->object : NULL;
	return spec;
}

/* When the sum of its results is all that is wanted of a symbol. */
static const struct image_action *calls_only_sum(const struct calls *all,
						 const struct image_call *call)
{
	const struct image_action *only = NULL;

	for (uint32_t i = 0; i < call->actions; i++) {
		const struct image_action *action = &all->action[call->action + i];

		if (action->test != CALL_ACCEPT)
			return NULL;
		if (action->kind == MEASURE_COUNT)
			continue;
		if (only || action->kind != MEASURE_SUM || action->source != CALL_SOURCE_RESULT)
			return NULL;
		only = action;
	}
	return only;
}

static void calls_add_symbol(struct calls_memory *memory, const struct image_call *call,
			     uint32_t number)
{
	const struct calls *all = &memory->calls;
	struct calls_symbol *symbol = &memory->symbol[number];
	uint32_t before = 0, after = 0;
	struct hooks_spec *spec;

	*symbol = (struct calls_symbol){ &memory->calls, call, number, calls_only_sum(all, call) };
	for (uint32_t i = 0; i < call->actions; i++) {
		const struct image_action *action = &all->action[call->action + i];

		if (action->kind != MEASURE_COUNT || action->test != CALL_ACCEPT) {
			after += (action->needs & CALL_NEEDS_AFTER) != 0;
			before += !(action->needs & CALL_NEEDS_AFTER);
			continue;
		}
		spec = calls_add(memory, call);
		spec->kind = HOOKS_COUNT;
		spec->counter = (_Atomic uint64_t *)(all->counters + action->narrow);
	}
	if (!before && !after)
		return;
	spec = calls_add(memory, call);
	spec->kind = after ? HOOKS_CALL : HOOKS_ENTRY;
	spec->floats = call->flags & CALL_NEEDS_FLOATS;
	spec->stack_words = calls_stack_words(call);
	spec->entry = before || call->flags & CALL_NEEDS_DURATION ? calls_enter : NULL;
	spec->leave = symbol->sum ? calls_leave_sum : after ? calls_leave : NULL;
	spec->result_only = symbol->sum != NULL;
	spec->context = symbol;
}

static void calls_add_doubts(struct calls_memory *memory)
{
	for (size_t i = 0; i < CALLS_DOUBTED; i++) {
		struct hooks_spec *spec = &memory->spec[memory->specs++];

		spec->name = calls_doubted[i];
		spec->kind = HOOKS_ENTRY;
		spec->entry = calls_doubt;
		spec->context = &memory->calls;
	}
}

static void calls_fill(struct calls_memory *memory, struct self *self,
		       const struct image_calls *image)
{
	const struct image_call *call = image_calls_at(image, &image->call);

	memory->calls = (struct calls){
		.self = self,
		.service = switches_hash(self->service, strlen(self->service)),
		.image = image,
		.action = image_calls_at(image, &image->action),
		.test = image_calls_at(image, &image->test),
		.gate = image_calls_at(image, &image->gate),
		.capture = image_calls_at(image, &image->capture),
		.counters = slot_counters(&self->slot),
	};
	for (uint32_t i = 0; i < image->call.count; i++)
		calls_add_symbol(memory, &call[i], i);
	if (image->events)
		calls_add_doubts(memory);
}

static const struct hooks_spec *calls_installed; /* those of the policy come first */
static uint32_t calls_installed_count;

const struct hooks_spec *calls_specs_hooked(uint32_t *count)
{
	*count = calls_installed_count;
	return calls_installed;
}

static const char *calls_program(const struct self *self)
{
	const char *slash = strrchr(self->exe, '/');

	return slash ? slash + 1 : self->exe;
}

static bool calls_install(struct self *self, const struct image_calls *image)
{
	struct calls_memory *memory = calls_lay_out(image);
	struct hooks_setup setup = { .shards = MEASURE_SHARDS,
				     .stride = image->stride,
				     .owners = (_Atomic uint64_t *)(slot_counters(&self->slot) +
								    MEASURE_OWNERS),
				     .program = calls_program(self),
				     .apart = "libbookend-sender.so" };

	if (!memory)
		return false;
	calls_fill(memory, self, image);
	calls_clock_begin();
	if (image->events)
		confine_prepare(self);
	setup.specs = memory->spec;
	setup.count = memory->specs;
	atomic_store_explicit(&calls_record_of_process, &memory->calls, memory_order_release);
	calls_installed = memory->spec;
	calls_installed_count = memory->specs - (image->events ? CALLS_DOUBTED : 0);
	return hooks_install(&setup, memory->engine, memory->engine_bytes) == 0;
}

void calls_begin(struct self *self, const struct decision *decision)
{
	struct image_calls *image;

	if (!decision->calls_bytes)
		return;
	self->calls = true;
	image = calls_map(decision->calls_bytes);
	if (image && policy_read_calls(decision, self->uid, image) == 0 &&
	    image->counter_bytes <= self->slot.class.counter_bytes &&
	    (!image->events || self->slot.class.ring_bytes) && calls_install(self, image))
		return;
	pool_count(&self->pool, POOL_NO_CALLS, 1);
}

void calls_forked(struct self *self)
{
	struct calls *all = atomic_load_explicit(&calls_record_of_process, memory_order_acquire);

	if (!all)
		return;
	atomic_store_explicit(&all->ring, NULL, memory_order_relaxed);
	atomic_store_explicit(&all->claiming, 0, memory_order_relaxed);
	atomic_store_explicit(&all->doubt, false, memory_order_relaxed);
	confine_mark_again(self);
}
