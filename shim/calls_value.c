/*
 * Parameters and results as numbers and texts, with general registers only: floats are taken apart
 * by their bits (IEEE 754 binary32 and binary64).
 */
#include <stddef.h>
#include <sys/uio.h>

#include "base/sys.h"
#include "shim/calls_private.h"

static const struct {
	uint8_t class, bytes;
} calls_kinds[] = {
#define KIND(name, text, class, bytes) { CALL_##class, bytes },
#include "policy/call_kinds.def"
#undef KIND
};

static unsigned calls_ones(uint32_t bits)
{
	unsigned count = 0;

	for (; bits; bits &= bits - 1)
		count++;
	return count;
}

static unsigned calls_over(unsigned number, unsigned registers)
{
	return number > registers ? number - registers : 0;
}

/* The stack word that far from the first: without a prototype only as far as the page goes. */
static bool calls_stack(const struct calls_now *now, unsigned place, unsigned at, uint64_t *word)
{
	const uint64_t *from = now->frame->stack + at;
	uint32_t known = now->symbol->call->parameters;
	uintptr_t apart = (uintptr_t)now->frame->stack ^ (uintptr_t)from;

	if ((known == CALL_PARAMETERS_UNKNOWN || place > known) && apart >= POOL_PAGE)
		return false;
	*word = *from;
	return true;
}

/* Integers and floats are passed in registers of their own, each in the order of the parameters;
 * what is too many follows on the stack, both in one order. */
static bool calls_parameter(const struct calls_now *now, unsigned place, uint64_t *word)
{
	uint32_t floats = now->symbol->call->floats;
	uint32_t before = place <= 32 ? floats & ((UINT32_C(1) << (place - 1)) - 1) : floats;
	unsigned floating = calls_ones(before), integers = place - 1 - floating;
	bool is_float = place <= 32 && floats >> (place - 1) & 1;

	if (is_float && floating < HOOKS_FLOATS)
		*word = now->frame->floating[floating][0];
	else if (!is_float && integers < HOOKS_INTEGERS)
		*word = now->frame->integer[integers];
	else
		return calls_stack(now, place,
				   calls_over(integers, HOOKS_INTEGERS) +
					   calls_over(floating, HOOKS_FLOATS),
				   word);
	return true;
}

uint32_t calls_kind(const struct calls_now *now, uint32_t source)
{
	switch (source) {
	case CALL_SOURCE_RESULT:
		return now->symbol->call->result;
	case CALL_SOURCE_ERROR:
		return CALL_INT32;
	case CALL_SOURCE_DURATION:
		return CALL_INT64;
	default:
		return CALL_KEY_KIND(source);
	}
}

uint64_t calls_widen(uint32_t kind, uint64_t word)
{
	unsigned unused = 64 - 8 * calls_kinds[kind].bytes;

	if (kind == CALL_INT && !(word >> 32))
		return (uint64_t)(int64_t)(int32_t)word;
	if (!unused || unused == 64)
		return word;
	word <<= unused;
	return calls_kinds[kind].class == CALL_IS_SIGNED ? (uint64_t)((int64_t)word >> unused)
							 : word >> unused;
}

bool calls_word(const struct calls_now *now, uint32_t source, uint64_t *word)
{
	switch (source) {
	case CALL_SOURCE_RESULT:
		*word = now->result;
		return true;
	case CALL_SOURCE_ERROR:
		*word = (uint64_t)(int64_t)now->error;
		return true;
	case CALL_SOURCE_DURATION:
		*word = now->duration_ns;
		return true;
	default:
		if (!calls_parameter(now, CALL_KEY_PLACE(source), word))
			return false;
		*word = calls_widen(CALL_KEY_KIND(source), *word);
		return true;
	}
}

/* A binary32 as the binary64 of the same value. */
static uint64_t calls_double(uint32_t word)
{
	uint64_t sign = (uint64_t)(word >> 31) << 63;
	uint64_t exponent = word >> 23 & 0xff;
	uint64_t fraction = word & 0x7fffff;
	unsigned shift;

	if (exponent == 0xff)
		return sign | UINT64_C(0x7ff) << 52 | fraction << 29;
	if (exponent)
		return sign | (exponent + 896) << 52 | fraction << 29;
	if (!fraction)
		return sign;
	shift = (unsigned)__builtin_clz((uint32_t)fraction) - 8;
	return sign | (uint64_t)(897 - shift) << 52 | ((fraction << shift) & 0x7fffff) << 29;
}

static uint64_t calls_bits(uint32_t kind, uint64_t word)
{
	return kind == CALL_FLOAT32 ? calls_double((uint32_t)word) : word;
}

int64_t calls_order(uint32_t kind, uint64_t word)
{
	int64_t bits;

	switch (calls_kinds[kind].class) {
	case CALL_IS_UNSIGNED:
		return (int64_t)(word ^ UINT64_C(1) << 63);
	case CALL_IS_FLOAT:
		bits = (int64_t)calls_bits(kind, word);
		return bits >= 0 ? bits : INT64_MIN - bits;
	default:
		return (int64_t)word;
	}
}

/* Millionths, the nearest towards zero; what is too large, or no number, is the largest. */
static int64_t calls_millionths(uint64_t bits)
{
	uint64_t exponent = bits >> 52 & 0x7ff;
	uint64_t fraction = (bits & ((UINT64_C(1) << 52) - 1)) | UINT64_C(1) << 52;
	int shift = (int)exponent - 1075; /* the value is fraction * 2^shift */
	unsigned __int128 product = (unsigned __int128)fraction * 1000000;
	int64_t number;

	if (shift >= 0)
		number = shift < 10 && product >> (63 - shift) == 0 ? (int64_t)(product << shift)
								    : INT64_MAX;
	else
		number = shift <= -128			 ? 0
			 : product >> -shift > INT64_MAX ? INT64_MAX
							 : (int64_t)(product >> -shift);
	return bits >> 63 ? -number : number;
}

int64_t calls_number(uint32_t kind, uint64_t word)
{
	switch (calls_kinds[kind].class) {
	case CALL_IS_FLOAT:
		return calls_millionths(calls_bits(kind, word));
	case CALL_IS_UNSIGNED:
		return word > INT64_MAX ? INT64_MAX : (int64_t)word;
	default:
		return (int64_t)word;
	}
}

#define CALLS_CHUNK 64

/* Bytes that can be read there, up to the first page that can not: the kernel looks for us. */
static long calls_read(const struct self *self, uint64_t address, void *into, uint32_t bytes)
{
	uint64_t first = POOL_PAGE - address % POOL_PAGE;
	struct iovec local = { into, bytes };
	struct iovec remote[2] = { { (void *)address, first < bytes ? first : bytes } };

	if (address < POOL_PAGE || address + bytes < address || self->confined)
		return -1;
	if (first < bytes)
		remote[1] = (struct iovec){ (void *)(address + first), bytes - first };
	return sys_call6(SYS_process_vm_readv, self->pid, (long)&local, 1, (long)remote,
			 first < bytes ? 2 : 1, 0);
}

/* Where the NUL is, or -1. */
static long calls_end(const char *text, long bytes)
{
	for (long i = 0; i < bytes; i++)
		if (!text[i])
			return i;
	return -1;
}

__attribute__((noinline)) long calls_length(const struct self *self, uint64_t address, long length)
{
	long most = length >= 0 && length < CALL_TEXT_MAX ? length : CALL_TEXT_MAX;
	char chunk[CALLS_CHUNK];

	for (long at = 0; at < most;) {
		long wanted = most - at < CALLS_CHUNK ? most - at : CALLS_CHUNK;
		long got = calls_read(self, address + (uint64_t)at, chunk, (uint32_t)wanted);
		long end = length < 0 ? calls_end(chunk, got) : -1;

		if (end >= 0)
			return at + end;
		if (got != wanted)
			return -1;
		at += got;
	}
	return most;
}

void calls_copy(const struct self *self, uint64_t address, uint8_t *into, uint32_t bytes)
{
	long got = bytes ? calls_read(self, address, into, bytes) : 0;

	for (long i = got < 0 ? 0 : got; i < (long)bytes; i++)
		into[i] = 0;
}
