/*
 * SHA-256 (FIPS 180-4). Any world.
 */
#ifndef BOOKEND_POLICY_SHA256_H
#define BOOKEND_POLICY_SHA256_H

#include <stddef.h>
#include <stdint.h>

void sha256(const void *bytes, size_t length, uint8_t into[32]);

#endif
