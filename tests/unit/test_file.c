/*
 * The `file` source and what is taken out of objects and lists: asked inside (policy/file.c) and
 * late (policy/late_large.c), from policies that are compiled here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/read.h"
#include "tests/unit/policy_events.h"

/* The files of a test, in a folder that is the working directory and HOME too. */
static char folder[64], here[256], home[80];

static int begin(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/bookend-file-XXXXXX");
	if (getcwd(here, sizeof(here)) == NULL || mkdtemp(folder) == NULL || chdir(folder) != 0)
		return -1;
	snprintf(home, sizeof(home), "HOME=%s", folder);
	return 0;
}

static int end(void **state)
{
	char command[96];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return chdir(here) != 0 || system(command) != 0;
}

static void put_file(const char *path, const char *content)
{
	scene_write(path, content, strlen(content));
}

/* What a process of this consent is decided to be. */
static enum reason decide(const char *rule)
{
	char policy[2048];
	enum reason reason;

	snprintf(policy, sizeof(policy),
		 SCENE_HEAD "    consent:\n      - deny: %s\n      - allow: always\n" SCENE_START,
		 rule);
	scene_begin(policy);
	scene.envp[0] = home;
	reason = scene_decide("s");
	scene_end();
	return reason;
}

static void assert_allowed(const char *rule)
{
	if (decide(rule) != REASON_MEASURED)
		fail_msg("denied: %s: %s", rule, scene.detail);
}

static void assert_denied(const char *rule)
{
	if (decide(rule) != REASON_NO_CONSENT)
		fail_msg("allowed: %s", rule);
}

/* What `properties: { p: SOURCE }` comes to: the value behind "p": and its brace. */
static const char *property(const char *source)
{
	static char out[4096];
	char policy[4096];
	const char *begin;

	snprintf(policy, sizeof(policy),
		 SCENE_HEAD SCENE_ALLOW "    properties:\n      p: %s\n" SCENE_START, source);
	scene_begin(policy);
	scene.envp[0] = home;
	scene.start.uid = geteuid();
	assert_int_equal(scene_decide("s"), REASON_MEASURED);
	begin = strchr(scene_events(LATE_START), '{');
	snprintf(out, sizeof(out), "%s", strncmp(begin, "{\"p\":", 5) == 0 ? begin + 5 : "absent");
	if (strstr(out, "} -> ") != NULL)
		*strstr(out, "} -> ") = '\0';
	scene_end();
	return out;
}

#define assert_property(source, value) assert_string_equal(property(source), value)

static void a_key_in_a_file_of_any_format_denies(void **state)
{
	static const struct {
		const char *name, *yes, *no;
	} files[] = {
		{ "c.json", "{\"a\":{\"off\":true}}", "{\"a\":{\"off\":false}}" },
		{ "c.toml", "[a]\noff = true\n", "[a]\noff = false\n" },
		{ "c.yaml", "a:\n  off: true\n", "a:\n  off: false\n" },
		{ "c.yml", "a: {off: true}\n", "a: {}\n" },
		{ "c.ini", "[a]\noff = true\n", "[a]\noff = 0\n" },
		{ "c.env", "a.off=1\n", "a.off=f\n" },
		{ "c.nacl", "a { off = true }", "a { off = false }" },
	};
	char rule[256];

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(rule, sizeof(rule), "{ file: %s/%s, key: a.off, is: true }", folder,
			 files[i].name);
		assert_allowed(rule);
		put_file(files[i].name, files[i].yes);
		assert_denied(rule);
		put_file(files[i].name, files[i].no);
		assert_allowed(rule);
		put_file(files[i].name, "[a\n");
		assert_denied(rule);
	}
}

static void a_file_is_found_at_home_or_here_or_above(void **state)
{
	(void)state;
	put_file("h.json", "{\"off\":true}");
	assert_int_equal(mkdir("sub", 0755), 0);
	assert_int_equal(mkdir("sub/deep", 0755), 0);
	assert_denied("{ file: ~/h.json, key: off }");
	assert_denied("{ file: h.json, key: off }");
	assert_int_equal(chdir("sub/deep"), 0);
	assert_allowed("{ file: h.json, key: off }");
	assert_denied("{ file: ~/h.json, key: off }");
	assert_denied("{ file: h.json, search: up, key: off }");
	assert_allowed("{ file: nothing.json, search: up, key: off }");
	put_file("../h.json", "{}");
	assert_allowed("{ file: h.json, search: up, key: off }");
	assert_int_equal(chdir(folder), 0);
	home[0] = 'X';
	assert_allowed("{ file: ~/h.json, key: off }");
	home[0] = 'H';
}

static void what_is_there_but_can_not_be_read_denies(void **state)
{
	static char large[READ_BYTES_MAX + 2];

	(void)state;
	assert_allowed("{ file: missing/x.json, key: off }");
	put_file("plain", "");
	assert_allowed("{ file: plain/x.json, key: off }");
	assert_int_equal(mkdir("folder.json", 0755), 0);
	assert_denied("{ file: folder.json, key: off }");
	assert_int_equal(mkfifo("fifo.json", 0644), 0);
	assert_denied("{ file: fifo.json, key: off }");
	assert_denied("{ file: /dev/tty, as: json, key: off }");
	assert_int_equal(symlink("loop.json", "loop.json"), 0);
	assert_denied("{ file: loop.json, key: off }");
	memset(large, ' ', sizeof(large) - 1);
	memcpy(large, "{}", 2);
	put_file("large.json", large);
	assert_denied("{ file: large.json, key: off }");
	large[READ_BYTES_MAX] = '\0';
	put_file("large.json", large);
	assert_allowed("{ file: large.json, key: off }");
	put_file("large.json", "{\"off\":\"maybe\"}");
	assert_denied("{ file: large.json, key: off, is: true }");
	assert_allowed("{ file: large.json, key: off, is: no-such }");
	assert_denied("{ file: \"${os.name}\", key: off, is: true }");
}

static void salto_may_be_off_in_two_spellings(void **state)
{
	static const char policy[] = SCENE_HEAD
		"    consent:\n"
		"      - deny: { file: s.nacl, key: salto.telemetry, is: false }\n"
		"      - deny: { file: s.nacl, key: salto.telemetry.enabled, is: false }\n"
		"      - allow: always\n" SCENE_START;
	static const struct {
		const char *file;
		enum reason reason;
	} cases[] = {
		{ "salto { telemetry = false }", REASON_NO_CONSENT },
		{ "salto { telemetry = true }", REASON_MEASURED },
		{ "salto { telemetry = { enabled = false } }", REASON_NO_CONSENT },
		{ "salto { telemetry = { enabled = true } }", REASON_MEASURED },
		{ "salto { }", REASON_MEASURED },
		{ "salto { telemetry = other.value }", REASON_NO_CONSENT },
		{ "salto { telemetry = ", REASON_NO_CONSENT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put_file("s.nacl", cases[i].file);
		scene_begin(policy);
		if (scene_decide("s") != cases[i].reason)
			fail_msg("%s: %s", cases[i].file, scene.detail);
		scene_end();
	}
}

static void the_environment_may_beat_the_file_both_ways(void **state)
{
	static const char policy[] =
		SCENE_HEAD "    consent:\n"
			   "      - deny: { env: T, is: false }\n"
			   "      - allow: { env: T, is: true }\n"
			   "      - deny: { file: e.json, key: enable_telemetry, is: false }\n"
			   "      - allow: always\n" SCENE_START;
	static const char *const variables[] = { "T=1", "T=0", "X=" };
	static const enum reason off[] = { REASON_MEASURED, REASON_NO_CONSENT, REASON_NO_CONSENT };
	static const enum reason on[] = { REASON_MEASURED, REASON_NO_CONSENT, REASON_MEASURED };

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		put_file("e.json",
			 i < 3 ? "{\"enable_telemetry\":false}" : "{\"enable_telemetry\":true}");
		scene_begin(policy);
		scene.envp[0] = variables[i % 3];
		assert_int_equal(scene_decide("s"), (i < 3 ? off : on)[i % 3]);
		scene_end();
	}
}

static void many_rules_do_not_fill_the_arena(void **state)
{
	char policy[16384] = SCENE_HEAD "    consent:\n";

	(void)state;
	put_file("m.json", "{\"a\":\"0123456789\"}");
	for (unsigned i = 0; i < 100; i++)
		strcat(policy, "      - deny: { file: m.json, key: a, is: x }\n");
	strcat(policy, "      - allow: always\n" SCENE_START);
	scene_begin(policy);
	assert_int_equal(scene_decide("s"), REASON_MEASURED);
	scene_end();
}

static void late_a_key_keeps_its_type(void **state)
{
	(void)state;
	put_file("t.json",
		 "{\"t\":\"x\",\"n\":-1.5,\"b\":false,\"z\":null,\"o\":{\"p\":1},\"l\":[1,"
		 "\"a\"],\"lo\":[{\"p\":1}],\"a.b\":{\"c\":7}}");
	assert_property("{ file: t.json, key: t }", "\"x\"");
	assert_property("{ file: t.json, key: n }", "-1.5");
	assert_property("{ file: t.json, key: b }", "false");
	assert_property("{ file: t.json, key: z }", "null");
	assert_property("{ file: t.json, key: l }", "[1,\"a\"]");
	assert_property("{ file: t.json, key: a.b.c }", "7");
	assert_property("{ file: t.json, key: no, else: 3 }", "3");
	assert_property("{ file: t.json, key: l, omit: empty }", "[1,\"a\"]");
	assert_property("{ file: no.json, key: t }", "absent");
}

static void late_what_a_key_has_is_converted(void **state)
{
	(void)state;
	put_file("typed.json", "{\"n\":\"80 \",\"t\":\"2024-01-01T00:00:00Z\",\"b\":1}");
	assert_property("{ file: typed.json, key: n, as: int }", "80");
	assert_property("{ file: typed.json, key: t, as: unix_s }", "1704067200");
	assert_property("{ file: typed.json, key: b, as: bool }", "true");
	assert_property("{ file: typed.json, key: t, as: int, else: none }", "\"none\"");
}

static void names_that_the_policy_does_not_name_do_not_leave(void **state)
{
	(void)state;
	put_file("t.json", "{\"o\":{\"secret\":1},\"l\":[{\"secret\":1}]}");
	assert_property("{ file: t.json, key: o }", "absent");
	assert_property("{ file: t.json, key: l, else: none }", "\"none\"");
	assert_property("{ file: t.json, key: o, keep: other }", "{}");
	assert_property("{ file: t.json, key: o, presence: all }", "{\"secret\":{}}");
	assert_property("{ value: plain, keep: a }", "absent");
}

static void a_file_is_read_only_for_its_own_user(void **state)
{
	(void)state;
	put_file("t.json", "{\"t\":\"x\"}");
	scene_begin(SCENE_HEAD SCENE_ALLOW "    properties: { p: { file: t.json, key: t }, q: { "
					   "size: t.json } }\n" SCENE_START);
	assert_int_equal(scene_decide("s"), REASON_MEASURED);
	scene.start.uid = geteuid() + 1;
	assert_non_null(strstr(scene_events(LATE_START), " {} -> "));
	scene_end();
}

static void pairs_are_taken_whole_with_their_quotes(void **state)
{
	(void)state;
	put_file("os-release", "NAME=\"Debian GNU/Linux\"\nID=debian\nVERSION_ID=\"12\"\n");
	assert_property("{ file: os-release, as: pairs }",
			"{\"NAME\":\"\\\"Debian GNU/Linux\\\"\",\"ID\":\"debian\",\"VERSION_ID\":"
			"\"\\\"12\\\"\"}");
	assert_property("{ file: os-release, as: env, key: NAME }", "\"Debian GNU/Linux\"");
	assert_property("{ file: os-release, as: text, else: x }",
			"\"NAME=\\\"Debian GNU/Linux\\\"\\nID=debian\\nVERSION_ID=\\\"12\\\"\"");
	put_file("os-release", "a\xff");
	assert_property("{ file: os-release, as: text }", "absent");
}

static void keep_drop_and_presence_apply_in_this_order(void **state)
{
	(void)state;
	put_file("v.yaml", "id: V1\nsecret: 1\nconfig:\n  cdn: null\n  kv: {x: 1}\n  match: {}\n");
	assert_property("{ file: v.yaml, presence: [config.cdn, config.kv, config.id], "
			"keep: [id, config.cdn, config.kv] }",
			"{\"id\":\"V1\",\"config\":{\"cdn\":null,\"kv\":{},\"id\":null}}");
	assert_property("{ file: v.yaml, keep: config, drop: [config.kv] }",
			"{\"config\":{\"cdn\":null,\"match\":{}}}");
	put_file("v.toml", "[services.api-auth]\nx = 1\n[services.api-cf]\n");
	assert_property("{ file: v.toml, key: services, presence: all, else: null }",
			"{\"api-auth\":{},\"api-cf\":{}}");
	assert_property("{ file: w.toml, key: services, presence: all, else: null }", "null");
}

static void lookup_takes_the_first_that_fits(void **state)
{
	(void)state;
	put_file("m.json", "{\"l\":[{\"id\":1,\"n\":3},{\"id\":\"T1\",\"n\":4,\"s\":5},{\"id\":"
			   "\"T1\",\"n\":6}]}");
	assert_property(
		"{ lookup: { file: m.json, key: l, keep: [id, n] }, by: id, is: T1, key: n }", "4");
	assert_property(
		"{ lookup: { file: m.json, key: l, keep: [id, n] }, by: id, is: 1, key: n }", "3");
	assert_property("{ lookup: { file: m.json, key: l, keep: id }, by: id, is: T1, keep: id }",
			"{\"id\":\"T1\"}");
	assert_property(
		"{ lookup: { file: m.json, key: l, keep: id }, by: id, is: T2, key: n, else: 0 }",
		"0");
	assert_property(
		"{ lookup: { file: no.json, key: l, keep: id }, by: id, is: T2, key: n, else: 0 }",
		"0");
}

static void a_value_that_is_too_large_is_left_out_and_the_event_goes(void **state)
{
	static char large[80001] = "{\"a\":\"";

	(void)state;
	memset(large + strlen(large), 'x', 70000);
	put_file("large.txt", large);
	strcat(large, "\",\"b\":1}");
	put_file("large.json", large);
	assert_property("{ file: large.json, key: a, else: much }", "\"much\"");
	assert_property("{ file: large.json, keep: [a], else: much }", "\"much\"");
	assert_property("{ file: large.txt, as: text, else: much }", "\"much\"");
	assert_property("{ file: large.json, keep: [b] }", "{\"b\":1}");
}

static void lists_are_made_of_what_is_present(void **state)
{
	(void)state;
	assert_property("{ list: [a, 1, { env: NO }, { value: null }, { list: [] }] }",
			"[\"a\",1,null,[]]");
}

static void a_named_file_may_be_asked_for_several_keys(void **state)
{
	(void)state;
	put_file("t.json", "{\"o\":{\"a\":1,\"b\":{\"c\":2}}}");
	scene_begin(
		"bookend: 1\n"
		"values: { start: { file: \"${event.kind}.json\", key: o, keep: [a, b.c] }, t: { "
		"file: t.json, key: o, keep: [a, b.c] } }\n"
		"destinations: { d: { format: json, url: http://127.0.0.1/ } }\n"
		"services:\n  s:\n    to: d\n" SCENE_ALLOW
		"    properties: { a: { value: \"${t}\", key: a }, c: { value: \"${t}\", key: b.c "
		"}, d: { "
		"value: \"${start}\", key: a }, e: { value: \"${start}\", key: b.c } "
		"}\n" SCENE_START);
	put_file("start.json", "{\"o\":{\"a\":3,\"b\":{\"c\":4}}}");
	scene.start.uid = geteuid();
	assert_int_equal(scene_decide("s"), REASON_MEASURED);
	assert_non_null(strstr(scene_events(LATE_START), " {\"a\":1,\"c\":2,\"d\":3,\"e\":4} "));
	scene_end();
}

static void sizes_are_those_of_regular_files_below(void **state)
{
	(void)state;
	assert_int_equal(mkdir("tree", 0755), 0);
	assert_int_equal(mkdir("tree/a", 0755), 0);
	assert_int_equal(mkdir("tree/b", 0755), 0);
	assert_int_equal(mkdir("tree/a/c", 0755), 0);
	put_file("tree/1", "0123456789");
	put_file("tree/a/2", "01234");
	put_file("tree/a/c/3", "01");
	put_file("tree/b/4", "0");
	assert_int_equal(symlink("/etc", "tree/b/etc"), 0);
	assert_property("{ size: tree }", "18");
	assert_property("{ size: tree/1 }", "10");
	assert_property("{ size: ~/tree/a }", "7");
	assert_property("{ size: nothing }", "absent");
	for (unsigned i = 0; i < 200; i++) {
		char name[32];

		snprintf(name, sizeof(name), "tree/a/many-%u", i);
		assert_int_equal(mkdir(name, 0755), 0);
		strcat(name, "/x");
		put_file(name, "0");
	}
	assert_property("{ size: tree }", "218");
}

static uint32_t captured(const char *source)
{
	char policy[1024];
	const struct image_now *now;
	const struct image_header *h;
	uint32_t capture;

	snprintf(policy, sizeof(policy),
		 SCENE_HEAD SCENE_ALLOW "    properties:\n      p: %s\n" SCENE_START, source);
	scene_begin(policy);
	h = (const void *)scene.compiled.bytes;
	now = (const void *)(scene.compiled.bytes +
			     ((sizeof(*h) +
			       (h->index_entries + h->index_window) * sizeof(struct image_index) +
			       7) &
			      ~7ul));
	capture = now->capture;
	if (node_of(&(struct section){ (const uint8_t *)now, now->bytes }, now->environment,
		    NODE_LIST)
		    ->count > 0)
		capture |= 0x8000;
	scene_end();
	return capture;
}

static void a_start_records_home_and_directory_where_they_are_needed(void **state)
{
	(void)state;
	assert_int_equal(captured("{ file: /a.json, key: k }"), 0);
	assert_int_equal(captured("{ file: ~/a.json, key: k }"), 0x8000);
	assert_int_equal(captured("{ file: a.json, key: k }"), CAPTURE_CWD);
	assert_int_equal(captured("{ file: \"a/${process.pid}.json\", key: k }"), CAPTURE_CWD);
	assert_int_equal(captured("{ file: \"~/${process.pid}.json\", key: k }"), 0x8000);
	assert_int_equal(captured("{ file: \"${process.pid}.json\", key: k }"),
			 0x8000 | CAPTURE_CWD);
	assert_int_equal(captured("{ size: a }"), CAPTURE_CWD);
}

static void assert_says(const char *source, const char *part)
{
	char policy[1024];

	snprintf(policy, sizeof(policy),
		 SCENE_HEAD SCENE_ALLOW "    properties:\n      p: %s\n" SCENE_START, source);
	if (strstr(scene_findings(policy), part) == NULL)
		fail_msg("%s: %s", source, scene.out);
}

static void findings_say_what_to_write_instead(void **state)
{
	(void)state;
	assert_says("{ file: a.json }", "9:18: which part of the file? Add key: for one value");
	assert_says("{ file: a.conf, key: b }",
		    "the end of 'a.conf' does not tell its format: add as:");
	assert_says("{ file: a.conf, as: tomll, key: b }", "did you mean 'toml'?");
	assert_says("{ file: a.conf, as: text, key: b }", "a text has no keys");
	assert_says("{ file: a.conf, as: text, keep: b }", "a text has no keys");
	assert_says("{ file: /a.json, search: up, key: b }",
		    "search: up looks in the working directory");
	assert_says("{ file: a.json, search: down, key: b }", "this version knows up");
	assert_says("{ file: ~root/a.json, key: b }", "only ~/ is known");
	assert_says("{ file: [a], key: b }", "a path is expected here");
	assert_says("{ file: \"\", as: json, key: b }", "a path is expected here");
	assert_says("{ env: A, search: up }", "search: belongs to file:");
	assert_says("{ env: A, is: b }", "unknown key of a source 'is'");
	assert_says("{ lookup: \"${os.name}\", by: a }", "lookup: needs by: and is:");
	assert_says("{ lookup: \"${os.name}\", by: a, is: b }", "which part of the element?");
	assert_says("{ list: a }", "list: takes a list of sources");
	assert_says("{ file: a.json, keep: [] }", "the list is empty");
}

static void consent_asks_for_one_value(void **state)
{
	static const char *const rules[] = {
		"{ file: a.json, keep: b }",
		"{ size: a.json, above: 1 }",
		"{ list: [a] }",
		"{ value: \"${process.exe}\", drop: a }",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		char policy[512];

		snprintf(policy, sizeof(policy),
			 SCENE_HEAD "    consent: [ deny: %s ]\n" SCENE_START, rules[i]);
		assert_non_null(strstr(scene_findings(policy), "so it can not know"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_key_in_a_file_of_any_format_denies, begin, end),
		cmocka_unit_test_setup_teardown(a_file_is_found_at_home_or_here_or_above, begin,
						end),
		cmocka_unit_test_setup_teardown(what_is_there_but_can_not_be_read_denies, begin,
						end),
		cmocka_unit_test_setup_teardown(salto_may_be_off_in_two_spellings, begin, end),
		cmocka_unit_test_setup_teardown(the_environment_may_beat_the_file_both_ways, begin,
						end),
		cmocka_unit_test_setup_teardown(many_rules_do_not_fill_the_arena, begin, end),
		cmocka_unit_test_setup_teardown(late_a_key_keeps_its_type, begin, end),
		cmocka_unit_test_setup_teardown(late_what_a_key_has_is_converted, begin, end),
		cmocka_unit_test_setup_teardown(names_that_the_policy_does_not_name_do_not_leave,
						begin, end),
		cmocka_unit_test_setup_teardown(a_file_is_read_only_for_its_own_user, begin, end),
		cmocka_unit_test_setup_teardown(pairs_are_taken_whole_with_their_quotes, begin,
						end),
		cmocka_unit_test_setup_teardown(keep_drop_and_presence_apply_in_this_order, begin,
						end),
		cmocka_unit_test_setup_teardown(lookup_takes_the_first_that_fits, begin, end),
		cmocka_unit_test_setup_teardown(
			a_value_that_is_too_large_is_left_out_and_the_event_goes, begin, end),
		cmocka_unit_test_setup_teardown(lists_are_made_of_what_is_present, begin, end),
		cmocka_unit_test_setup_teardown(a_named_file_may_be_asked_for_several_keys, begin,
						end),
		cmocka_unit_test_setup_teardown(sizes_are_those_of_regular_files_below, begin, end),
		cmocka_unit_test(a_start_records_home_and_directory_where_they_are_needed),
		cmocka_unit_test(findings_say_what_to_write_instead),
		cmocka_unit_test(consent_asks_for_one_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
