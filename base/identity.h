/*
 * Identifiers made from the pool's random id, the lifecycle's number and a position, by SipHash-2-4
 * with a 128-bit result (Aumasson, Bernstein 2012) keyed with the pool id. The same record gives
 * the same identifier in whichever process, and however often, it is made. Version and variant bits
 * are those of a random UUID (RFC 9562, version 4), which receivers accept everywhere. Any world.
 */
#ifndef BOOKEND_BASE_IDENTITY_H
#define BOOKEND_BASE_IDENTITY_H

#include <stddef.h>
#include <stdint.h>

#define IDENTITY_TEXT 37 /* bytes of the text form with its NUL */

struct identity {
	uint8_t bytes[16];
};

/* Positions inside a lifecycle. Ring records use IDENTITY_RING + their ring position. */
#define IDENTITY_SESSION UINT64_C(0)
#define IDENTITY_START	 UINT64_C(1)
#define IDENTITY_STOP	 UINT64_C(2)
#define IDENTITY_RING	 UINT64_C(16)
/* Ticks of an event's schedule: IDENTITY_TICK + the tick's number. */
#define IDENTITY_TICK (UINT64_C(1) << 62)

/* event: the event's number in its policy image, so that one moment may make several events. */
struct identity identity_make(const uint8_t pool_id[16], uint64_t lifecycle, uint64_t position,
			      uint32_t event);
/* From 16 random bytes: an installation's id. */
struct identity identity_from_random(const uint8_t bytes[16]);
void identity_text(const struct identity *id, char into[IDENTITY_TEXT]);

/* SipHash-2-4-64 and -128, also used to name pools by their state directory. */
uint64_t siphash64(const uint8_t key[16], const void *bytes, size_t length);
void siphash128(const uint8_t key[16], const void *bytes, size_t length, uint8_t into[16]);

#endif
