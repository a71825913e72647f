/*
 * base/identity.h: SipHash against its authors' vectors, and identifiers that are the same wherever
 * they are made.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/identity.h"

static const uint8_t key[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

/* vectors.h of the reference code: the message of n bytes is 0, 1, ... n - 1. */
static void siphash_gives_its_authors_values(void **state)
{
	static const struct {
		size_t length;
		uint64_t half;
		uint8_t whole[16];
	} table[] = {
		{ 0,
		  UINT64_C(0x726fdb47dd0e0e31),
		  { 0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6, 0x6d, 0xf6, 0x72, 0x14, 0xc7,
		    0x55, 0x02, 0x93 } },
		{ 1,
		  UINT64_C(0x74f839c593dc67fd),
		  { 0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44, 0x34, 0x76, 0x59, 0x11, 0x9b,
		    0x22, 0xfc, 0x45 } },
		{ 15,
		  UINT64_C(0xa129ca6149be45e5),
		  { 0x54, 0x93, 0xe9, 0x99, 0x33, 0xb0, 0xa8, 0x11, 0x7e, 0x08, 0xec, 0x0f, 0x97,
		    0xcf, 0xc3, 0xd9 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		uint8_t whole[16];

		assert_true(siphash64(key, key, table[i].length) == table[i].half);
		siphash128(key, key, table[i].length, whole);
		assert_memory_equal(whole, table[i].whole, 16);
	}
}

static void an_identifier_is_the_keyed_hash_of_what_it_names(void **state)
{
	struct identity id = identity_make(key, 5 << 16 | 7, IDENTITY_STOP, 3);
	char text[IDENTITY_TEXT];

	(void)state;
	identity_text(&id, text);
	/* By openssl mac over three little-endian words; then version and variant. */
	assert_string_equal(text, "f029fc26-0b87-4d7b-b241-4930a0cb3772");
}

static void an_identifier_is_a_uuid_of_version_4(void **state)
{
	static const uint8_t ones[16] = { 255, 255, 255, 255, 255, 255, 255, 255,
					  255, 255, 255, 255, 255, 255, 255, 255 };
	struct identity id = identity_from_random(ones);
	char text[IDENTITY_TEXT];

	(void)state;
	identity_text(&id, text);
	assert_string_equal(text, "ffffffff-ffff-4fff-bfff-ffffffffffff");
}

static void pool_lifecycle_position_and_event_each_make_another(void **state)
{
	uint8_t other[16] = { 1 };
	struct identity ids[] = {
		identity_make(key, 1, 1, 1), identity_make(other, 1, 1, 1),
		identity_make(key, 2, 1, 1), identity_make(key, 1, 2, 1),
		identity_make(key, 1, 1, 2),
	};
	struct identity again = identity_make(key, 1, 1, 1);

	(void)state;
	assert_memory_equal(&again, &ids[0], sizeof(again));
	for (unsigned i = 0; i < 5; i++)
		for (unsigned j = 0; j < i; j++)
			assert_memory_not_equal(&ids[i], &ids[j], sizeof(ids[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(siphash_gives_its_authors_values),
		cmocka_unit_test(an_identifier_is_the_keyed_hash_of_what_it_names),
		cmocka_unit_test(an_identifier_is_a_uuid_of_version_4),
		cmocka_unit_test(pool_lifecycle_position_and_event_each_make_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
