/*
 * What is no YAML, or more than a policy has of it, in findings.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/policy_scene.h"

static void yaml_beyond_the_language_is_refused_by_name(void **state)
{
	(void)state;
	assert_said("bookend: &a 1\nname: *a\n" SCENE_HEAD,
		    "1:10: anchors (&name) are not part of the policy language: use `values` or "
		    "`defaults`\n"
		    "2:7: aliases (*name) are not part of the policy language: use `values` or "
		    "`defaults`\n"
		    "3:1: the key 'bookend' stands here twice, first on line 1\n"
		    "7:3: the service 's' has no consent: write `consent:` with rules, at least "
		    "\"- allow: always\", here or in defaults\n"
		    "7:3: the service 's' needs events: NAME: { when: start }\n");
	assert_said("bookend: !!str 1\n",
		    "1:1: destinations: is missing or empty: name at least one, with format: and "
		    "url:\n"
		    "1:1: services: is missing or empty: name at least one\n"
		    "1:10: tags (tag:yaml.org,2002:str) are not part of the policy language: "
		    "quote the text instead\n");
	assert_said(SCENE_HEAD SCENE_ALLOW SCENE_START "---\nbookend: 1\n",
		    "9:1: a policy is one document: put the second one into a file of its own\n");
}

static void what_is_no_yaml_is_said_where_it_begins_and_with_what_to_do(void **state)
{
	(void)state;
	assert_said("bookend: 1\nname Acme\nservices: {}\n",
		    "2:1: a key has a colon and a space behind it: `key: value`\n");
	assert_said("bookend: 1\nname: 'Acme\nservices: {}\n",
		    "2:7: the quote that begins here has no end\n");
	assert_said("bookend: 1\nname: \"Acme\" x\n",
		    "2:14: nothing goes on behind the end of a text in quotes, or of { } or [ ]: "
		    "put the whole into quotes\n");
	assert_said(SCENE_HEAD SCENE_ALLOW "   events: { e: { when: start } }\n",
		    "8:4: this line fits none above it: a key of the mapping that begins in line 5 "
		    "stands in column 3\n");
	assert_said(SCENE_HEAD "    consent:\n      - allow: always\n      deny: never\n",
		    "9:7: this line fits none above it: a \"- \" of the list that begins in line 8 "
		    "stands in column 7\n");
	assert_said(
		" bookend: 1\nname: x\n",
		"2:1: this line is indented less than the first one: the keys of the file begin "
		"in one column\n");
	assert_said("bookend: 1\nservices: ]\n", "2:11: a value is expected here\n");
	assert_said("bookend: 1\nname: \"\\x0\"\n",
		    "2:10: YAML has no such escape in \"quotes\": \\x takes two digits of 0-9a-f, "
		    "\\u four\n");
	assert_said("bookend: 1\nabout: >\n\thello\n", "3:1: a tab can not indent: use spaces\n");
}

static void quotes_that_are_missing_are_asked_for(void **state)
{
	(void)state;
	assert_said(SCENE_HEAD SCENE_ALLOW "    properties: { a: ${exit.how} }\n" SCENE_START,
		    "8:22: ${...} inside { } or [ ] needs quotes: write \"${exit.how}\"\n");
	assert_said(SCENE_HEAD "    consent: [ deny: { env: A, is: \"\\d\" } ]\n",
		    "7:37: YAML has no such escape in \"quotes\": write a pattern in 'single "
		    "quotes'\n");
	assert_said(
		SCENE_HEAD SCENE_ALLOW
		"    properties: { a: '${a', b: \"${b}\", c: \xc3\xa9x${os.name} }\n" SCENE_START,
		"8:45: ${...} inside { } or [ ] needs quotes: write \"${os.name}\"\n");
	assert_said(SCENE_HEAD SCENE_ALLOW
		    "    properties: { a: { env: A, matches: [a-z]+ } }\n" SCENE_START,
		    "8:46: ',' or the end of { } or [ ] is expected here: a text with one of these "
		    "in it needs quotes\n");
	assert_said(SCENE_HEAD "    consent:\n\t- allow: always\n",
		    "8:1: a tab can not indent: use spaces\n");
	assert_said(SCENE_HEAD SCENE_ALLOW "    properties: { a: yes, b: Off, c: ~ }\n" SCENE_START,
		    "8:22: plain yes may mean a text or a truth: quote it, or write true, false or "
		    "null\n"
		    "8:30: plain Off may mean a text or a truth: quote it, or write true, false or "
		    "null\n"
		    "8:38: plain ~ may mean a text or a truth: quote it, or write true, false or "
		    "null\n");
	assert_said(SCENE_HEAD SCENE_ALLOW "    properties: { a: }\n" SCENE_START,
		    "8:22: nothing stands here: write a source, \"\" or null\n");
}

static void bytes_that_are_no_utf8_are_refused(void **state)
{
	(void)state;
	assert_said("bookend: 1\nname: \"\xff\xfe\"\n",
		    "2:8: this is not UTF-8: save the policy as UTF-8\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(yaml_beyond_the_language_is_refused_by_name),
		cmocka_unit_test(what_is_no_yaml_is_said_where_it_begins_and_with_what_to_do),
		cmocka_unit_test(quotes_that_are_missing_are_asked_for),
		cmocka_unit_test(bytes_that_are_no_utf8_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
