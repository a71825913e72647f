/*
 * policy/late.h: what a drainer makes of a recorded process.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/snapshot_format.h"
#include "tests/unit/policy_events.h"

#define TO " -> http://127.0.0.1/ \n"

/* The service's policy, its process's words, and the line of events at the moment. */
static void assert_events(const char *service, const char *words, enum late_moment moment,
			  const char *expected)
{
	char policy[4096];
	char line[256];

	snprintf(policy, sizeof(policy), SCENE_HEAD SCENE_ALLOW "%s", service);
	scene_begin(policy);
	strcpy(line, words);
	scene_words(line);
	scene.envp[0] = "NAME=Ada";
	scene.envp[1] = "EMPTY=";
	assert_int_equal(scene_decide("s"), REASON_MEASURED);
	assert_string_equal(scene_events(moment), expected);
	scene_end();
}

static void assert_property(const char *source, const char *json)
{
	char service[2048];
	char expected[2048];

	snprintf(service, sizeof(service), "    properties:\n      p: %s\n" SCENE_START, source);
	if (json[0] == '\0')
		strcpy(expected, "e start {}" TO);
	else
		snprintf(expected, sizeof(expected), "e start {\"p\":%s}" TO, json);
	assert_events(service, "app --port 80 -v --on=false serve fast", LATE_START, expected);
}

static void constants_keep_their_type(void **state)
{
	(void)state;
	assert_property("1", "1");
	assert_property("-1.50e3", "-1.50e3");
	assert_property("01", "\"01\"");
	assert_property("true", "true");
	assert_property("null", "null");
	assert_property("'null'", "\"null\"");
	assert_property("\"\"", "\"\"");
	assert_property("a \"b\" \\ c", "\"a \\\"b\\\" \\\\ c\"");
	assert_property("{ value: 7 }", "7");
}

static void templates_are_text_unless_alone(void **state)
{
	(void)state;
	assert_property("${process.pid}", "42");
	assert_property("pid ${process.pid}", "\"pid 42\"");
	assert_property("${process.pid}-${process.ppid}", "\"42-7\"");
	assert_property("$${process.pid}", "\"${process.pid}\"");
	assert_property("a${exit.code}", "");
}

static void what_is_taken_from_the_process(void **state)
{
	(void)state;
	assert_property("{ env: NAME }", "\"Ada\"");
	assert_property("{ env: EMPTY }", "");
	assert_property("{ env: NONE }", "");
	assert_property("{ flag: -v }", "true");
	assert_property("{ flag: --on }", "false");
	assert_property("{ flag: --off }", "");
	assert_property("{ option: [--port, -p] }", "\"80\"");
	assert_property("{ arg: 1 }", "\"80\"");
	assert_property("{ object: { a: { option: --port }, b: { arg: 1 } } }",
			"{\"a\":\"80\",\"b\":\"serve\"}");
	assert_property("{ arg: 9 }", "");
	assert_property("${process.exe}", "\"/usr/bin/app\"");
	assert_property("${process.name}", "\"app\"");
}

static void substitutes_and_omissions_follow_the_fixed_order(void **state)
{
	(void)state;
	assert_property("{ env: NONE, else: x }", "\"x\"");
	assert_property("{ env: NONE, else: { env: NONE, else: null } }", "null");
	assert_property("{ env: NONE, else: { env: NAME } }", "\"Ada\"");
	assert_property("{ env: NONE, else: \"\" }", "\"\"");
	assert_property("{ else: 5, omit: zero, value: 0 }", "5");
	assert_property("{ value: 0, omit: [zero] }", "");
	assert_property("{ value: 0.0, omit: [zero] }", "");
	assert_property("{ value: \"\", omit: [empty] }", "");
	assert_property("{ value: null, omit: [zero, empty, null] }", "");
	assert_property("{ object: { a: { env: NONE } }, omit: [empty] }", "");
	assert_property("{ env: NAME, one_of: [Ada, Bob] }", "\"Ada\"");
	assert_property("{ env: NAME, one_of: [Bob] }", "\"other\"");
	assert_property("{ env: NAME, one_of: [Bob], else: none }", "\"none\"");
	assert_property("{ env: NONE, one_of: [Bob] }", "");
}

static void ids_come_through_the_callback(void **state)
{
	(void)state;
	assert_property("{ id: installation }", "\"id-installation-\"");
	assert_property("{ id: keyed, for: { env: NAME } }", "\"id-keyed-Ada\"");
	assert_property("{ id: keyed, for: { env: NONE } }", "");
}

static void a_run_has_one_session_and_each_event_an_id_that_stays(void **state)
{
	char session[IDENTITY_TEXT];
	struct identity id;

	(void)state;
	scene_begin(SCENE_HEAD SCENE_ALLOW
		    "    properties: { run: { id: run }, s: \"${event.session}\", i: "
		    "\"${event.id}\" }\n"
		    "    events: { a: { when: start }, b: { when: [start, stop] } }\n");
	scene_decide("s");
	scene_events(LATE_START);
	strcpy(session, scene.last.session);
	id = scene.last.id;
	assert_non_null(strstr(scene.out, session));
	assert_int_equal(scene.last.number, 1);
	scene_events(LATE_START);
	assert_memory_equal(&id, &scene.last.id, sizeof(id));
	scene_events(LATE_STOP);
	assert_string_equal(session, scene.last.session);
	assert_memory_not_equal(&id, &scene.last.id, sizeof(id));
	scene_end();
}

static void facts_of_the_event_are_its_own(void **state)
{
	(void)state;
	assert_events("    user: { env: NAME }\n"
		      "    properties:\n"
		      "      n: ${event.name}\n"
		      "      u: ${event.user}\n"
		      "      t: ${event.time}\n"
		      "      s: ${event.service}\n"
		      "      k: ${event.kind}\n"
		      "    events: { e: { when: start, name: \"my.${process.name}\" } }\n",
		      "app", LATE_START,
		      "my.app start user=Ada "
		      "{\"n\":\"my.app\",\"u\":\"Ada\",\"t\":\"2023-11-14T22:13:20.000001Z\","
		      "\"s\":\"s\",\"k\":\"start\"}" TO);
}

static void a_worker_s_events_belong_to_the_run_that_forked_it(void **state)
{
	static const uint8_t pool_id[16] = "a pool's own id";
	struct identity service = identity_make(pool_id, 55, IDENTITY_SESSION, 0);
	char session[IDENTITY_TEXT];

	(void)state;
	identity_text(&service, session);
	scene_begin(
		SCENE_HEAD SCENE_ALLOW
		"    properties: { code: \"${exit.code}\", run: \"${run.id}\" }\n"
		"    events:\n"
		"      a: { when: [start, stop] }\n"
		"      b: { when: { worker: any, phase: start }, properties: { run: { omit: always "
		"} } }\n"
		"      c: { when: { worker: any, how: failed }, properties: { p: "
		"\"${parent.id}\", run: { omit: always } } }\n");
	scene_decide("s");
	assert_true(scene.decision.workers);
	scene.start.flags = START_WORKER;
	scene.start.ancestor = 55;
	assert_string_equal(scene_events(LATE_START), "b worker {}" TO);
	assert_string_equal(scene.last.session, session);
	scene.stop = (struct stop_facts){ .reason = EXIT_EXIT, .code = 3 };
	scene_events(LATE_STOP);
	assert_non_null(strstr(scene.out, "c worker {\"code\":3,\"p\":\""));
	assert_non_null(strstr(scene.out, session));
	scene.stop.code = 0;
	assert_string_equal(scene_events(LATE_STOP), "");
	scene_end();
}

static void a_name_that_is_absent_is_the_label(void **state)
{
	(void)state;
	assert_events("    events: { e: { when: [start, stop], name: \"x.${exit.code}\" } }\n",
		      "app", LATE_START, "e start {}" TO);
}

/* The facts of this end, as JSON. */
static void assert_stop(enum exit_reason reason, int code, int signal, int after,
			const char *expected)
{
	scene_begin(SCENE_HEAD SCENE_ALLOW
		    "    properties:\n"
		    "      how: ${exit.how}\n"
		    "      why: ${exit.reason}\n"
		    "      code: ${exit.code}\n"
		    "      signal: ${exit.signal}\n"
		    "      after: ${exit.after_signal}\n"
		    "      failed: ${exit.failed}\n"
		    "      ms: ${exit.duration_ms}\n"
		    "    events:\n"
		    "      e: { when: stop }\n"
		    "      c: { when: { stop: clean } }\n"
		    "      f: { when: { stop: [failed] }, properties: { how: { omit: always } } }\n"
		    "      x: { when: { stop: [crashed, vanished] } }\n");
	scene_decide("s");
	scene.stop.reason = reason;
	scene.stop.code = code;
	scene.stop.signal = signal;
	scene.stop.after_signal = after;
	assert_string_equal(scene_events(LATE_STOP), expected);
	scene_end();
}

static void every_end_has_its_facts(void **state)
{
	(void)state;
	assert_stop(EXIT_EXIT, 0, 0, 15,
		    "e stop "
		    "{\"how\":\"clean\",\"why\":\"exit\",\"code\":0,\"after\":15,\"failed\":false,"
		    "\"ms\":250}" TO "c stop "
		    "{\"how\":\"clean\",\"why\":\"exit\",\"code\":0,\"after\":15,"
		    "\"failed\":false,\"ms\":250}" TO);
	assert_stop(
		EXIT_UNDERSCORE_EXIT, 3, 0, 0,
		"e stop "
		"{\"how\":\"failed\",\"why\":\"_exit\",\"code\":3,\"failed\":true,\"ms\":250}" TO
		"f stop {\"why\":\"_exit\",\"code\":3,\"failed\":true,\"ms\":250}" TO);
	assert_stop(EXIT_SIGNAL, -1, 9, 0,
		    "e stop "
		    "{\"how\":\"crashed\",\"why\":\"signal\",\"signal\":9,\"failed\":true,\"ms\":"
		    "250}" TO "x stop "
		    "{\"how\":\"crashed\",\"why\":\"signal\",\"signal\":9,\"failed\":"
		    "true,\"ms\":250}" TO);
	assert_stop(
		EXIT_ABORT, -1, 6, 0,
		"e stop "
		"{\"how\":\"crashed\",\"why\":\"abort\",\"signal\":6,\"failed\":true,\"ms\":250}" TO
		"x stop "
		"{\"how\":\"crashed\",\"why\":\"abort\",\"signal\":6,\"failed\":true,\"ms\":"
		"250}" TO);
	assert_stop(
		EXIT_VANISHED, -1, 0, 0,
		"e stop {\"how\":\"vanished\",\"why\":\"vanished\",\"failed\":true,\"ms\":250}" TO
		"x stop {\"how\":\"vanished\",\"why\":\"vanished\",\"failed\":true,\"ms\":250}" TO);
	assert_stop(EXIT_HOST_RESET, -1, 0, 0,
		    "e stop {\"how\":\"vanished\",\"why\":\"host_reset\",\"failed\":true}" TO
		    "x stop {\"how\":\"vanished\",\"why\":\"host_reset\",\"failed\":true}" TO);
	assert_stop(EXIT_EXEC, -1, 0, 0,
		    "e stop {\"how\":\"clean\",\"why\":\"exec\",\"failed\":false,\"ms\":250}" TO
		    "c stop {\"how\":\"clean\",\"why\":\"exec\",\"failed\":false,\"ms\":250}" TO);
}

#define COMMANDS                                                                                   \
	"    commands: [up, infra up, remote add]\n"                                               \
	"    value_options: [-C]\n"                                                                \
	"    properties: { n: \"${command.name}\", p: \"${command.path}\" }\n"                     \
	"    events:\n"                                                                            \
	"      any: { when: command }\n"                                                           \
	"      begun: { when: { command: any, phase: start } }\n"                                  \
	"      ups: { when: { command: [up, infra up], how: clean } }\n"

static void a_command_is_named_by_its_place_in_the_tree(void **state)
{
	(void)state;
	assert_events(COMMANDS, "app -C /x infra --fast up now", LATE_STOP,
		      "any command {\"n\":\"infra\",\"p\":\"app infra up\"}" TO
		      "ups command {\"n\":\"infra\",\"p\":\"app infra up\"}" TO);
	assert_events(COMMANDS, "app remote add secret", LATE_START,
		      "begun command {\"n\":\"remote\",\"p\":\"app remote add\"}" TO);
	assert_events(COMMANDS, "app remote delete", LATE_STOP,
		      "any command {\"n\":\"other\",\"p\":\"other\"}" TO);
	assert_events(COMMANDS, "app infra", LATE_STOP,
		      "any command {\"n\":\"other\",\"p\":\"other\"}" TO);
	assert_events(COMMANDS, "app -C up", LATE_STOP,
		      "any command {\"n\":\"app\",\"p\":\"app\"}" TO);
}

static void inner_scopes_win_key_by_key(void **state)
{
	(void)state;
	scene_begin("bookend: 1\n"
		    "destinations:\n"
		    "  d: { format: json, url: http://d/ }\n"
		    "  f: { format: segment, url: http://f/, key: \"k${process.pid}\" }\n"
		    "  off: { format: json, url: { env: NONE } }\n"
		    "defaults:\n"
		    "  to: d\n"
		    "  user: all\n"
		    "  consent: [ allow: always ]\n"
		    "  context: { v: 1, w: 1 }\n"
		    "  properties: { a: 1, b: { object: { x: 1, y: 1 } }, c: 1 }\n"
		    "services:\n"
		    "  s:\n"
		    "    context: { w: 2 }\n"
		    "    properties: { b: { object: { y: 2, z: 2 } }, d: 2 }\n"
		    "    events:\n"
		    "      e: { when: start }\n"
		    "      f:\n"
		    "        when: start\n"
		    "        to: [off, d, f]\n"
		    "        user: { omit: always }\n"
		    "        properties: { a: { omit: always }, b: { object: { x: { omit: always } "
		    "} }, c: { object: { q: 3 } } }\n");
	scene_decide("s");
	assert_string_equal(
		scene_events(LATE_START),
		"e start user=all context={\"v\":1,\"w\":2} "
		"{\"a\":1,\"b\":{\"x\":1,\"y\":2,\"z\":2},\"c\":1,\"d\":2} -> http://d/ \n"
		"f start context={\"v\":1,\"w\":2} "
		"{\"b\":{\"y\":2,\"z\":2},\"c\":{\"q\":3},\"d\":2} -> http://d/  -> http://f/ "
		"k42\n");
	scene_end();
}

static void an_event_with_a_condition_is_made_only_when_it_holds(void **state)
{
	(void)state;
	assert_events(
		"    events:\n"
		"      a: { when: stop, if: { value: \"${exit.code}\", is: 0 } }\n"
		"      b: { when: stop, if: { value: \"${exit.code}\", is: [1, 2] } }\n"
		"      c: { when: stop, if: [ { env: NAME }, { not: { env: NONE } } ] }\n"
		"      d: { when: stop, if: { env: NAME, above: 3 } }\n"
		"      f: { when: stop, if: \"${exit.code}\" }\n"
		"      g: { when: stop, if: { value: \"${exit.duration_ms}\", at_least: 250 } }\n"
		"      h: { when: stop, if: { any: [ never, { env: NAME, is_not: Bob } ] } }\n",
		"app", LATE_STOP,
		"a stop {}" TO "c stop {}" TO "f stop {}" TO "g stop {}" TO "h stop {}" TO);
}

static void a_mask_hides_what_is_secret(void **state)
{
	(void)state;
	scene_begin(SCENE_HEAD SCENE_ALLOW
		    "    user: { env: A, secret: true }\n"
		    "    properties: { b: { env: B, secret: true } }\n" SCENE_START);
	scene.envp[0] = "A=ada";
	scene_decide("s");
	assert_string_equal(scene_events(LATE_START), "e start user=ada {}" TO);
	scene.mask = true;
	assert_string_equal(scene_events(LATE_START), "e start user=(secret) {}" TO);
	scene_end();
}

static void a_script_gives_the_program_its_name(void **state)
{
	(void)state;
	scene_begin(SCENE_HEAD SCENE_ALLOW
		    "    commands: [fetch]\n"
		    "    properties: { p: \"${command.path}\", n: \"${process.name}\" }\n"
		    "    events: { e: { when: command } }\n");
	scene.subject.script = "/opt/salto";
	scene.argv[1] = "fetch";
	scene.subject.argc = 2;
	scene_decide("s");
	assert_string_equal(scene_events(LATE_STOP),
			    "e command {\"p\":\"salto fetch\",\"n\":\"salto\"}" TO);
	scene_end();
}

static void a_command_of_an_unknown_program_has_no_path(void **state)
{
	static const uint8_t pool_id[16];
	const struct snapshot_item item = { .type = SNAPSHOT_ARGS, .length = 10 };
	struct image image;
	struct late_process p = { .image = &image,
				  .start = &scene.start,
				  .snapshot = scene.snapshot,
				  .pool_id = pool_id };
	uint32_t left_out = 0;

	(void)state;
	scene_begin(SCENE_HEAD SCENE_ALLOW
		    "    commands: [fetch]\n"
		    "    properties: { p: \"${command.path}\", n: \"${command.name}\" }\n"
		    "    events: { e: { when: start } }\n");
	image_open(scene.compiled.bytes, scene.compiled.length, &image);
	memcpy(scene.snapshot, &item, sizeof(item));
	memcpy(scene.snapshot + sizeof(item), "app\0fetch", 10);
	scene.start.payload = sizeof(item) + 10;
	scene.out[0] = '\0';
	assert_int_equal(late_events(&p, LATE_START, scene.late_arena, sizeof(scene.late_arena),
				     scene_emit, NULL, &left_out),
			 0);
	assert_string_equal(scene.out, "e start {\"n\":\"fetch\"}" TO);
	scene_end();
}

static void only_what_the_policy_refers_to_is_recorded(void **state)
{
	bool truncated;
	uint32_t used;

	(void)state;
	scene_begin(SCENE_HEAD SCENE_ALLOW "    properties: { a: { env: A } }\n" SCENE_START);
	scene.envp[0] = "A=wanted";
	scene.envp[1] = "B=unwanted";
	scene.argv[1] = "unwanted";
	scene.subject.argc = 2;
	scene_decide("s");
	used = policy_snapshot(&scene.decision, &scene.subject, scene.snapshot,
			       sizeof(scene.snapshot), &truncated);
	assert_false(truncated);
	assert_non_null(memmem(scene.snapshot, used, "wanted", 6));
	assert_null(memmem(scene.snapshot, used, "unwanted", 8));
	assert_null(memmem(scene.snapshot, used, "/usr/bin/app", 12));
	assert_string_equal(late_image_path(scene.snapshot, used), scene.image_path);
	scene_end();
}

static void a_snapshot_that_is_cut_has_whole_words_and_says_so(void **state)
{
	static const uint8_t pool_id[16];
	struct image image;
	struct late_process p = { .image = &image,
				  .start = &scene.start,
				  .pool_id = pool_id,
				  .snapshot = scene.snapshot,
				  .id = scene_id,
				  .stop = &scene.stop };
	uint32_t left_out = 0;
	bool truncated;

	(void)state;
	scene_begin(
		SCENE_HEAD SCENE_ALLOW
		"    properties: { a: { env: A }, w: { arg: 1 }, x: { arg: 2 } }\n" SCENE_START);
	scene.envp[0] = "A=a value that may not fit";
	scene.argv[1] = "first";
	scene.argv[2] = "second";
	scene.subject.argc = 3;
	scene_decide("s");
	image_open(scene.compiled.bytes, scene.compiled.length, &image);
	for (uint32_t room = 0; room <= scene.decision.payload_bytes; room++) {
		memset(scene.snapshot, 0xee, sizeof(scene.snapshot));
		scene.start.payload = policy_snapshot(&scene.decision, &scene.subject,
						      scene.snapshot, room, &truncated);
		assert_true(scene.start.payload <= room);
		assert_int_equal(scene.snapshot[room], 0xee);
		assert_int_equal(truncated, room < scene.decision.payload_bytes);
		scene.out[0] = '\0';
		assert_int_equal(late_events(&p, LATE_START, scene.late_arena,
					     sizeof(scene.late_arena), scene_emit, NULL, &left_out),
				 0);
		assert_true(strstr(scene.out, "\"a\"") == NULL ||
			    strstr(scene.out, "\"a value that may not fit\"") != NULL);
		assert_true(strstr(scene.out, "\"w\"") == NULL ||
			    strstr(scene.out, "\"first\"") != NULL);
		assert_true(strstr(scene.out, "\"x\"") == NULL ||
			    strstr(scene.out, "\"second\"") != NULL);
	}
	scene_end();
}

static void an_event_that_does_not_fit_is_left_out_and_counted(void **state)
{
	static const uint8_t pool_id[16];
	struct image image;
	struct late_process p = { .image = &image,
				  .start = &scene.start,
				  .pool_id = pool_id,
				  .snapshot = scene.snapshot };
	uint32_t left_out = 0;
	bool truncated;

	(void)state;
	scene_begin(SCENE_HEAD SCENE_ALLOW "    events:\n"
					   "      big: { when: start, properties: { a: { env: A }, "
					   "b: \"${process.pid}-${process.pid}\" } }\n"
					   "      small: { when: start }\n");
	scene.envp[0] = "A=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
			"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
	scene_decide("s");
	image_open(scene.compiled.bytes, scene.compiled.length, &image);
	scene.start.payload = policy_snapshot(&scene.decision, &scene.subject, scene.snapshot,
					      sizeof(scene.snapshot), &truncated);
	scene.out[0] = '\0';
	assert_int_equal(
		late_events(&p, LATE_START, scene.late_arena, 200, scene_emit, NULL, &left_out),
		-ENOBUFS);
	assert_int_equal(left_out, 1);
	assert_string_equal(scene.out, "small start {}" TO);
	scene_end();
}

static void a_damaged_snapshot_is_refused_or_harmless(void **state)
{
	static const uint8_t pool_id[16];
	struct image image;
	struct late_process p = { .image = &image,
				  .start = &scene.start,
				  .pool_id = pool_id,
				  .snapshot = scene.snapshot,
				  .stop = &scene.stop };
	uint32_t left_out = 0;

	(void)state;
	scene_begin(SCENE_HEAD SCENE_ALLOW
		    "    properties: { a: { env: A }, c: \"${process.cwd}\", u: \"${os.uname}\", "
		    "w: { arg: 1 } }\n"
		    "    events: { e: { when: [start, stop] } }\n");
	scene.envp[0] = "A=value";
	scene_decide("s");
	scene_events(LATE_START);
	image_open(scene.compiled.bytes, scene.compiled.length, &image);
	for (uint32_t i = 0; i < scene.start.payload; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			scene.snapshot[i] ^= (uint8_t)(1u << bit);
			scene.out[0] = '\0';
			late_events(&p, LATE_STOP, scene.late_arena, sizeof(scene.late_arena),
				    scene_emit, NULL, &left_out);
			scene.snapshot[i] ^= (uint8_t)(1u << bit);
		}
	}
	scene_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(constants_keep_their_type),
		cmocka_unit_test(templates_are_text_unless_alone),
		cmocka_unit_test(what_is_taken_from_the_process),
		cmocka_unit_test(substitutes_and_omissions_follow_the_fixed_order),
		cmocka_unit_test(ids_come_through_the_callback),
		cmocka_unit_test(a_run_has_one_session_and_each_event_an_id_that_stays),
		cmocka_unit_test(facts_of_the_event_are_its_own),
		cmocka_unit_test(a_worker_s_events_belong_to_the_run_that_forked_it),
		cmocka_unit_test(a_name_that_is_absent_is_the_label),
		cmocka_unit_test(every_end_has_its_facts),
		cmocka_unit_test(a_command_is_named_by_its_place_in_the_tree),
		cmocka_unit_test(inner_scopes_win_key_by_key),
		cmocka_unit_test(an_event_with_a_condition_is_made_only_when_it_holds),
		cmocka_unit_test(a_mask_hides_what_is_secret),
		cmocka_unit_test(a_script_gives_the_program_its_name),
		cmocka_unit_test(a_command_of_an_unknown_program_has_no_path),
		cmocka_unit_test(only_what_the_policy_refers_to_is_recorded),
		cmocka_unit_test(a_snapshot_that_is_cut_has_whole_words_and_says_so),
		cmocka_unit_test(an_event_that_does_not_fit_is_left_out_and_counted),
		cmocka_unit_test(a_damaged_snapshot_is_refused_or_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
