/*
 * Arguments and results of every class, and errno.
 */
#include "cases.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "callee.h"

void case_integers(void)
{
	struct callee_integers two = callee_integers(5, 6);

	CHECK(callee_add(2, 3) == 5);
	CHECK(two.first == 20 && two.second == 24);
}

void case_variadic(void)
{
	char text[64];

	CHECK(callee_variadic("idid", 1, 2.5, 3, 4.5) == 11.0);
	CHECK(callee_variadic("dddddddddd", 1., 2., 3., 4., 5., 6., 7., 8., 9., 10.) == 55.0);
	CHECK(callee_variadic("") == 0);
	snprintf(text, sizeof(text), "%d %.2f %s %.1f", 7, 2.5, "text", 3.5);
	CHECK(!strcmp(text, "7 2.50 text 3.5"));
}

void case_structs(void)
{
	struct callee_big big = callee_big(100);
	struct callee_mixed mixed = callee_mixed(7, 1.5);
	struct callee_reals reals = callee_reals(1.5, 2.5);

	CHECK(big.word[0] == 100 && big.word[5] == 105);
	CHECK(mixed.integer == 14 && mixed.real == 3.0);
	CHECK(reals.first == 4.5 && reals.second == 7.5);
}

void case_floats(void)
{
	CHECK(callee_long(1.25L) == 2.5L);
	CHECK(callee_eight(1, 2, 3, 4, 5, 6, 7, 8) == 204.0);
}

void case_many(void)
{
	CHECK(callee_twenty(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
			    20) == 210 + 6 * 7 + 18 * 19 + 19 * 20);
	CHECK(callee_23(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
			22, 23) == 276 + 21 * 22 + 22 * 23);
}

void case_errno(void)
{
	errno = 5;
	CHECK(callee_add(1, 1) == 2 && errno == 5);
	CHECK(callee_fail(17) == -1 && errno == 17);
	CHECK(close(-1) == -1 && errno == EBADF);
}

static long recurse(int depth)
{
	return callee_recurse(depth, recurse);
}

void case_recursion(void)
{
	CHECK(recurse(100) == 5050);
}

void case_indirect(void)
{
	char text[] = "four";

	CHECK(callee_indirect(4) == 5);
	__asm__ volatile("" : : "r"(text) : "memory");
	CHECK(strlen(text) == 4);
}

__asm__(".symver callee_versioned_old, callee_versioned@OLD");

void case_versions(void)
{
	CHECK(callee_versioned_old() == 1);
	CHECK(callee_versioned() == 2);
	CHECK(callee_versioned() == 2);
}

void case_variant(void)
{
	CHECK(callee_variant(1) == 2);
}

/* Vectors wider than what a hook would save: it must not touch them. */
void case_wide(void)
{
	callee_wide one = { 1, 2, 3, 4 }, two = { 10, 20, 30, 40 }, sum = callee_add_wide(one, two);

	CHECK(sum[0] == 11 && sum[1] == 22 && sum[2] == 33 && sum[3] == 44);
}
