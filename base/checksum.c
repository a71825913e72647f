/*
 * h = seed XOR (length + 1) * P; for each little-endian word of 8 bytes, the last one filled up
 * with zeros: h = (h XOR word) * P; h = h XOR h >> 32. The value is the upper half of h * P. All
 * modulo 2^64.
 *
 * Every step is one-to-one in h and in the word, so that one changed word always changes h.
 */
#include "base/checksum.h"

#include <string.h>

#define CHECKSUM_PRIME UINT64_C(0x9e3779b97f4a7c15) /* 2^64 / golden ratio, odd */

static inline uint64_t step(uint64_t h, uint64_t word)
{
	h = (h ^ word) * CHECKSUM_PRIME;
	return h ^ h >> 32;
}

uint32_t checksum(const void *bytes, size_t length, uint64_t seed)
{
	const uint8_t *at = bytes;
	uint64_t h = seed ^ (length + 1) * CHECKSUM_PRIME;
	size_t left = length;
	uint64_t word;

	for (; left >= sizeof(word); left -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		h = step(h, word);
	}
	if (left > 0) {
		word = 0;
		memcpy(&word, at, left);
		h = step(h, word);
	}
	return (uint32_t)(h * CHECKSUM_PRIME >> 32);
}
