/*
 * policy/decide.h: who is measured. Each test is a policy and a process.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/policy_events.h"

#define ONE SCENE_HEAD SCENE_ALLOW SCENE_START

/* Under this consent, with this variable (or NULL) and these words (or NULL). */
static enum reason decide_consent(const char *consent, const char *variable, const char *words)
{
	char policy[2048];
	char line[256];
	enum reason reason;

	snprintf(policy, sizeof(policy), SCENE_HEAD "    consent:\n%s" SCENE_START, consent);
	scene_begin(policy);
	scene.envp[0] = variable;
	strcpy(line, words != NULL ? words : "app");
	scene_words(line);
	reason = scene_decide("s");
	scene_end();
	return reason;
}

static void assert_yes(const char *consent, const char *variable, const char *words)
{
	if (decide_consent(consent, variable, words) != REASON_MEASURED)
		fail_msg("not measured: %s with %s and %s", consent, variable, words);
}

static void assert_no(const char *consent, const char *variable, const char *words)
{
	if (decide_consent(consent, variable, words) != REASON_NO_CONSENT)
		fail_msg("measured: %s with %s and %s", consent, variable, words);
}

static void the_first_rule_that_holds_decides(void **state)
{
	(void)state;
	assert_yes("      - allow: always\n      - deny: always\n", NULL, NULL);
	assert_no("      - deny: always\n      - allow: always\n", NULL, NULL);
	assert_no("      - deny: never\n      - allow: never\n", NULL, NULL);
}

static void a_variable_is_read_as_its_test_asks(void **state)
{
	static const char truth[] = "      - deny: { env: A, is: true }\n      - allow: always\n";
	static const char text[] = "      - deny: { env: A, is: \"1\" }\n      - allow: always\n";
	static const char number[] = "      - deny: { env: A, is: 1 }\n      - allow: always\n";
	static const char given[] = "      - deny: { env: A }\n      - allow: always\n";

	(void)state;
	assert_yes(truth, NULL, NULL);
	assert_yes(truth, "A=", NULL);
	assert_yes(truth, "A=0", NULL);
	assert_yes(truth, "A=False", NULL);
	assert_yes(truth, "AA=1", NULL);
	assert_no(truth, "A=1", NULL);
	assert_no(truth, "A=T", NULL);
	assert_no(truth, "A=true", NULL);
	assert_no(text, "A=1", NULL);
	assert_yes(text, "A=true", NULL);
	assert_yes(text, "A=01", NULL);
	assert_no(number, "A=1.0", NULL);
	assert_yes(number, "A=2", NULL);
	assert_no(given, "A=x", NULL);
	assert_yes(given, "A=0", NULL);
}

static void a_rule_that_can_not_be_evaluated_denies(void **state)
{
	static const char deny[] = "      - deny: { env: A, is: true }\n      - allow: always\n";
	static const char allow[] = "      - allow: { env: A, is: true }\n      - allow: always\n";
	static const char below[] = "      - deny: { env: A, below: 3 }\n      - allow: always\n";
	static const char inside[] = "      - deny: { not: { env: A, is: true } }\n"
				     "      - allow: always\n";

	(void)state;
	assert_no(deny, "A=yes", NULL);
	assert_no(allow, "A=yes", NULL);
	assert_no(below, "A=two", NULL);
	assert_yes(below, "A=3", NULL);
	assert_no(inside, "A=yes", NULL);
	assert_yes(inside, "A=1", NULL);
}

static void an_answer_that_settles_it_outweighs_one_that_can_not_be_had(void **state)
{
	static const char any[] = "      - allow: { any: [ { env: A, is: true }, always ] }\n";
	static const char all[] = "      - deny: { all: [ { env: A, is: true }, never ] }\n"
				  "      - allow: always\n";

	(void)state;
	assert_yes(any, "A=yes", NULL);
	assert_yes(all, "A=yes", NULL);
}

static void what_is_absent_makes_any_test_false(void **state)
{
	(void)state;
	assert_no("      - allow: { env: A, is_not: x }\n", NULL, NULL);
	assert_yes("      - allow: { env: A, is_not: x }\n", "A=y", NULL);
	assert_no("      - allow: { env: A, above: 0 }\n", NULL, NULL);
	assert_yes("      - allow: { env: A, else: 1, above: 0 }\n", NULL, NULL);
}

static void a_test_takes_a_list(void **state)
{
	static const char list[] = "      - allow: { env: A, is: [prod, \"stage\", 7] }\n";

	(void)state;
	assert_yes(list, "A=prod", NULL);
	assert_yes(list, "A=stage", NULL);
	assert_yes(list, "A=7", NULL);
	assert_no(list, "A=dev", NULL);
}

static void flags_are_true_when_given(void **state)
{
	static const char flag[] = "      - deny: { flag: [--no-telemetry, -n] }\n"
				   "      - allow: always\n";

	(void)state;
	assert_yes(flag, NULL, "app run");
	assert_no(flag, NULL, "app run --no-telemetry");
	assert_no(flag, NULL, "app -n run");
	assert_no(flag, NULL, "app --no-telemetry=true");
	assert_yes(flag, NULL, "app --no-telemetry=false");
	assert_yes(flag, NULL, "app --no-telemetry --no-telemetry=false");
	assert_no(flag, NULL, "app --no-telemetry=maybe");
	assert_yes(flag, NULL, "app -- --no-telemetry");
	assert_yes(flag, NULL, "app --no-telemetry-at-all");
}

static void options_are_given_in_two_ways(void **state)
{
	static const char option[] = "      - deny: { option: --telemetry, is: false }\n"
				     "      - allow: always\n";

	(void)state;
	assert_no(option, NULL, "app --telemetry false");
	assert_no(option, NULL, "app --telemetry=0");
	assert_yes(option, NULL, "app --telemetry true");
	assert_yes(option, NULL, "app --telemetry");
	assert_no(option, NULL, "app --telemetry sometimes");
	assert_no(option, NULL, "app --telemetry true --telemetry false");
}

static void facts_and_commands_are_known_to_consent(void **state)
{
	char policy[2048];
	char line[] = "app -C /tmp remote add";

	(void)state;
	snprintf(policy, sizeof(policy),
		 SCENE_HEAD
		 "    commands: [remote add]\n    value_options: [-C]\n"
		 "    consent:\n"
		 "      - allow: [ { value: \"${command.path}\", is: app remote add },\n"
		 "                 { value: \"${process.name}\", is: app },\n"
		 "                 { value: \"${process.pid}\", is: 42 },\n"
		 "                 { value: \"${os.name}\", is: Linux } ]\n" SCENE_START);
	scene_begin(policy);
	scene_words(line);
	assert_int_equal(scene_decide("s"), REASON_MEASURED);
	assert_true(scene.decision.command);
	assert_false(scene.decision.helper);
	scene_end();
}

/* Whether the match rule holds for /usr/bin/app, or for the script /opt/x/tool under it. */
static bool matches(const char *match, bool script)
{
	char policy[1024];
	char line[] = "/opt/bin/link one two";
	enum reason reason;

	snprintf(policy, sizeof(policy), SCENE_HEAD SCENE_ALLOW "    match: %s\n" SCENE_START,
		 match);
	scene_begin(policy);
	scene_words(line);
	scene.alone = false;
	scene.subject.script = script ? "/opt/x/tool" : NULL;
	reason = scene_decide("s");
	assert_true(reason == REASON_MEASURED || reason == REASON_NO_MATCH);
	scene_end();
	return reason == REASON_MEASURED;
}

static void every_rule_of_match_must_hold(void **state)
{
	(void)state;
	assert_true(matches("{ exe: app }", false));
	assert_true(matches("{ exe: [other, app] }", false));
	assert_true(matches("{ exe: /usr/bin/app }", false));
	assert_false(matches("{ exe: /bin/app }", false));
	assert_false(matches("{ exe: ap }", false));
	assert_true(matches("{ path: /usr }", false));
	assert_true(matches("{ path: /usr/bin/app }", false));
	assert_false(matches("{ path: /us }", false));
	assert_true(matches("{ script: tool }", true));
	assert_true(matches("{ script: /opt/x/tool }", true));
	assert_false(matches("{ script: tool }", false));
	assert_true(matches("{ args: [zero, two] }", false));
	assert_false(matches("{ args: link }", false));
	/* The name that it was started under. */
	assert_true(matches("{ exe: link }", false));
	assert_false(matches("{ exe: /usr/bin/link }", false));
	assert_true(matches("{ exe: app, args: one }", false));
	assert_false(matches("{ exe: app, args: three }", false));
	assert_false(matches("{ user: 54321 }", false));
	assert_true(matches("{ parent: test_decide }", false));
	assert_false(matches("{ parent: init }", false));
}

static void a_user_is_found_by_name(void **state)
{
	(void)state;
	assert_int_equal(matches("{ user: root }", false), geteuid() == 0);
	assert_int_equal(matches("{ user: nobody }", false), geteuid() == 65534);
}

static void without_match_the_process_must_stand_alone(void **state)
{
	(void)state;
	scene_begin(ONE);
	assert_int_equal(scene_decide("s"), REASON_MEASURED);
	scene.alone = false;
	assert_int_equal(scene_decide("s"), REASON_CHILD);
	scene_end();
}

#define TWO                                                                                        \
	"bookend: 1\n"                                                                             \
	"destinations: { d: { format: json, url: http://x } }\n"                                   \
	"defaults: { to: d, consent: [ allow: always ] }\n"                                        \
	"services:\n"                                                                              \
	"  first: { match: { exe: other }, events: { e: { when: start } } }\n"                     \
	"  second: { match: { exe: app }, events: { e: { when: start } } }\n"                      \
	"  third: { match: { exe: app }, events: { e: { when: start } } }\n"

static void candidates_are_tried_in_the_order_of_the_file(void **state)
{
	(void)state;
	scene_begin(TWO);
	assert_int_equal(scene_decide("third,second,first"), REASON_MEASURED);
	assert_string_equal(scene.decision.name, "second");
	assert_int_equal(scene.decision.service, 1);
	assert_int_equal(scene_decide("third"), REASON_MEASURED);
	assert_string_equal(scene.decision.name, "third");
	assert_int_equal(scene_decide("first"), REASON_NO_MATCH);
	assert_int_equal(scene_decide("fourth"), REASON_NO_SERVICE);
	assert_int_equal(scene_decide(",,"), REASON_NO_SERVICE);
	assert_int_equal(scene_decide("first,fourth,,second"), REASON_MEASURED);
	scene_end();
}

static void a_destination_needs_url_and_key(void **state)
{
	(void)state;
	scene_begin("bookend: 1\n"
		    "destinations:\n"
		    "  d: { format: segment, url: { env: U }, key: { env: K } }\n"
		    "  f: { format: json, url: { env: V } }\n"
		    "services:\n"
		    "  s: { to: [d, f], consent: [ allow: always ], events: { e: { when: start } } "
		    "}\n");
	assert_int_equal(scene_decide("s"), REASON_NO_DESTINATION);
	scene.envp[0] = "U=http://x";
	assert_int_equal(scene_decide("s"), REASON_NO_DESTINATION);
	scene.envp[1] = "K=";
	assert_int_equal(scene_decide("s"), REASON_NO_DESTINATION);
	scene.envp[1] = "K=k";
	assert_int_equal(scene_decide("s"), REASON_MEASURED);
	scene.envp[0] = "V=http://x";
	assert_int_equal(scene_decide("s"), REASON_MEASURED);
	scene_end();
}

static void a_destination_that_only_the_sender_knows_counts_as_live(void **state)
{
	(void)state;
	scene_begin("bookend: 1\n"
		    "destinations: { d: { format: json, url: \"http://x/${event.name}\" } }\n"
		    "services: { s: { to: d, consent: [ allow: always ], events: { e: { when: "
		    "start } } } }\n");
	assert_int_equal(scene_decide("s"), REASON_MEASURED);
	scene_end();
}

static void an_image_is_used_only_for_its_own_yaml(void **state)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = 1, .tv_nsec = 1 } };

	(void)state;
	scene_begin(ONE);
	assert_int_equal(scene_decide("s"), REASON_MEASURED);
	assert_int_equal(utimensat(AT_FDCWD, scene.yaml, times, 0), 0);
	assert_int_equal(scene_decide("s"), REASON_IMAGE_STALE);
	assert_int_equal(unlink(scene.yaml), 0);
	assert_int_equal(scene_decide("s"), REASON_IMAGE_STALE);
	/* Named itself, the image stands for itself. */
	strcpy(scene.yaml, scene.image_path);
	assert_int_equal(scene_decide("s"), REASON_MEASURED);
	scene_end();
}

static void an_image_that_others_may_write_is_not_used(void **state)
{
	(void)state;
	scene_begin(ONE);
	chmod(scene.image_path, 0664);
	assert_int_equal(scene_decide("s"), REASON_IMAGE_UNSAFE);
	chmod(scene.image_path, 0646);
	assert_int_equal(scene_decide("s"), REASON_IMAGE_UNSAFE);
	chmod(scene.image_path, 0644);
	assert_int_equal(scene_decide("s"), REASON_MEASURED);
	if (geteuid() == 0) {
		assert_int_equal(chown(scene.image_path, 1234, 0), 0);
		assert_int_equal(scene_decide("s"), REASON_IMAGE_UNSAFE);
		scene.subject.uid = 1234;
		assert_int_equal(scene_decide("s"), REASON_MEASURED);
	}
	unlink(scene.image_path);
	assert_int_equal(scene_decide("s"), REASON_NO_IMAGE);
	assert_int_equal(mkfifo(scene.image_path, 0644), 0);
	assert_int_equal(scene_decide("s"), REASON_IMAGE_UNSAFE);
	scene_end();
}

static void one_service_among_a_thousand_is_found(void **state)
{
	char *policy = malloc(1 << 17);
	char name[16];

	(void)state;
	strcpy(policy, "bookend: 1\n"
		       "destinations: { d: { format: json, url: http://x } }\n"
		       "defaults: { to: d, consent: [ allow: always ] }\n"
		       "services:\n");
	for (size_t i = 0, used = strlen(policy); i < 1000; i++)
		used += (size_t)sprintf(policy + used,
					"  n%zu: { events: { e: { when: start } } }\n", i);
	scene_begin(policy);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		assert_int_equal(scene_decide(name), REASON_MEASURED);
		assert_string_equal(scene.decision.name, name);
	}
	assert_int_equal(scene_decide("n1000"), REASON_NO_SERVICE);
	scene_end();
	free(policy);
}

static void many_names_keep_the_order_of_the_file(void **state)
{
	char *policy = malloc(1 << 16);
	char names[1024] = "";

	(void)state;
	strcpy(policy, "bookend: 1\n"
		       "destinations: { d: { format: json, url: http://x } }\n"
		       "defaults: { to: d, consent: [ allow: always ] }\n"
		       "services:\n");
	for (unsigned i = 0; i < 100; i++) {
		sprintf(policy + strlen(policy),
			"  n%u: { match: { exe: %s }, events: { e: { when: start } } }\n", i,
			i < 97 ? "other" : "app");
		sprintf(names + strlen(names), "n%u,", 99 - i);
	}
	scene_begin(policy);
	assert_int_equal(scene_decide(names), REASON_MEASURED);
	assert_string_equal(scene.decision.name, "n97");
	scene_end();
	free(policy);
}

static void the_decision_says_who_compiled_and_who_delivers(void **state)
{
	(void)state;
	scene_begin(ONE);
	scene_decide("s");
	assert_string_equal(scene.decision.tool, "/opt/bin/bookend");
	assert_true(scene.decision.helper);
	assert_false(scene.decision.command);
	assert_string_equal(scene.detail, "consent rule 1 allows");
	scene_end();
	scene_begin(SCENE_HEAD SCENE_ALLOW "    sender: later\n" SCENE_START);
	scene_decide("s");
	assert_false(scene.decision.helper);
	scene_end();
}

static void the_builtin_policy_is_named_after_the_program(void **state)
{
	struct compiled compiled;
	char service[64];

	(void)state;
	assert_int_equal(compile_builtin("/bin/my,odd name", "/tmp/a \"b\" ${c}\\", &scene_options,
					 &compiled, service),
			 0);
	assert_string_equal(service, "my-odd-name");
	scene_begin(ONE);
	scene_write(scene.image_path, compiled.bytes, compiled.length);
	free(scene.compiled.bytes);
	scene.compiled = compiled;
	strcpy(scene.yaml, scene.image_path);
	assert_int_equal(scene_decide(service), REASON_MEASURED);
	assert_string_equal(scene_events(LATE_START),
			    "start start {} -> file:/tmp/a \"b\" ${c}\\/events.ndjson \n");
	scene.stop.after_signal = 15;
	assert_string_equal(scene_events(LATE_STOP),
			    "stop stop {\"how\":\"clean\",\"reason\":\"exit\",\"code\":0,"
			    "\"after_signal\":15,\"duration_ms\":250} -> "
			    "file:/tmp/a \"b\" ${c}\\/events.ndjson \n");
	scene_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_rule_that_holds_decides),
		cmocka_unit_test(a_variable_is_read_as_its_test_asks),
		cmocka_unit_test(a_rule_that_can_not_be_evaluated_denies),
		cmocka_unit_test(an_answer_that_settles_it_outweighs_one_that_can_not_be_had),
		cmocka_unit_test(what_is_absent_makes_any_test_false),
		cmocka_unit_test(a_test_takes_a_list),
		cmocka_unit_test(flags_are_true_when_given),
		cmocka_unit_test(options_are_given_in_two_ways),
		cmocka_unit_test(facts_and_commands_are_known_to_consent),
		cmocka_unit_test(every_rule_of_match_must_hold),
		cmocka_unit_test(a_user_is_found_by_name),
		cmocka_unit_test(without_match_the_process_must_stand_alone),
		cmocka_unit_test(candidates_are_tried_in_the_order_of_the_file),
		cmocka_unit_test(a_destination_needs_url_and_key),
		cmocka_unit_test(a_destination_that_only_the_sender_knows_counts_as_live),
		cmocka_unit_test(an_image_is_used_only_for_its_own_yaml),
		cmocka_unit_test(an_image_that_others_may_write_is_not_used),
		cmocka_unit_test(one_service_among_a_thousand_is_found),
		cmocka_unit_test(many_names_keep_the_order_of_the_file),
		cmocka_unit_test(the_decision_says_who_compiled_and_who_delivers),
		cmocka_unit_test(the_builtin_policy_is_named_after_the_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
