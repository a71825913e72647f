#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tools/collector/exit_facts.h"

static struct exit_facts read_facts(const char *properties, const char *context)
{
	json_t *one = json_loads(properties, 0, NULL);
	json_t *other = json_loads(context, 0, NULL);
	struct exit_facts facts;

	assert_non_null(one);
	assert_non_null(other);
	exit_facts_read(one, other, &facts);
	json_decref(one);
	json_decref(other);
	return facts;
}

static void each_end_has_its_words(void **state)
{
	static const struct {
		const char *properties;
		enum ending ending;
		const char *text;
	} ends[] = {
		{ "{\"how\":\"clean\",\"reason\":\"exit\",\"code\":0}", ENDING_CLEAN, "exit 0" },
		{ "{\"how\":\"failed\",\"code\":3}", ENDING_FAILED, "failed (exit 3)" },
		{ "{\"code\":3}", ENDING_FAILED, "failed (exit 3)" },
		{ "{\"code\":0}", ENDING_CLEAN, "exit 0" },
		{ "{\"how\":\"clean\"}", ENDING_CLEAN, "clean" },
		{ "{\"how\":\"failed\"}", ENDING_FAILED, "failed" },
		{ "{\"how\":\"clean\",\"code\":0,\"after_signal\":\"SIGTERM\"}", ENDING_CLEAN,
		  "exit 0 after SIGTERM" },
		{ "{\"how\":\"failed\",\"code\":143,\"after_signal\":15}", ENDING_FAILED,
		  "failed (exit 143) after SIGTERM" },
		{ "{\"how\":\"crashed\",\"reason\":\"signal\",\"signal\":9}", ENDING_CRASHED,
		  "killed by SIGKILL" },
		{ "{\"signal\":\"SEGV\"}", ENDING_CRASHED, "killed by SIGSEGV" },
		{ "{\"signal\":\"40\"}", ENDING_CRASHED, "killed by signal 40" },
		{ "{\"reason\":\"abort\"}", ENDING_CRASHED, "killed by SIGABRT" },
		{ "{\"how\":\"crashed\"}", ENDING_CRASHED, "crashed" },
		{ "{\"how\":\"vanished\",\"reason\":\"vanished\"}", ENDING_VANISHED, "vanished" },
		{ "{\"reason\":\"host_reset\"}", ENDING_VANISHED, "vanished" },
		{ "{\"reason\":\"exec\",\"how\":\"clean\"}", ENDING_EXEC,
		  "became another program" },
		{ "{}", ENDING_UNKNOWN, "ended" },
		{ "{\"signal\":0,\"after_signal\":0,\"code\":0}", ENDING_CLEAN, "exit 0" },
		{ "{\"signal\":null,\"code\":null,\"how\":7}", ENDING_UNKNOWN, "ended" },
	};
	char text[EXIT_FACTS_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		const struct exit_facts facts = read_facts(ends[i].properties, "{}");
		exit_facts_text(&facts, text);
		assert_string_equal(text, ends[i].text);
		assert_int_equal(facts.ending, ends[i].ending);
	}
}

static void facts_are_found_under_each_spelling_and_in_the_context(void **state)
{
	static const char *const spellings[] = { "{\"code\":3}", "{\"exit_code\":3}",
						 "{\"exit.code\":3}", "{\"exit\":{\"code\":3}}",
						 "{\"code\":null,\"exit_code\":\"3\"}" };

	(void)state;
	for (size_t i = 0; i < sizeof(spellings) / sizeof(*spellings); i++) {
		assert_int_equal(read_facts(spellings[i], "{}").code, 3);
		assert_int_equal(read_facts("{}", spellings[i]).code, 3);
	}
	assert_int_equal(read_facts("{\"code\":1}", "{\"code\":2}").code, 1);
}

static void numbers_that_mean_nothing_are_not_known(void **state)
{
	(void)state;
	assert_int_equal(read_facts("{\"code\":-1}", "{}").code, -1);
	assert_int_equal(read_facts("{\"code\":1e300}", "{}").code, -1);
	assert_int_equal(read_facts("{\"code\":\"x\"}", "{}").code, -1);
	assert_string_equal(read_facts("{\"signal\":-9}", "{}").signal, "");
	assert_string_equal(read_facts("{\"signal\":1e99}", "{}").signal, "");
	assert_true(read_facts("{\"duration_ms\":\"12.5\"}", "{}").duration_ms > 12.4);
	assert_true(read_facts("{}", "{}").duration_ms < 0);
	assert_true(read_facts("{\"duration_ms\":1e26}", "{}").duration_ms < 0);
	assert_true(read_facts("{\"duration_ms\":-5}", "{}").duration_ms < 0);
}

static void a_long_signal_name_is_cut(void **state)
{
	(void)state;
	const struct exit_facts facts =
		read_facts("{\"signal\":\"ABCDEFGHIJKLMNOPQRSTUVWXYZ\"}", "{}");
	assert_int_equal(strlen(facts.signal), sizeof(facts.signal) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_end_has_its_words),
		cmocka_unit_test(facts_are_found_under_each_spelling_and_in_the_context),
		cmocka_unit_test(numbers_that_mean_nothing_are_not_known),
		cmocka_unit_test(a_long_signal_name_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
