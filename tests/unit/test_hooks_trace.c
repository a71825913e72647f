/*
 * What `bookend doctor --hooks` reads of a trace.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "tools/hooks_kept.h"
#include "tests/unit/written_file.h"

static void trace_of(const char *text, size_t length, struct hooks_trace *into)
{
	written_file_put(text, length);
	assert_int_equal(hooks_trace_read(written_file, into), 0);
}

static void rows_and_objects_are_read(void **state)
{
	static const char text[] = "bookend: 7 /bin/p: measured as app, slot 1\n"
				   "bookend: 7 /bin/p: call\tone@V\tdefined\t/lib/a.so\t0\n"
				   "bookend: 7 /bin/p: object\t/lib/a.so\n"
				   "bookend: 7 /bin/p: object\t/lib/b.so\n"
				   "bookend: 8 /bin/p: object\t/lib/a.so\n";
	struct hooks_trace t;

	(void)state;
	trace_of(text, strlen(text), &t);
	assert_int_equal(t.rows, 1);
	assert_string_equal(t.row[0].symbol, "one@V");
	assert_string_equal(t.row[0].outcome, "defined");
	assert_string_equal(t.row[0].object, "/lib/a.so");
	assert_string_equal(t.row[0].slots, "0");
	assert_int_equal(t.objects, 2);
	assert_string_equal(t.object[1], "/lib/b.so");
	hooks_trace_free(&t);
}

static void a_line_that_was_cut_is_left_out(void **state)
{
	static const char text[] = "bookend: 7 /bin/p: call\tone\tdefined\t/lib/a\n"
				   "bookend: 7 /bin/p: call\tone\n"
				   "bookend: 7 /bin/p: call\t\n"
				   "bookend: 7 /bin/p: call\ttwo\tdiverted\t/lib/a\t3";
	struct hooks_trace t;

	(void)state;
	for (size_t length = 0; length < sizeof(text) - 1; length++) {
		trace_of(text, length, &t);
		assert_int_equal(t.rows, 0);
		hooks_trace_free(&t);
	}
	trace_of(text, sizeof(text), &t); /* a NUL ends it */
	assert_int_equal(t.rows, 1);
	hooks_trace_free(&t);
	assert_int_equal(hooks_trace_read("/nonexistent", &t), -ENOENT);
}

static void what_objects_keep_answers_only_what_is_not_known(void **state)
{
	/* This program's: a static function that it calls, and one that nobody has. */
	static const char text[] = "p: call\ttrace_of\tnothing diverted\t\t0\n"
				   "p: call\tno_such_function\tnothing diverted\t\t0\n"
				   "p: call\trows_and_objects_are_read\tnothing diverted\t\t0\n"
				   "p: call\trows_and_objects_are_read@V\tdefined\tlibz.so\t0\n"
				   "p: object\t/nonexistent\n"
				   "p: object\t/proc/self/exe\n";
	struct hooks_trace t;
	struct hooks_kept k;

	(void)state;
	trace_of(text, strlen(text), &t);
	assert_int_equal(hooks_kept_find(&t, &k), 0);
	assert_int_equal(k.symbols, 3);
	assert_true(hooks_kept_answers(&k, &t.row[0]));
	assert_false(hooks_kept_answers(&k, &t.row[1]));
	assert_false(hooks_kept_answers(&k, &t.row[2]));
	assert_false(hooks_kept_answers(&k, &t.row[3]));
	hooks_kept_free(&k);
	hooks_trace_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_and_objects_are_read),
		cmocka_unit_test(a_line_that_was_cut_is_left_out),
		cmocka_unit_test(what_objects_keep_answers_only_what_is_not_known),
	};

	return cmocka_run_group_tests(tests, written_file_make, written_file_remove);
}
