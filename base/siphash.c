/*
 * SipHash-2-4 as its authors define it (Aumasson, Bernstein: "SipHash: a fast short-input PRF",
 * 2012; the result of 128 bits as in their reference code). Little-endian machines only, as
 * everything here.
 */
#include "base/identity.h"

#include <string.h>

struct sip {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static void rounds(struct sip *s, unsigned count)
{
	while (count-- > 0) {
		s->v0 += s->v1;
		s->v1 = rotate(s->v1, 13) ^ s->v0;
		s->v0 = rotate(s->v0, 32);
		s->v2 += s->v3;
		s->v3 = rotate(s->v3, 16) ^ s->v2;
		s->v0 += s->v3;
		s->v3 = rotate(s->v3, 21) ^ s->v0;
		s->v2 += s->v1;
		s->v1 = rotate(s->v1, 17) ^ s->v2;
		s->v2 = rotate(s->v2, 32);
	}
}

static struct sip begin(const uint8_t key[16])
{
	uint64_t k0, k1;

	memcpy(&k0, key, 8);
	memcpy(&k1, key + 8, 8);
	return (struct sip){ k0 ^ UINT64_C(0x736f6d6570736575), k1 ^ UINT64_C(0x646f72616e646f6d),
			     k0 ^ UINT64_C(0x6c7967656e657261), k1 ^ UINT64_C(0x7465646279746573) };
}

static void word(struct sip *s, uint64_t m)
{
	s->v3 ^= m;
	rounds(s, 2);
	s->v0 ^= m;
}

static void message(struct sip *s, const uint8_t *bytes, size_t length)
{
	uint64_t m;
	size_t left = length;

	for (; left >= 8; left -= 8, bytes += 8) {
		memcpy(&m, bytes, 8);
		word(s, m);
	}
	m = 0;
	memcpy(&m, bytes, left);
	word(s, m | (uint64_t)length << 56);
}

static uint64_t finish(struct sip *s, uint64_t *into, uint64_t difference)
{
	*into ^= difference;
	rounds(s, 4);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

uint64_t siphash64(const uint8_t key[16], const void *bytes, size_t length)
{
	struct sip s = begin(key);

	message(&s, bytes, length);
	return finish(&s, &s.v2, 0xff);
}

void siphash128(const uint8_t key[16], const void *bytes, size_t length, uint8_t into[16])
{
	struct sip s = begin(key);
	uint64_t half[2];

	s.v1 ^= 0xee;
	message(&s, bytes, length);
	half[0] = finish(&s, &s.v2, 0xee);
	half[1] = finish(&s, &s.v1, 0xdd);
	memcpy(into, half, sizeof(half));
}
