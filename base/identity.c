/*
 * Identifiers of records, and their text form.
 */
#include "base/identity.h"

#include <string.h>

/* Version 4 in the upper half of byte 6, variant 10 in the upper bits of byte 8 (RFC 9562, sections
 * 4 and 5.4). */
static void mark_as_uuid(struct identity *id)
{
	id->bytes[6] = (uint8_t)((id->bytes[6] & 0x0f) | 0x40);
	id->bytes[8] = (uint8_t)((id->bytes[8] & 0x3f) | 0x80);
}

struct identity identity_make(const uint8_t pool_id[16], uint64_t lifecycle, uint64_t position,
			      uint32_t event)
{
	struct {
		uint64_t lifecycle;
		uint64_t position;
		uint64_t event;
	} message = { lifecycle, position, event };
	struct identity id;

	siphash128(pool_id, &message, sizeof(message), id.bytes);
	mark_as_uuid(&id);
	return id;
}

struct identity identity_from_random(const uint8_t bytes[16])
{
	struct identity id;

	memcpy(id.bytes, bytes, sizeof(id.bytes));
	mark_as_uuid(&id);
	return id;
}

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Four bytes as eight digits: each half gets a byte of its own, and what is over 9 goes to the
 * letters. */
static void put_hex(char into[8], const uint8_t bytes[4])
{
	uint32_t four;
	uint64_t x;

	memcpy(&four, bytes, sizeof(four));
	x = four;
	x = (x | x << 16) & UINT64_C(0x0000ffff0000ffff);
	x = (x | x << 8) & UINT64_C(0x00ff00ff00ff00ff);
	x = (x >> 4 | x << 8) & EACH(0x0f);
	x += EACH('0') + ((x + EACH(6)) >> 4 & EACH(1)) * ('a' - '0' - 10);
	memcpy(into, &x, sizeof(x));
}

void identity_text(const struct identity *id, char into[IDENTITY_TEXT])
{
	char digits[32];

	for (unsigned i = 0; i < 4; i++)
		put_hex(digits + (size_t)8 * i, id->bytes + (size_t)4 * i);
	memcpy(into, digits, 8);
	memcpy(into + 9, digits + 8, 4);
	memcpy(into + 14, digits + 12, 4);
	memcpy(into + 19, digits + 16, 4);
	memcpy(into + 24, digits + 20, 12);
	into[8] = into[13] = into[18] = into[23] = '-';
	into[IDENTITY_TEXT - 1] = '\0';
}
