/*
 * The shim's own string functions against libc's, on random input of few letters. They are included
 * under other names: the test, and the sanitizers, use libc's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OWN(type, name, ...) static type own_##name(__VA_ARGS__)
OWN(void *, memcpy, void *restrict, const void *restrict, size_t);
OWN(void *, memmove, void *, const void *, size_t);
OWN(void *, memset, void *, int, size_t);
OWN(int, memcmp, const void *, const void *, size_t);
OWN(void *, memchr, const void *, int, size_t);
OWN(size_t, strlen, const char *);
OWN(int, strcmp, const char *, const char *);
OWN(int, strncmp, const char *, const char *, size_t);
OWN(char *, strchr, const char *, int);
OWN(char *, strrchr, const char *, int);
OWN(size_t, strspn, const char *, const char *);
OWN(size_t, strcspn, const char *, const char *);

#define memcpy	own_memcpy
#define memmove own_memmove
#define memset	own_memset
#define memcmp	own_memcmp
#define memchr	own_memchr
#define strlen	own_strlen
#define strcmp	own_strcmp
#define strncmp own_strncmp
#define strchr	own_strchr
#define strrchr own_strrchr
#define strspn	own_strspn
#define strcspn own_strcspn
#include "shim/string.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef memchr
#undef strlen
#undef strcmp
#undef strncmp
#undef strchr
#undef strrchr
#undef strspn
#undef strcspn

#define BYTES  64
#define ROUNDS 20000

static int sign(int value)
{
	return (value > 0) - (value < 0);
}

/* Letters that collide often, high ones among them. */
static void fill(char *into, size_t bytes)
{
	static const char letters[] = { 'a', 'b', 'a', 'c', '\xe9', '\x80', 'a', '=' };

	for (size_t i = 0; i < bytes; i++)
		into[i] = letters[(size_t)rand() % sizeof(letters)];
}

static void fill_text(char into[BYTES])
{
	size_t length = (size_t)rand() % (BYTES / 4);

	fill(into, length);
	into[length] = '\0';
}

static void copies_are_those_of_libc(void **state)
{
	char from[BYTES], ours[BYTES], theirs[BYTES];

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		size_t at = (size_t)rand() % 16, bytes = (size_t)rand() % (BYTES - 16);

		fill(from, BYTES);
		fill(ours, BYTES);
		memcpy(theirs, ours, BYTES);
		assert_ptr_equal(own_memcpy(ours + at, from, bytes), ours + at);
		memcpy(theirs + at, from, bytes);
		assert_memory_equal(ours, theirs, BYTES);
		assert_ptr_equal(own_memset(ours, from[0], bytes), ours);
		memset(theirs, from[0], bytes);
		assert_memory_equal(ours, theirs, BYTES);
	}
}

static void overlapping_moves_are_those_of_libc(void **state)
{
	char ours[BYTES], theirs[BYTES];

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		size_t into = (size_t)rand() % 24, from = (size_t)rand() % 24;
		size_t bytes = (size_t)rand() % (BYTES - 24);

		fill(ours, BYTES);
		memcpy(theirs, ours, BYTES);
		assert_ptr_equal(own_memmove(ours + into, ours + from, bytes), ours + into);
		memmove(theirs + into, theirs + from, bytes);
		assert_memory_equal(ours, theirs, BYTES);
	}
}

static void comparisons_are_those_of_libc(void **state)
{
	char left[BYTES], right[BYTES];

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		size_t bytes = (size_t)rand() % 5;

		fill_text(left);
		fill_text(right);
		left[BYTES - 1] = right[BYTES - 1] = '\0';
		assert_int_equal(sign(own_strcmp(left, right)), sign(strcmp(left, right)));
		assert_int_equal(sign(own_strncmp(left, right, bytes)),
				 sign(strncmp(left, right, bytes)));
		fill(left, bytes);
		fill(right, bytes);
		assert_int_equal(sign(own_memcmp(left, right, bytes)),
				 sign(memcmp(left, right, bytes)));
	}
}

static void searches_are_those_of_libc(void **state)
{
	static const int wanted[] = { 'a', '=', 'z', '\0', 0xe9, (char)'\xe9' };
	char text[BYTES], set[BYTES];

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		int c = wanted[(size_t)rand() % (sizeof(wanted) / sizeof(wanted[0]))];

		fill_text(text);
		fill_text(set);
		set[rand() % 4] = '\0';
		assert_int_equal(own_strlen(text), strlen(text));
		assert_ptr_equal(own_strchr(text, c), strchr(text, c));
		assert_ptr_equal(own_strrchr(text, c), strrchr(text, c));
		assert_ptr_equal(own_memchr(text, c, strlen(text)), memchr(text, c, strlen(text)));
		assert_int_equal(own_strspn(text, set), strspn(text, set));
		assert_int_equal(own_strcspn(text, set), strcspn(text, set));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_are_those_of_libc),
		cmocka_unit_test(overlapping_moves_are_those_of_libc),
		cmocka_unit_test(comparisons_are_those_of_libc),
		cmocka_unit_test(searches_are_those_of_libc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
