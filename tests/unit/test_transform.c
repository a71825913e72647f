/*
 * policy/transform.h through the language: what each transform makes of a text, what patterns find,
 * and how often a value is made.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/sha256.h"
#include "policy/time_text.h"
#include "tests/unit/policy_events.h"

#define TO " -> http://127.0.0.1/ \n"

/* The events of a service at its start, with a variable in its environment. */
static void assert_start(const char *service, const char *variable, const char *expected)
{
	char policy[4096];

	snprintf(policy, sizeof(policy), SCENE_HEAD SCENE_ALLOW "%s", service);
	scene_begin(policy);
	scene.envp[0] = variable;
	assert_int_equal(scene_decide("s"), REASON_MEASURED);
	if (strcmp(scene_events(LATE_START), expected) != 0)
		fail_msg("%s%s: %s, not %s", service, variable, scene.out, expected);
	scene_end();
}

/* What the source makes of A=text: JSON, or "" when it is absent. */
static void assert_source(const char *source, const char *text, const char *json)
{
	char service[2048], variable[1024], expected[1024];

	snprintf(service, sizeof(service), "    properties: { p: %s }\n" SCENE_START, source);
	snprintf(variable, sizeof(variable), "A=%s", text);
	snprintf(expected, sizeof(expected), "e start {%s%s}" TO, json[0] != '\0' ? "\"p\":" : "",
		 json);
	assert_start(service, variable, expected);
}

static void assert_made(const char *text, const char *transforms, const char *json)
{
	char source[1024];

	snprintf(source, sizeof(source), "{ env: A, %s }", transforms);
	assert_source(source, text, json);
}

static void assert_condition(const char *condition, bool holds)
{
	char service[512];

	snprintf(service, sizeof(service), "    events: { e: { when: start, if: %s } }\n",
		 condition);
	assert_start(service, "NAME=Ada", holds ? "e start {}" TO : "");
}

static void what_is_encoded_is_decoded_to_text_or_not_at_all(void **state)
{
	(void)state;
	assert_made("aGVsbG8/", "decode: base64", "\"hello?\"");
	assert_made("aGVsbG8_", "decode: base64url", "\"hello?\"");
	assert_made("YQ==", "decode: base64", "\"a\"");
	assert_made("YQ", "decode: base64", "\"a\"");
	assert_made("YWI=", "decode: base64", "\"ab\"");
	assert_made("YWJj", "decode: base64", "\"abc\"");
	assert_made("Y", "decode: base64", "");
	assert_made("YQ=", "decode: base64", "");
	assert_made("=", "decode: base64", "");
	assert_made("YQ==YQ==", "decode: base64", "");
	assert_made("Y Q=", "decode: base64", "");
	assert_made("aGVsbG8_", "decode: base64", "");
	assert_made("AAAA", "decode: base64", "");
	assert_made("//8=", "decode: base64", "");
	assert_made("ff", "decode: hex", "");
	assert_made("c3A9", "decode: hex", "\"\xc3\xa9\"");
	assert_made("6", "decode: hex", "");
	assert_made("6g", "decode: hex", "");
	assert_made("a%20b+c%C3%A9", "decode: url", "\"a b+c\xc3\xa9\"");
	assert_made("100%", "decode: url", "");
	assert_made("%4", "decode: url", "");
	assert_made("%zz", "decode: url", "");
	assert_made("%zz", "decode: url, else: bad", "\"bad\"");
}

static void types_are_converted_when_the_text_is_one(void **state)
{
	(void)state;
	assert_made(" 42\n", "as: int", "42");
	assert_made("+007", "as: int", "7");
	assert_made("-0", "as: int", "0");
	assert_made("-3.9", "as: int", "-3");
	assert_made("3.", "as: int", "3");
	assert_made("1e3", "as: int", "");
	assert_made("x", "as: int", "");
	assert_made("-", "as: int", "");
	assert_made("12 13", "as: int", "");
	assert_made("1.50\n", "as: float", "1.50");
	assert_made(".5", "as: float", "");
	assert_made("T", "as: bool", "true");
	assert_made("0", "as: bool", "false");
	assert_made("yes", "as: bool", "");
}

static void a_time_is_read_with_any_offset_and_written_in_every_form(void **state)
{
	static const char time[] = "2024-02-29T23:59:59.123456789+01:30";

	(void)state;
	assert_made(time, "as: rfc3339_s", "\"2024-02-29T22:29:59Z\"");
	assert_made(time, "as: rfc3339_ms", "\"2024-02-29T22:29:59.123Z\"");
	assert_made(time, "as: rfc3339_us", "\"2024-02-29T22:29:59.123456Z\"");
	assert_made(time, "as: rfc3339_ns", "\"2024-02-29T22:29:59.123456789Z\"");
	assert_made(time, "as: unix_s", "1709245799");
	assert_made(time, "as: unix_ms", "1709245799123");
	assert_made(time, "as: unix_us", "1709245799123456");
	assert_made(time, "as: unix_ns", "1709245799123456789");
	assert_made("1970-01-01 00:00:00z", "as: unix_s", "0");
	assert_made("1970-01-01T00:59:00+01:00", "as: unix_s", "");
	assert_made("2016-12-31T23:59:60Z", "as: unix_s", "1483228799");
	assert_made("2023-02-29T00:00:00Z", "as: unix_s", "");
	assert_made("2023-01-01T00:00:00", "as: unix_s", "");
	assert_made("2023-01-01T24:00:00Z", "as: unix_s", "");
	assert_made("2023-13-01T00:00:00Z", "as: unix_s", "");
	assert_made("2023-01-01T00:00:00.Z", "as: unix_s", "");
	assert_made("1700000000", "as: rfc3339_s", "");
}

static void every_day_is_read_as_it_is_written(void **state)
{
	char memory[64];
	uint64_t ns;

	(void)state;
	for (uint64_t day = 0; day < 200000; day += 13) {
		struct text t = text_init(memory, sizeof(memory));

		text_add_time(&t, day * 86400000000000 + 1, 9);
		assert_int_equal(time_read(memory, t.length, &ns), 0);
		assert_true(ns == day * 86400000000000 + 1);
	}
}

static void the_events_time_has_nanoseconds_for_who_asks(void **state)
{
	(void)state;
	scene_begin(SCENE_HEAD SCENE_ALLOW "    properties: { a: { value: \"${event.time}\", as: "
					   "rfc3339_ns }, b: \"${event.time}\" }\n" SCENE_START);
	scene_decide("s");
	scene.start.real_ns = 1700000000123456789;
	assert_non_null(
		strstr(scene_events(LATE_START),
		       "{\"a\":\"2023-11-14T22:13:20.123456789Z\",\"b\":\"2023-11-14T22:13:20."
		       "123456Z\"}"));
	scene_end();
}

static void all_that_is_found_is_replaced(void **state)
{
	(void)state;
	assert_made("a1b22c", "replace: { matches: '\\d+', give: N }", "\"aNbNc\"");
	assert_made("v1.2",
		    "replace: [ { matches: '^v', give: \"\" }, { matches: '\\.', give: _ } ]",
		    "\"1_2\"");
	assert_made("ab", "replace: { matches: 'x*', give: \"-\" }", "\"-a-b-\"");
}

static void a_pattern_takes_its_first_group_or_all(void **state)
{
	(void)state;
	assert_source("{ value: \"acme v1.22.3-rc\", extract: '\\d+\\.\\d+' }", "", "\"1.22\"");
	assert_source("{ value: \"acme v1.22.3-rc\", extract: 'v(\\d+)(.*)' }", "", "\"1\"");
	assert_source("{ value: abc, extract: '(x)?b' }", "", "");
	assert_source("{ value: abc, extract: x }", "", "");
	assert_source("{ value: abc, extract: x, else: none }", "", "\"none\"");
	assert_source("{ value: 1234, extract: '3.' }", "", "\"34\"");
	assert_source("{ value: null, extract: n }", "", "null");
	assert_source("{ object: { a: 1 }, extract: a }", "", "");
	assert_source("{ env: NONE, extract: x }", "", "");
}

static void a_pattern_is_found_anywhere_unless_it_is_held(void **state)
{
	(void)state;
	assert_condition("{ env: NAME, matches: d }", true);
	assert_condition("{ env: NAME, matches: '^d' }", false);
	assert_condition("{ env: NAME, matches: ['^d', 'a$'] }", true);
	assert_condition("{ env: NONE, matches: '.' }", false);
	assert_condition("{ not: { env: NAME, matches: '(?i)^ADA$' } }", false);
	assert_condition("{ value: \"${process.pid}\", matches: '^4' }", true);
}

static void a_dear_value_is_evaluated_once_for_all_events_of_a_moment(void **state)
{
	(void)state;
	scene_begin(
		"bookend: 1\n"
		"values:\n"
		"  version: { run: [v1.2], extract: '\\d.*' }\n"
		"  product: app/${version}\n"
		"  none: { get: \"http://x/${version}\" }\n"
		"  own: { run: [now], replace: { matches: now, give: \"${event.name}\" } }\n"
		"destinations: { d: { format: json, url: http://127.0.0.1/ } }\n"
		"defaults: { to: d, consent: [ allow: always ] }\n"
		"services:\n"
		"  s:\n"
		"    user: ${version}\n"
		"    properties: { p: \"${product}\", v: \"${version}\", n: \"${none}\", o: "
		"\"${own}\" "
		"}\n"
		"    events: { a: { when: start }, b: { when: start, if: { value: \"${version}\", "
		"is: \"1.2\" } } }\n");
	scene_decide("s");
	assert_string_equal(scene_events(LATE_START),
			    "a start user=1.2 {\"p\":\"app/1.2\",\"v\":\"1.2\",\"o\":\"a\"}" TO
			    "b start user=1.2 {\"p\":\"app/1.2\",\"v\":\"1.2\",\"o\":\"b\"}" TO);
	/* version, none, and own for each event. */
	assert_int_equal(scene.probes, 4);
	scene_end();
}

static void what_fits_a_route_becomes_the_route(void **state)
{
	static const char routes[] = "route: [/api-explorer, /users/:NAME, '/a/:X/b', /]";

	(void)state;
	assert_made("/api-explorer", routes, "\"/api-explorer\"");
	assert_made("/users/ada?tab=1", routes, "\"/users/NAME\"");
	assert_made("/users/ada#top", routes, "\"/users/NAME\"");
	assert_made("/users/a b", routes, "\"/users/NAME\"");
	assert_made("/a/:X/b", routes, "\"/a/X/b\"");
	assert_made("/", routes, "\"/\"");
	assert_made("/?x", routes, "\"/\"");
	assert_made("/users/", routes, "");
	assert_made("/users/ada/", routes, "");
	assert_made("/users", routes, "");
	assert_made("/users/ada/x", routes, "");
	assert_made("/usersx/ada", routes, "");
	assert_made("users/ada", routes, "");
	assert_made("?/users/ada", routes, "");
}

/* What Hasura's console sends for its routes, as seen on the wire. */
static void hasuras_routes_come_out_as_hasura_sends_them(void **state)
{
	static const char routes[] =
		"route: [/api-explorer, '/data/schema/:SCHEMA_NAME/tables/:TABLE_NAME/modify', "
		"'/data/schema/:SCHEMA_NAME/views/:VIEW_NAME/browse', "
		"'/data/schema/:SCHEMA_NAME/functions/:FUNCTION_NAME/modify', "
		"'/data/schema/:SCHEMA_NAME', "
		"'/remote-schemas/manage/:REMOTE_SCHEMA_NAME/details', "
		"'/events/data/:DATA_TRIGGER_NAME/logs', "
		"'/events/cron/:CRON_TRIGGER_NAME/modify'], "
		"else: other";
	static const char *const pairs[][2] = {
		{ "/data/schema/public/tables/users/modify",
		  "\"/data/schema/SCHEMA_NAME/tables/TABLE_NAME/modify\"" },
		{ "/data/schema/my-schema/views/v1/browse",
		  "\"/data/schema/SCHEMA_NAME/views/VIEW_NAME/browse\"" },
		{ "/data/schema/public", "\"/data/schema/SCHEMA_NAME\"" },
		{ "/remote-schemas/manage/acme/details",
		  "\"/remote-schemas/manage/REMOTE_SCHEMA_NAME/details\"" },
		{ "/events/data/on_user/logs", "\"/events/data/DATA_TRIGGER_NAME/logs\"" },
		{ "/events/cron/nightly/modify", "\"/events/cron/CRON_TRIGGER_NAME/modify\"" },
		{ "/api-explorer", "\"/api-explorer\"" },
		{ "/data/schema/a b/functions/f/modify",
		  "\"/data/schema/SCHEMA_NAME/functions/FUNCTION_NAME/modify\"" },
		{ "/data/secret-name", "\"other\"" },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		assert_made(pairs[i][0], routes, pairs[i][1]);
}

static void the_first_case_that_holds_gives(void **state)
{
	static const char cases[] = "cases: [ { matches: ['^v?\\d', '^r'], give: release }, "
				    "{ is: [7, edge], give: { value: 7 } }, { is: x, give: "
				    "\"${process.pid}\" } ]";

	(void)state;
	assert_made("v1", cases, "\"release\"");
	assert_made("r", cases, "\"release\"");
	assert_made("edge", cases, "7");
	assert_made("x", cases, "42");
	assert_made("y", cases, "");
	assert_made("w", "cases: [ { is: w, give: null } ], else: none", "null");
	assert_made("7.0", "cases: [ { is: 7, give: seven } ]", "\"seven\"");
	assert_made("w", "map: { x: a, w: { object: { k: 1 } } }", "{\"k\":1}");
	assert_made("z", "map: { x: a }", "");
	assert_made("z", "map: { x: a }, else: none", "\"none\"");
}

static void words_are_written_another_way(void **state)
{
	(void)state;
	assert_made("aB\xc3\x89 1", "case: lower", "\"ab\xc3\x89 1\"");
	assert_made("aB\xc3\xa9", "case: upper", "\"AB\xc3\xa9\"");
	assert_made("userID of HTTPServer2", "case: snake", "\"user_id_of_http_server2\"");
	assert_made("--a  B--", "case: kebab", "\"a-b\"");
	assert_made("user_id of", "case: camel", "\"userIdOf\"");
	assert_made("--", "case: snake", "");
}

static void only_the_characters_of_the_set_stay(void **state)
{
	(void)state;
	assert_made("a-b_c.d/e\xc3\xa9", "chars: A-Za-z_.-", "\"a-b_c.de\"");
	assert_made("a-b", "chars: -b", "\"-b\"");
	assert_made("xyz", "chars: a-c", "");
}

static void the_last_part_of_a_path_is_its_basename(void **state)
{
	(void)state;
	assert_made("/usr/bin/app", "basename: true", "\"app\"");
	assert_made("app/", "basename: true", "\"app\"");
	assert_made("///", "basename: true", "");
	assert_made("a/b", "basename: false", "\"a/b\"");
}

static void a_list_is_what_stands_between(void **state)
{
	(void)state;
	assert_made("a,,b", "split: \",\"", "[\"a\",\"\",\"b\"]");
	assert_made("a", "split: \",\"", "[\"a\"]");
	assert_made("a, \"b, c", "split: \", \"", "[\"a\",\"\\\"b\",\"c\"]");
	assert_made(",", "split: \",\"", "[\"\",\"\"]");
}

static void a_hash_is_that_of_the_standard(void **state)
{
	uint8_t digest[32];
	static char million[1000000];

	(void)state;
	/* FIPS 180-2, appendix B. */
	assert_made("abc", "hash: sha256",
		    "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"");
	assert_made("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "hash: sha256",
		    "\"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1\"");
	memset(million, 'a', sizeof(million));
	sha256(million, sizeof(million), digest);
	assert_memory_equal(digest, "\xcd\xc7\x6e\x5c\x99\x14\xfb\x92", 8);
	sha256("", 0, digest);
	assert_memory_equal(digest, "\xe3\xb0\xc4\x42\x98\xfc\x1c\x14", 8);
}

static void a_text_is_cut_between_characters(void **state)
{
	(void)state;
	assert_made("abc", "truncate: 2", "\"ab\"");
	assert_made("abc", "truncate: 3", "\"abc\"");
	assert_made("a\xc3\xa9z", "truncate: 2", "\"a\"");
	assert_made("a\xc3\xa9z", "truncate: 3", "\"a\xc3\xa9\"");
	assert_made("\xf0\x9f\x98\x80", "truncate: 3", "");
}

static void the_order_is_fixed_whatever_was_written(void **state)
{
	(void)state;
	assert_made("L3Vzci9iaW4vTXlBcHA=",
		    "truncate: 3, basename: true, case: snake, decode: base64", "\"usr\"");
	assert_made("QUJD", "hash: sha256, case: lower, decode: base64",
		    "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"");
}

static void assert_refused(const char *transforms, const char *said)
{
	char policy[1024];

	snprintf(policy, sizeof(policy),
		 SCENE_HEAD SCENE_ALLOW "    properties: { p: { env: A, %s } }\n" SCENE_START,
		 transforms);
	if (strstr(scene_findings(policy), said) == NULL)
		fail_msg("%s: %s", transforms, scene.out);
}

static void what_is_written_wrongly_is_told(void **state)
{
	(void)state;
	assert_refused("decode: base46", "8:40: unknown encoding 'base46': did you mean 'base64'?");
	assert_refused("as: integer",
		       "unknown type 'integer': this version knows int, float, bool");
	assert_refused("as: unix", "unknown type 'unix': did you mean 'unix_s'?");
	assert_refused("case: title", "unknown case 'title': this version knows lower, upper");
	assert_refused("hash: md5", "unknown hash 'md5': this version knows sha256");
	assert_refused("truncate: 0", "1 to 1048576");
	assert_refused("split: \"\"", "a text is expected here, not nothing");
	assert_refused("chars: z-a", "chars: takes ASCII characters and ranges");
	assert_refused("chars: \xc3\xa9", "chars: takes ASCII characters and ranges");
	assert_refused("basename: 1", "true or false is expected here");
	assert_refused("route: [users/:ID]", "a route is a path");
	assert_refused("route: ['/users?x']", "a route is a path");
	assert_refused("route: []", "the list is empty");
	assert_refused("cases: []", "the list is empty");
	assert_refused("cases: [ { give: x } ]", "a case is { matches: PATTERN, give: SOURCE }");
	assert_refused("cases: [ { is: a, matches: a, give: x } ]", "a case is");
	assert_refused("cases: [ { is: a } ]", "a case is");
	assert_refused("cases: [ { iss: a, give: x } ]", "did you mean 'is'?");
	assert_refused("cases: x", "a case is a mapping");
	assert_refused("map: [a]", "map: is a mapping of texts");
	assert_refused("map: {}", "map: is a mapping of texts");
	assert_refused("replace: { matches: x }", "a replacement is");
	assert_refused("replace: { matches: '(?=x)', give: y }", "look-around");
	assert_refused("map: { a: b }, one_of: [b]", "one_of: stands beside map: ");
	assert_refused("cases: [ { is: a, give: b } ], route: /x", "cases: stands beside route: ");
	assert_refused("extract: '['", "this [ has no ]");
	assert_refused("extract: [a, b]", "a text is expected here");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_encoded_is_decoded_to_text_or_not_at_all),
		cmocka_unit_test(types_are_converted_when_the_text_is_one),
		cmocka_unit_test(a_time_is_read_with_any_offset_and_written_in_every_form),
		cmocka_unit_test(every_day_is_read_as_it_is_written),
		cmocka_unit_test(the_events_time_has_nanoseconds_for_who_asks),
		cmocka_unit_test(all_that_is_found_is_replaced),
		cmocka_unit_test(a_pattern_takes_its_first_group_or_all),
		cmocka_unit_test(a_pattern_is_found_anywhere_unless_it_is_held),
		cmocka_unit_test(a_dear_value_is_evaluated_once_for_all_events_of_a_moment),
		cmocka_unit_test(what_fits_a_route_becomes_the_route),
		cmocka_unit_test(hasuras_routes_come_out_as_hasura_sends_them),
		cmocka_unit_test(the_first_case_that_holds_gives),
		cmocka_unit_test(words_are_written_another_way),
		cmocka_unit_test(only_the_characters_of_the_set_stay),
		cmocka_unit_test(the_last_part_of_a_path_is_its_basename),
		cmocka_unit_test(a_list_is_what_stands_between),
		cmocka_unit_test(a_hash_is_that_of_the_standard),
		cmocka_unit_test(a_text_is_cut_between_characters),
		cmocka_unit_test(the_order_is_fixed_whatever_was_written),
		cmocka_unit_test(what_is_written_wrongly_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
