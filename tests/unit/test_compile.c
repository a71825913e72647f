/*
 * policy/compile/compile.h: what is accepted, and what is said about the rest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "tests/unit/policy_scene.h"

static void a_whole_policy_has_no_findings(void **state)
{
	(void)state;
	assert_said(SCENE_HEAD SCENE_ALLOW SCENE_START, "");
}

static void a_misspelt_key_names_the_nearest_one(void **state)
{
	(void)state;
	assert_said(SCENE_HEAD SCENE_ALLOW "    evnets: {}\n" SCENE_START,
		    "8:5: unknown key of a service 'evnets': did you mean 'events'?\n");
	assert_said("bokend: 1\n" SCENE_HEAD SCENE_ALLOW SCENE_START,
		    "1:1: unknown key of a policy 'bokend': did you mean 'bookend'?\n");
}

static void a_key_from_nowhere_is_told_what_there_is(void **state)
{
	(void)state;
	assert_said(SCENE_HEAD SCENE_ALLOW "    match: { container: x, exe: y }\n" SCENE_START,
		    "8:14: unknown key of match 'container': this version knows exe, script, "
		    "path, args, user or parent\n");
}

static void a_key_that_stands_twice_is_refused(void **state)
{
	(void)state;
	assert_said(SCENE_HEAD SCENE_ALLOW SCENE_START SCENE_START,
		    "9:5: the key 'events' stands here twice, first on line 8\n");
}

/* What stands in the list changes with the language. */
static void assert_begins(const char *policy, const char *with)
{
	const char *said = scene_findings(policy);

	if (strncmp(said, with, strlen(with)) != 0)
		fail_msg("%s", said);
}

static void words_of_later_versions_are_refused_with_those_there_are(void **state)
{
	(void)state;
	assert_begins(
		SCENE_HEAD SCENE_ALLOW "    properties: { a: { fetch: x } }\n" SCENE_START,
		"8:24: unknown source 'fetch': this version knows value, env, flag, option, ");
	assert_begins(SCENE_HEAD SCENE_ALLOW "    events: { e: { when: { hourly: x } } }\n",
		      "8:28: unknown key of a trigger 'hourly': this version knows start, stop, ");
	assert_begins(SCENE_HEAD SCENE_ALLOW
		      "    events: { e: { when: start, if: { env: A, like: x } } }\n",
		      "8:47: unknown key of a source 'like': this version knows ");
}

static void a_key_of_nothing_is_unknown(void **state)
{
	(void)state;
	assert_begins(SCENE_HEAD SCENE_ALLOW
		      "    properties: { a: { env: A, \"\": x } }\n" SCENE_START,
		      "8:32: unknown key of a source ''");
}

static void schedules_are_read_and_their_mistakes_said(void **state)
{
	(void)state;
	assert_said(
		SCENE_HEAD SCENE_ALLOW
		"    events: { e: { when: { every: 24h, at: \"00:00 UTC\", per: installation }, "
		"sample: 0.1, limit: 10 per 1h } }\n",
		"");
	assert_said(SCENE_HEAD SCENE_ALLOW "    events: { e: { when: { every: 1ms } } }\n",
		    "8:35: every: takes 100ms to 366d\n");
	assert_said(SCENE_HEAD SCENE_ALLOW
		    "    events: { e: { when: { every: 7h, at: \"00:00 UTC\" } } }\n",
		    "8:43: at: needs an every: that divides the day, such as 24h, 6h or 15m\n");
	assert_said(SCENE_HEAD SCENE_ALLOW
		    "    events: { e: { when: { every: 6h, at: \"24:00 UTC\" } } }\n",
		    "8:43: a time of the day is expected here, \"00:00 UTC\" or \"03:30 local\"\n");
	assert_said(SCENE_HEAD SCENE_ALLOW
		    "    events: { e: { when: [{ every: 6h }, { every: 7h }] } }\n",
		    "8:42: an event has one schedule: a second one makes a second event\n");
	assert_said(SCENE_HEAD SCENE_ALLOW
		    "    events: { e: { when: { every: 6h, phase: start } } }\n",
		    "8:39: 'phase' does not go with every:\n");
	assert_said(SCENE_HEAD SCENE_ALLOW "    events: { e: { when: start, sample: 2 } }\n",
		    "8:41: a share of the runs is expected here, a number above 0 and up to 1: 0.1 "
		    "is every tenth\n");
	assert_said(SCENE_HEAD SCENE_ALLOW "    events: { e: { when: start, limit: 5 } }\n",
		    "8:40: a rate is expected here, such as 10 per 1m\n");
	assert_said(SCENE_HEAD SCENE_ALLOW
		    "    events: { e: { when: start, remember: { a.b: 1 } } }\n",
		    "8:45: what is remembered has a name without a dot: ${remembered.NAME}\n");
}

static void a_worker_goes_without_a_name(void **state)
{
	(void)state;
	assert_said(SCENE_HEAD SCENE_ALLOW "    events: { e: { when: worker }, f: { when: { "
					   "worker: any, how: failed } } }\n",
		    "");
	assert_said(SCENE_HEAD SCENE_ALLOW "    events: { e: { when: { worker: nginx } } }\n",
		    "8:36: worker: takes any; shorter: `when: worker`\n");
	assert_said(SCENE_HEAD SCENE_ALLOW
		    "    events: { e: { when: { worker: any, phase: start, how: failed } } }\n",
		    "8:60: at its start nobody knows how a command will end: how: belongs to "
		    "phase: end\n");
	assert_said(SCENE_HEAD SCENE_ALLOW
		    "    commands: [up]\n"
		    "    events: { e: { when: { worker: any, during: up } } }\n",
		    "9:49: during: belongs to child:\n");
}

static void a_child_goes_by_the_last_part_of_its_program(void **state)
{
	(void)state;
	assert_said(SCENE_HEAD SCENE_ALLOW "    commands: [up]\n"
					   "    events: { e: { when: { child: [make all, git], "
					   "during: up, phase: start } } }\n",
		    "");
	assert_said(SCENE_HEAD SCENE_ALLOW "    events: { e: { when: { child: /bin/x y } } }\n",
		    "8:35: a child is named by its program's last part: 'x y'\n");
	assert_said(SCENE_HEAD SCENE_ALLOW "    events: { e: { when: child } }\n",
		    "8:26: child needs a name: `when: { child: PROGRAM }`\n");
	assert_said(SCENE_HEAD SCENE_ALLOW "    events: { e: { when: { child: x, stop: any } } }\n",
		    "8:28: 'child' does not go with stop:; a list in when: takes several "
		    "triggers\n");
	assert_said(SCENE_HEAD SCENE_ALLOW "    events: { e: { when: { child: x }, properties: { "
					   "a: { env: A, of: child } } } }\n",
		    "8:67: of: belongs to arg:\n");
}

static void several_mistakes_are_said_in_the_order_of_the_file(void **state)
{
	(void)state;
	assert_said("bookend: 1\n"
		    "values: { a: { evn: A } }\n"
		    "destinations: { d: { format: jsn, url: ftp://x } }\n"
		    "services: { s: { to: e, events: { e: { when: begin } } } }\n",
		    "2:16: unknown source 'evn': did you mean 'env'?\n"
		    "3:30: unknown format 'jsn': did you mean 'json'?\n"
		    "3:40: a URL begins with http://, https://, file:/ or unix:/, not 'ftp://x'\n"
		    "4:13: the service 's' has no consent: write `consent:` with rules, at least "
		    "\"- allow: always\", here or in defaults\n"
		    "4:22: unknown destination 'e': did you mean 'd'?\n"
		    "4:46: unknown trigger 'begin': this version knows start, stop, command, "
		    "child, worker, call, every, "
		    "change or file\n");
}

static void templates_are_read_to_the_letter(void **state)
{
	(void)state;
	assert_said(
		SCENE_HEAD SCENE_ALLOW "    properties:\n"
				       "      a: ${exit.hwo}\n"
				       "      b: ${weather.now}\n"
				       "      c: ${x:-y}\n"
				       "      d: ${x\n"
				       "      e: $${x}\n" SCENE_START,
		"9:10: unknown fact 'exit.hwo': did you mean 'exit.how'?\n"
		"10:10: unknown fact 'weather.now': this version knows event.*, process.*, "
		"command.*, exit.*, crash.frames, os.*, call.*, measure.*, git.*, ci.name and "
		"host.machine_id (see docs/policy.md)\n"
		"11:10: ${x:-y} can not carry a default: write else: beside the source\n"
		"12:10: ${ without its }: write ${name}, or $${ for the characters themselves\n");
}

static void an_object_stands_alone(void **state)
{
	(void)state;
	assert_said("values: { o: { object: { a: 1 } } }\n" SCENE_HEAD SCENE_ALLOW
		    "    properties: { x: \"${o}\", y: \"a ${o}\" }\n" SCENE_START,
		    "9:33: an object can not stand inside a text: let its ${...} stand alone\n");
}

static void values_that_go_in_circles_are_found(void **state)
{
	(void)state;
	assert_said("values: { a: \"${b}\", b: \"x${a}\" }\n" SCENE_HEAD SCENE_ALLOW SCENE_START,
		    "1:25: the value 'a' refers to itself\n");
	assert_said(SCENE_HEAD SCENE_ALLOW
		    "    events: { e: { when: start, name: \"x${event.name}\" } }\n",
		    "8:39: the event's name refers to ${event.name}, itself\n");
}

static void consent_knows_only_what_is_known_before(void **state)
{
	(void)state;
	assert_said(SCENE_HEAD "    consent:\n"
			       "      - deny: { value: \"${exit.how}\", is: clean }\n"
			       "      - deny: { id: installation, is: x }\n"
			       "      - allow: maybe\n" SCENE_START,
		    "8:15: consent is asked before anything is recorded, so it can not know facts "
		    "of the event, of a call or of the exit\n"
		    "9:15: consent is asked before anything is recorded, so it can not know an id\n"
		    "10:16: a condition is always, never, \"${name}\", or a source with a test: { "
		    "env: NAME, is: true }; not 'maybe'\n");
}

static void what_no_moment_of_an_event_knows_is_refused(void **state)
{
	(void)state;
	assert_said(
		SCENE_HEAD SCENE_ALLOW
		"    properties: { code: \"${exit.code}\" }\n" /* inherited: for others */
		"    events:\n"
		"      a: { when: start }\n"
		"      b: { when: [start, stop], properties: { how: \"${exit.how}\" } }\n"
		"      c: { when: { every: 1h }, properties: { ms: \"${exit.duration_ms}\" } }\n"
		"      d: { when: { command: any, phase: start }, if: \"${exit.failed}\" }\n"
		"      e: { when: stop, properties: { r: \"${call.result}\", p: { parameter: 1 } } "
		"}\n"
		"      f: { when: [stop, { call: f }], properties: { r: \"${call.result}\" } }\n",
		"12:51: exit.duration_ms is known at an end, and none makes this event (stop, "
		"or the end of a command, child or worker): leave it out, or add one to when:\n"
		"13:54: exit.failed is known at an end, and none makes this event (stop, or the "
		"end of a command, child or worker): leave it out, or add one to when:\n"
		"14:41: call.result is known of a call, and none makes this event: name the "
		"function in when: { call: ... }, or leave it out\n"
		"14:75: only a call has parameters, and none makes this event: name the "
		"function in when: { call: ... }, or leave it out\n");
}

static void a_command_must_be_in_the_tree(void **state)
{
	(void)state;
	assert_said(SCENE_HEAD SCENE_ALLOW "    commands: [infra up, up]\n"
					   "    events: { e: { when: { command: infra upp } } }\n",
		    "9:37: unknown command 'infra upp': did you mean 'infra up'?\n");
	assert_said(SCENE_HEAD SCENE_ALLOW "    sender: helper\n"
					   "    events: { e: { when: command } }\n",
		    "8:13: a command never sends: for a service with commands: or `when: command` "
		    "only `sender: later`\n");
	assert_said(SCENE_HEAD SCENE_ALLOW
		    "    events: { e: { when: { command: any, phase: start, how: clean } } }\n",
		    "8:61: at its start nobody knows how a command will end: how: belongs to "
		    "phase: end\n");
}

static void scalars_are_read_by_their_key(void **state)
{
	(void)state;
	assert_said(
		"bookend: 1\n"
		"destinations:\n"
		"  d:\n"
		"    format: segment\n"
		"    url: https://x\n"
		"    key: k\n"
		"    auth: oauth\n"
		"    send: { batch: 0, timeout: 5, bytes: 1MB }\n"
		"    retry: { after: [5xx, 1xx], wait: 30s to 1s }\n"
		"    headers: { \"A B\": c, D: \"${x}\" }\n"
		"    gzip: 1\n"
		"    spool: { age: 1w }\n"
		"services: { s: { to: d, consent: [ allow: always ], events: { e: { when: start } "
		"} } }\n",
		"7:11: unknown auth 'oauth': this version knows none, basic, bearer or raw\n"
		"8:20: a whole number from 1 to 100000 is expected here, not '0'\n"
		"8:32: a duration is a number with ns, us, ms, s, m, h or d behind it, not '5'\n"
		"8:42: a size is a number with nothing, KiB, MiB or GiB behind it, not '1MB'\n"
		"9:27: a status (429), a class (5xx), network or timeout is expected, not '1xx'\n"
		"9:39: write `500ms to 30s`, the shorter one first, not '30s to 1s'\n"
		"10:16: a header is `Name: text` on one line\n"
		"10:29: unknown value 'x': name it under `values:`; facts have a dot, as in "
		"${process.name}\n"
		"11:11: true or false is expected here, not '1'\n"
		"12:19: a duration is a number with ns, us, ms, s, m, h or d behind it, not "
		"'1w'\n");
}

static void what_a_request_looks_like_is_checked(void **state)
{
	(void)state;
	assert_said(
		"bookend: 1\n"
		"values: { p: \"${event.properties}\", events: a }\n"
		"destinations:\n"
		"  a:\n"
		"    format: segment\n"
		"    url: https://x\n"
		"    key: k\n"
		"    auth: { cookie: x }\n"
		"    each: ${event.properties}\n"
		"    body: { object: { e: \"${events}\", p: \"${process.pid}\" } }\n"
		"    drop: [properties.a, name]\n"
		"    time: unix\n"
		"    stop: { failures: 0 }\n"
		"  b:\n"
		"    format: json\n"
		"    url: https://x\n"
		"    key: k\n"
		"    auth: { body: key }\n"
		"    each: { object: { all: \"${events}\", p: \"${event.properties.a}\" } }\n"
		"    tls: { cert_key: /k }\n"
		"services:\n"
		"  s:\n"
		"    to: [a, b]\n"
		"    consent: [ allow: always ]\n"
		"    events: { e: { when: start, properties: { x: \"${p}\", y: \"${send.time}\" "
		"} } }\n",
		"2:14: event.context and event.properties are known in each: of a destination "
		"only\n"
		"2:37: events is a fact, the events of a request: take another name\n"
		"8:13: unknown key of auth 'cookie': this version knows basic, header, scheme, "
		"body or query\n"
		"9:11: each: takes object: ..., which is merged over what the format writes\n"
		"10:42: body: is of no single event: it takes constants, ${events} and "
		"${send.time}\n"
		"11:26: drop: takes user, session, pid, context, properties and paths in the "
		"last two (properties.name), not 'name'\n"
		"12:11: unknown form of a time 'unix': did you mean 'unix_s'?\n"
		"13:23: a whole number from 1 to 1000 is expected here, not '0'\n"
		"18:11: the key needs an object to stand in: write body: { object: { events: "
		"\"${events}\" } }, or send: { batch: 1 }\n"
		"19:28: events and send.time are known in body: of a destination only\n"
		"20:22: cert_key: belongs to cert:\n"
		"25:61: events and send.time are known in body: of a destination only\n");
}

static void a_file_takes_ndjson_only(void **state)
{
	(void)state;
	assert_said("bookend: 1\n"
		    "destinations: { d: { format: json, url: file:/tmp/x } }\n"
		    "services: { s: { to: d, consent: [ allow: always ], events: { e: { when: "
		    "start } } } }\n",
		    "2:41: a file takes format: ndjson\n");
}

static void more_than_twenty_findings_are_counted_only(void **state)
{
	char policy[2048] = SCENE_HEAD SCENE_ALLOW;
	const char *last;

	(void)state;
	for (int i = 0; i < 25; i++)
		sprintf(policy + strlen(policy), "    zzzzzzz%d: x\n", i);
	strcat(policy, SCENE_START);
	last = strstr(scene_findings(policy), "0:0: ");
	assert_non_null(last);
	assert_string_equal(last, "0:0: 5 more errors are not shown\n");
}

static void depth_is_bounded(void **state)
{
	char policy[4096] = SCENE_HEAD SCENE_ALLOW "    properties: ";

	(void)state;
	for (int i = 0; i < 20; i++)
		strcat(policy, i == 0 ? "{ a: " : "{ object: { a: ");
	strcat(policy, "1");
	for (int i = 0; i < 20; i++)
		strcat(policy, i == 0 ? " }" : " } }");
	strcat(policy, "\n" SCENE_START);
	assert_non_null(strstr(scene_findings(policy), "nested deeper than 32 levels"));
}

static void a_policy_of_another_version_is_refused(void **state)
{
	(void)state;
	assert_non_null(strstr(scene_findings("bookend: 2\n"),
			       "1:10: this bookend knows `bookend: 1`: a policy of version '2' "
			       "needs a newer one\n"));
	assert_said("", "0:0: the policy is empty: it begins with `bookend: 1`\n");
	assert_said("- a\n", "1:1: a policy is a mapping (key: value), not a list\n");
}

static void a_huge_file_is_refused_at_once(void **state)
{
	char path[] = "/tmp/bookend-huge-XXXXXX";
	struct compiled compiled;
	int file = mkstemp(path);

	(void)state;
	assert_int_equal(ftruncate(file, 10 << 20), 0);
	scene.out[0] = '\0';
	assert_int_equal(compile_file(path, &scene_options, &compiled), -EINVAL);
	assert_string_equal(scene.out,
			    "0:0: a policy has at most 1 MiB; this one has 10485760 bytes\n");
	close(file);
	unlink(path);
}

static void a_file_that_is_not_there_is_said(void **state)
{
	struct compiled compiled;

	(void)state;
	scene.out[0] = '\0';
	assert_int_equal(compile_file("/nonexistent.yaml", &scene_options, &compiled), -ENOENT);
	assert_string_equal(scene.out, "0:0: can not be read: No such file or directory\n");
	scene.out[0] = '\0';
	assert_int_equal(compile_file("/dev/null", &scene_options, &compiled), -EINVAL);
	assert_string_equal(scene.out, "0:0: can not be read: not a regular file\n");
}

static char *big_policy(unsigned services, unsigned events)
{
	char *policy = malloc(1 << 20);
	size_t used =
		(size_t)sprintf(policy, "bookend: 1\n"
					"destinations: { d: { format: json, url: http://x } }\n"
					"defaults: { to: d, consent: [ allow: always ] }\n"
					"services:\n");

	for (unsigned i = 0; i < services; i++) {
		used += (size_t)sprintf(policy + used, " s%u:\n  match: { exe: p%u }\n  events:\n",
					i, i);
		for (unsigned j = 0; j < events; j++)
			used += (size_t)sprintf(policy + used,
						"   e%u: { when: start, properties: { a: %u } }\n",
						j, j);
	}
	return policy;
}

/* The budget is a second on a plain build; sanitizers take their share. */
static void ten_thousand_rules_compile_soon(void **state)
{
	char *policy = big_policy(1000, 10);
	struct compiled compiled;
	clock_t from = clock();

	(void)state;
	assert_int_equal(compile_text("big", policy, strlen(policy), &scene_options, &compiled), 0);
	assert_true(clock() - from < 5 * CLOCKS_PER_SEC);
	assert_int_equal(compiled.services, 1000);
	assert_int_equal(compiled.events, 10000);
	free(compiled.bytes);
	free(policy);
}

static void the_same_policy_makes_the_same_image(void **state)
{
	const char *policy = SCENE_HEAD SCENE_ALLOW SCENE_START;
	struct compiled first, second;

	(void)state;
	assert_int_equal(compile_text("a", policy, strlen(policy), &scene_options, &first), 0);
	assert_int_equal(compile_text("b", policy, strlen(policy), &scene_options, &second), 0);
	assert_int_equal(first.length, second.length);
	assert_memory_equal(first.bytes, second.bytes, first.length);
	free(first.bytes);
	free(second.bytes);
}

static void a_policy_cut_anywhere_is_refused_or_whole(void **state)
{
	const char *policy = SCENE_HEAD SCENE_ALLOW SCENE_START;
	struct compiled compiled;

	(void)state;
	for (size_t length = 0; length < strlen(policy); length++) {
		scene.out[0] = '\0';
		if (compile_text("cut", policy, length, &scene_options, &compiled) == 0)
			free(compiled.bytes);
		else
			assert_string_not_equal(scene.out, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_policy_has_no_findings),
		cmocka_unit_test(a_misspelt_key_names_the_nearest_one),
		cmocka_unit_test(a_key_from_nowhere_is_told_what_there_is),
		cmocka_unit_test(a_key_that_stands_twice_is_refused),
		cmocka_unit_test(words_of_later_versions_are_refused_with_those_there_are),
		cmocka_unit_test(a_key_of_nothing_is_unknown),
		cmocka_unit_test(schedules_are_read_and_their_mistakes_said),
		cmocka_unit_test(a_worker_goes_without_a_name),
		cmocka_unit_test(a_child_goes_by_the_last_part_of_its_program),
		cmocka_unit_test(several_mistakes_are_said_in_the_order_of_the_file),
		cmocka_unit_test(templates_are_read_to_the_letter),
		cmocka_unit_test(an_object_stands_alone),
		cmocka_unit_test(values_that_go_in_circles_are_found),
		cmocka_unit_test(consent_knows_only_what_is_known_before),
		cmocka_unit_test(what_no_moment_of_an_event_knows_is_refused),
		cmocka_unit_test(a_command_must_be_in_the_tree),
		cmocka_unit_test(scalars_are_read_by_their_key),
		cmocka_unit_test(what_a_request_looks_like_is_checked),
		cmocka_unit_test(a_file_takes_ndjson_only),
		cmocka_unit_test(more_than_twenty_findings_are_counted_only),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(a_policy_of_another_version_is_refused),
		cmocka_unit_test(a_huge_file_is_refused_at_once),
		cmocka_unit_test(a_file_that_is_not_there_is_said),
		cmocka_unit_test(ten_thousand_rules_compile_soon),
		cmocka_unit_test(the_same_policy_makes_the_same_image),
		cmocka_unit_test(a_policy_cut_anywhere_is_refused_or_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
