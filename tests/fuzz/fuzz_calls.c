/*
 * The `calls` section of an image, tampered with by someone who knows its sum: what passes the
 * check is run, as hooks run it, with arguments of the input's own. Nothing may crash, write
 * outside the counters or loop for ever. An input is 48 bytes of arguments and a row of patches:
 * offset (2 bytes), value (4 bytes).
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/checksum.h"
#include "hooks/stub.h"
#include "policy/compile/compile.h"
#include "policy/image_format.h"
#include "shim/calls_private.h"

#define PATCH	  6
#define ARGUMENTS (HOOKS_INTEGERS * 8)
#define RING	  8192

static const char policy[] =
	"bookend: 1\n"
	"destinations: { d: { format: json, url: http://x } }\n"
	"services:\n"
	"  s:\n"
	"    to: d\n"
	"    consent: [ allow: always ]\n"
	"    measures:\n"
	"      a: { call: [f, g], count: calls }\n"
	"      b: { call: f, sum: { parameter: 1 }, if: { any: [ { parameter: 2, is: [1, 2] }, { "
	"value: \"${call.result}\", above: 3 } ] } }\n"
	"      c: { call: f, last: \"${call.errno}\" }\n"
	"      h: { call: \"int g(int a, double b)\", histogram: { parameter: b } }\n"
	"    events:\n"
	"      e: { when: { call: f, once: process, in: x.so }, if: { parameter: 7, below: 3 } }\n"
	"      k: { when: { call: [f, g@V], one_in: 3, first: 3 per 1s }, limit: 9 per 1m, "
	"properties: { p: { parameter: 1, as: text }, q: { parameter: 2, as: text, length: 3 }, r: "
	"\"${call.result}\", d: \"${call.duration_ms}\" } }\n";

static uint8_t *original;
static uint32_t bytes;

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const struct compile_options options = { .tool = "/bin/bookend" };
	const struct image_index *index;
	const struct image_now *now;
	struct compiled compiled;

	(void)argc;
	(void)argv;
	if (compile_text("fuzz", policy, strlen(policy), &options, &compiled) != 0)
		abort();
	index = (const void *)(compiled.bytes + sizeof(struct image_header));
	while (index->offset == 0)
		index++;
	now = (const void *)(compiled.bytes + index->offset);
	original = compiled.bytes + now->calls;
	bytes = now->calls_bytes;
	return 0;
}

static struct {
	struct pool_header header;
	struct slot slot;
	uint8_t ring[RING];
} memory;

/* One call of each symbol, before and behind. */
static void run(const struct image_calls *image, const uint64_t *arguments)
{
	_Atomic uint64_t claim = CLAIM_WORD(1, getpid(), CLAIM_RUNNING);
	struct self self = { .pid = getpid(),
			     .pool = { .header = &memory.header },
			     .slot = { .slot = &memory.slot,
				       .claim = &claim,
				       .lifecycle = 1 << 16,
				       .class = { .ring_bytes = RING } } };
	struct calls calls = { .self = &self,
			       .image = image,
			       .action = image_calls_at(image, &image->action),
			       .test = image_calls_at(image, &image->test),
			       .gate = image_calls_at(image, &image->gate),
			       .capture = image_calls_at(image, &image->capture),
			       .counters = calloc(1, image->counter_bytes) };
	const struct image_call *call = image_calls_at(image, &image->call);
	uint64_t stack[512] = { 1, 2, 3 };
	struct stub stub = { 0 };

	self.slot.pool = &self.pool;
	memset(&memory, 0, sizeof(memory));
	for (uint32_t i = 0; i < image->call.count; i++) {
		struct calls_symbol symbol = { &calls, &call[i], i, NULL };
		struct hooks_spec spec = { .context = &symbol };
		struct hooks_frame frame = { .spec = &spec, .stub = &stub, .stack = stack };

		memcpy(frame.integer, arguments, ARGUMENTS);
		memcpy(frame.floating, arguments, ARGUMENTS);
		frame.result[0] = arguments[0];
		if (calls_enter(&frame) == HOOKS_FOLLOW)
			calls_leave(&frame);
	}
	free(calls.counters);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t arguments[HOOKS_INTEGERS];
	struct image_calls *patched;

	if (size < ARGUMENTS)
		return 0;
	memcpy(arguments, data, ARGUMENTS);
	patched = malloc(bytes);
	memcpy(patched, original, bytes);
	for (size_t i = ARGUMENTS; i + PATCH <= size; i += PATCH) {
		size_t at = (size_t)(data[i] | data[i + 1] << 8) * 4 % (bytes - 4);

		memcpy((uint8_t *)patched + at, data + i + 2, 4);
	}
	if (image_calls_hold(patched, bytes, 0) && patched->counter_bytes <= MEASURE_BYTES_MAX)
		run(patched, arguments);
	free(patched);
	return 0;
}
