/*
 * shim/auxiliary.c on a stack as the kernel lays it out, and on what may have become of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <elf.h>
#include <stdbool.h>
#include <string.h>
#include <sys/auxv.h>

#include <cmocka.h>

#include "shim/auxiliary.h"

/* No process has these. */
#define EXECUTED 0x5ec0
#define SECURE	 0x5ec1

struct stack {
	char *argv[2], *envp[3];
	uint64_t vector[6];
};

static char program[] = "program", one[] = "A=1", two[] = "B=2";

static const struct stack usual = {
	.argv = { program },
	.envp = { one, two },
	.vector = { AT_EXECFN, EXECUTED, AT_SECURE, SECURE, AT_NULL },
};

static void the_vector_behind_the_environment_is_read(void **state)
{
	struct stack s = usual;

	(void)state;
	auxiliary_begin(1, s.argv, s.envp);
	assert_int_equal(auxiliary_value(AT_EXECFN), EXECUTED);
	assert_int_equal(auxiliary_value(AT_SECURE), SECURE);
}

static void what_it_does_not_have_libc_is_asked_for(void **state)
{
	struct stack s = usual;

	(void)state;
	auxiliary_begin(1, s.argv, s.envp);
	assert_int_equal(auxiliary_value(AT_PAGESZ), getauxval(AT_PAGESZ));
}

static void behind_an_environment_that_was_moved_nothing_is_read(void **state)
{
	struct stack s = usual, moved = usual;

	(void)state;
	auxiliary_begin(1, s.argv, moved.envp);
	assert_int_equal(auxiliary_value(AT_SECURE), getauxval(AT_SECURE));
	assert_true(auxiliary_value(AT_EXECFN) == getauxval(AT_EXECFN));
}

static void variables_taken_out_in_place_hide_the_vector(void **state)
{
	(void)state;
	for (int left = 0; left < 2; left++) {
		struct stack s = usual;

		memset(&s.envp[left], 0, sizeof(s.envp) - sizeof(s.envp[0]) * (size_t)left);
		auxiliary_begin(1, s.argv, s.envp);
		assert_int_equal(auxiliary_value(AT_SECURE), getauxval(AT_SECURE));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vector_behind_the_environment_is_read),
		cmocka_unit_test(what_it_does_not_have_libc_is_asked_for),
		cmocka_unit_test(behind_an_environment_that_was_moved_nothing_is_read),
		cmocka_unit_test(variables_taken_out_in_place_hide_the_vector),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
