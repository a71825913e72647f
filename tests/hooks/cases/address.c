/*
 * Addresses of functions: equal wherever they are without us, and calls through them count once.
 */
#include "cases.h"

#include <stddef.h>
#include <string.h>

#include "callee.h"

typedef int (*add_fn)(int, int);

static add_fn volatile stored = callee_add;

static struct __attribute__((packed)) {
	char pad;
	add_fn add;
} unaligned = { 1, callee_add };

static add_fn unaligned_add(void)
{
	add_fn add;

	memcpy(&add, (char *)&unaligned + offsetof(__typeof__(unaligned), add), sizeof(add));
	return add;
}

void case_address(void)
{
	add_fn volatile here = callee_add, there = callee_add_here(), table = stored;

	printf("%d %d\n", here == there, here == table);
	CHECK(here(1, 2) == 3 && there(3, 4) == 7 && table(5, 6) == 11);
	CHECK(callee_add(7, 8) == 15);
}

void case_unaligned(void)
{
	add_fn volatile add = unaligned_add();

	printf("%d\n", add == stored);
	CHECK(add(1, 2) == 3);
}

void case_within(void)
{
	CHECK(callee_within(1, 2) == 1003);
}
