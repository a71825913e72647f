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

void identity_text(const struct identity *id, char into[IDENTITY_TEXT])
{
	static const char digit[] = "0123456789abcdef";
	static const uint8_t place[] = {
		0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34
	};

	for (size_t i = 0; i < sizeof(id->bytes); i++) {
		into[place[i]] = digit[id->bytes[i] >> 4];
		into[place[i] + 1] = digit[id->bytes[i] & 15];
	}
	into[8] = into[13] = into[18] = into[23] = '-';
	into[IDENTITY_TEXT - 1] = '\0';
}
