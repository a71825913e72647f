/*
 * base/checksum.h against vectors worked out from the definition in docs/formats.md by another
 * program.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/checksum.h"

static uint8_t counting[256];

static void the_value_is_the_one_that_formats_md_defines(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
		uint64_t seed;
		uint32_t value;
	} table[] = {
		{ "", 0, 0, 0xdf442d22 },
		{ "", 0, 1, 0x410cb369 },
		{ "a", 1, 0, 0x1253b9c1 },
		{ "abcdefgh", 8, 0, 0x00549518 },
		{ "abcdefghi", 9, 0, 0x42004ab6 },
		{ "\0\0\0\0\0\0\0", 8, 0, 0xd823886a },
		{ "\0\0\0\0\0\0\0\0", 9, 0, 0xaa80433d },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_int_equal(checksum(table[i].bytes, table[i].length, table[i].seed),
				 table[i].value);
	assert_int_equal(checksum(counting, 256, UINT64_C(0x0123456789abcdef)), 0x89e318fe);
}

static void every_changed_bit_changes_it(void **state)
{
	uint32_t right = checksum(counting, 100, 5);

	(void)state;
	for (unsigned bit = 0; bit < 800; bit++) {
		counting[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_not_equal(checksum(counting, 100, 5), right);
		counting[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (unsigned bit = 0; bit < 64; bit++)
		assert_int_not_equal(checksum(counting, 100, 5 ^ UINT64_C(1) << bit), right);
}

static void the_place_in_memory_does_not_matter(void **state)
{
	uint8_t shifted[64];
	uint32_t right = checksum(counting, 40, 0);

	(void)state;
	for (size_t by = 1; by < 9; by++) {
		memcpy(shifted + by, counting, 40);
		assert_int_equal(checksum(shifted + by, 40, 0), right);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_value_is_the_one_that_formats_md_defines),
		cmocka_unit_test(every_changed_bit_changes_it),
		cmocka_unit_test(the_place_in_memory_does_not_matter),
	};

	for (unsigned i = 0; i < sizeof(counting); i++)
		counting[i] = (uint8_t)i;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
