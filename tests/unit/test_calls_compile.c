/*
 * What the compiler says of call triggers, prototypes, parameters and measures, and what it makes
 * of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "calls_scene.h"
#include "policy/call_format.h"
#include "policy/measure_format.h"

static struct calls_scene scene;

static void assert_said(const char *rest, const char *expected)
{
	assert_string_equal(calls_compile(&scene, rest), expected);
	calls_free(&scene);
}

#define EVENT(trigger)	    "    events: { e: { when: " trigger " } }\n"
#define EVENT_IF(when, if_) "    events: { e: { when: " when ", if: " if_ " } }\n"
#define WITH(when, sources) "    events: { e: { when: " when ", properties: { " sources " } } }\n"
#define MEASURE_OF(measure) "    measures: { m: { " measure " } }\n" EVENT("stop")
#define ALLOWED                                                                                    \
	"a function is a name, NAME@VERSION, or a prototype such as \"int listen(int fd, int "     \
	"backlog)\"\n"

static void a_function_has_a_name_a_version_or_a_prototype(void **state)
{
	static const char *const good[] = {
		"f",
		"f@V_1.2",
		"f@@V",
		"\"int f(void)\"",
		"\"int f()\"",
		"\"void f(int)\"",
		"\"char *f(const char *, size_t n);\"",
		"\"struct passwd *f(uid_t uid)\"",
		"\"int f(int (*compare)(const void *, const void *), int n)\"",
		"\"unsigned long long int f(char *argv[], int)\"",
		"\"int f(const char *s, ...)\"",
		"\"enum color f(enum color c)\"",
		"\"GtkWidget *f(GtkWindow *window)\"",
		"\"extern int f@V_2(register int x)\"",
		"\"const struct tm * f ( const time_t * t )\"",
		"\"void *f(void *)\"",
		"\"_Bool f(float, double d)\"",
	};
	char rest[256];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		snprintf(rest, sizeof(rest), "    events: { e: { when: { call: %s } } }\n",
			 good[i]);
		assert_said(rest, "");
	}
}

static void what_is_no_function_is_told_what_is(void **state)
{
	static const struct {
		const char *call, *said;
	} bad[] = {
		{ "2f", "the name of a function is expected: " ALLOWED },
		{ "f g", "something stands behind the name of the function: " ALLOWED },
		{ "f@", "a version is expected behind @: " ALLOWED },
		{ "\"f(int)\"",
		  "the prototype does not begin with the type of its result: " ALLOWED },
		{ "\"int f(int\"", "the prototype does not end: " ALLOWED },
		{ "\"int f(int a b)\"", "the parameters of the prototype are unclear: " ALLOWED },
		{ "\"int f(void, int)\"", "a parameter can not be void: " ALLOWED },
		{ "\"int f(int) x\"", "something stands behind the prototype: " ALLOWED },
		{ "\"int f(itn a)\"", "unknown type 'itn' in the prototype: did you mean 'int': "
				      "write the C type behind "
				      "it (int, unsigned long, double, a pointer)\n" },
		{ "\"int f(struct s a)\"",
		  "'a struct or union by value' is passed in a way that can not be read: name the "
		  "function without its prototype\n" },
		{ "\"int f(long double a)\"", "'long double' is passed in a way that can not be "
					      "read: name the function without "
					      "its prototype\n" },
	};
	char rest[256], said[512];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(rest, sizeof(rest), "    events: { e: { when: { call: %s } } }\n",
			 bad[i].call);
		snprintf(said, sizeof(said), "8:34: %s", bad[i].said);
		assert_said(rest, said);
	}
}

static void functions_whose_end_can_not_be_seen_are_refused_with_the_reason(void **state)
{
	(void)state;
	assert_said(WITH("{ call: fork }", "r: \"${call.result}\""),
		    "8:34: 'fork' returns twice, in two processes, so its result, errno and "
		    "duration can not be seen: count its calls or record them with its parameters, "
		    "without call.result\n");
	assert_said(WITH("{ call: execve }", "r: \"${call.duration_ms}\""),
		    "8:34: 'execve' does not return when it succeeds, so its result, errno and "
		    "duration can not be seen: count its calls or record them with its parameters, "
		    "without call.duration_ms\n");
	assert_said(MEASURE_OF("call: [read, longjmp], histogram: duration_ms"),
		    "8:35: 'longjmp' does not return, so its result, errno and duration can not be "
		    "seen: count its calls or record them with its parameters, without "
		    "call.duration_ms\n");
	assert_said(
		MEASURE_OF("call: dlopen, count: calls, if: { value: \"${call.errno}\", is: 2 }"),
		"8:28: 'dlopen' looks for its caller, so its result, errno and duration can not "
		"be seen: count its calls or record them with its parameters, without "
		"call.errno\n");
	assert_said(WITH("{ call: fork }", "n: \"${call.name}\""), "");
	assert_said(MEASURE_OF("call: [fork, longjmp], count: calls"), "");
}

static void a_result_that_is_none_is_refused(void **state)
{
	(void)state;
	assert_said(WITH("{ call: \"void f(int a)\" }", "r: \"${call.result}\""),
		    "8:34: 'f' returns nothing, says its prototype: leave call.result out\n");
	assert_said(WITH("{ call: \"double f(int a)\" }", "r: \"${call.result}\""),
		    "8:34: 'f' returns a floating-point number, which can not be read: leave "
		    "call.result out\n");
	assert_said(WITH("{ call: \"void f(int a)\" }", "r: \"${call.duration_ms}\""), "");
}

static void a_parameter_goes_by_place_or_by_its_name_in_the_prototype(void **state)
{
	(void)state;
	assert_said(WITH("{ call: f }", "a: { parameter: 3, as: uint }"), "");
	assert_said(WITH("{ call: \"int f(int fd)\" }", "a: { parameter: fd }"), "");
	assert_said(WITH("{ call: \"int f(int fd)\" }", "a: { parameter: fb }"),
		    "8:83: unknown parameter 'fb': did you mean 'fd'?\n");
	assert_said(
		WITH("{ call: f }", "a: { parameter: fd }"),
		"8:69: 'fd' is no parameter of f: write its place (1, 2), or the prototype with "
		"names in call:\n");
	assert_said(WITH("{ call: \"int f(int fd)\" }", "a: { parameter: 2 }"),
		    "8:83: f has 1 parameters, says its prototype: there is no 2\n");
	assert_said(WITH("{ call: f }", "a: { parameter: 0 }"),
		    "8:69: a whole number from 1 to 63 is expected here, not '0'\n");
	assert_said("    properties: { a: { parameter: fd } }\n" EVENT("{ call: f }"),
		    "8:35: a parameter goes by its name only in an event or a measure whose call: "
		    "has a prototype; elsewhere by its place: 1, 2\n");
	assert_said(WITH("{ call: [\"int f(int a, int fd)\", \"int g(int fd)\"] }",
			 "a: { parameter: fd }"),
		    "8:109: 'fd' has different places in these functions: give each an event or a "
		    "measure of its own\n");
}

static void as_and_length_are_checked(void **state)
{
	(void)state;
	assert_said(WITH("{ call: f }", "a: { parameter: 1, as: txt }"),
		    "8:76: unknown kind of parameter 'txt': did you mean 'text'?\n");
	assert_said(WITH("{ call: f }", "a: { parameter: 1, as: float }"),
		    "8:69: as: float needs the prototype in call:, to know where the float is\n");
	assert_said(WITH("{ call: \"int f(double d)\" }", "a: { parameter: d, as: int }"),
		    "8:85: the prototype says that it is a float\n");
	assert_said(WITH("{ call: \"int f(int d)\" }", "a: { parameter: d, as: float }"),
		    "8:82: the prototype says that it is no float\n");
	assert_said(WITH("{ call: f }", "a: { parameter: 1, as: int, length: 2 }"),
		    "8:89: length: belongs to as: text\n");
	assert_said(WITH("{ call: f }", "a: { env: A, length: 2 }"),
		    "8:66: length: belongs to id: and parameter:\n");
	assert_said("    properties: { a: \"${x}\" }\n" EVENT(
			    "{ call: \"int f(double d)\" }") "values: { x: { parameter: 1 } }\n",
		    "10:27: parameter 1 of f is a float, says its prototype\n");
}

static void keys_of_a_call_are_its_own(void **state)
{
	(void)state;
	assert_said(EVENT("{ call: f, how: clean }"),
		    "8:37: 'how' does not go with call:; a list in when: takes several triggers\n");
	assert_said(EVENT("{ worker: any, one_in: 3 }"), "8:49: one_in: belongs to call:\n");
	assert_said(EVENT("call"), "8:26: call needs a name: `when: { call: FUNCTION }`\n");
	assert_said(EVENT("{ call: f, in: /usr/lib/libpq.so.5 }"),
		    "8:41: in: takes the last part of the object's path: 'libpq.so.5'\n");
	assert_said(EVENT("{ call: f, one_in: 1 }"),
		    "8:45: a whole number from 2 to 1000000000 is expected here, not '1'\n");
	assert_said(EVENT("{ call: f, first: 10 }"),
		    "8:44: a rate is expected here, such as 10 per 1m\n");
	assert_said(EVENT("{ call: f, once: day }"),
		    "8:43: unknown once 'day': this version knows process or installation\n");
	assert_said(EVENT("{ call: [] }"), "8:34: the list is empty\n");
	assert_said("    events: { e: { when: [start, { call: f }, { call: g, once: process }], "
		    "limit: 5 per 1h } }\n",
		    "");
}

static void a_gate_does_not_go_with_a_late_condition(void **state)
{
	(void)state;
	assert_said(
		EVENT_IF("{ call: f, once: process }", "{ parameter: 1, as: text, matches: x }"),
		"8:58: once: is decided when the call is made, and there an if: can only compare "
		"parameters, call.result, call.errno and call.duration_ms with numbers; this one "
		"asks for a text: leave one of the two out\n");
	assert_said(
		EVENT_IF("{ call: f, first: 1 per 1s }", "{ env: A }"),
		"8:60: first: is decided when the call is made, and there an if: can only "
		"compare parameters, call.result, call.errno and call.duration_ms with numbers; "
		"this one asks for something else: leave one of the two out\n");
	assert_said(EVENT_IF("{ call: f, one_in: 3 }", "{ env: A }"), "");
	assert_said(EVENT_IF("{ call: f, once: process }",
			     "{ any: [ { parameter: 1, is: [1, 2] }, { not: { value: "
			     "\"${call.result}\", above: 3.5 } } ] }"),
		    "");
	assert_said(EVENT_IF("{ call: f, once: installation }", "{ env: A }"), "");
}

static void a_measure_keeps_one_thing_of_functions(void **state)
{
	(void)state;
	assert_said(MEASURE_OF("call: f, count: calls"), "");
	assert_said(MEASURE_OF("call: f"),
		    "8:17: the measure 'm' needs count: calls, sum:, last: or histogram:\n");
	assert_said(MEASURE_OF("count: calls"),
		    "8:17: the measure 'm' needs call: the functions it is about\n");
	assert_said(MEASURE_OF("call: f, count: calls, sum: { parameter: 1 }"),
		    "8:50: a measure keeps one thing: 'sum' stands beside 'count'\n");
	assert_said(MEASURE_OF("call: f, count: bytes"),
		    "8:38: count: takes calls; the sum of a value is sum:, its distribution "
		    "histogram:\n");
	assert_said(MEASURE_OF("call: f, sum: { parameter: 1, as: text }"),
		    "8:36: sum: takes a number of the call: { parameter: 1 }, \"${call.result}\", "
		    "\"${call.errno}\" or duration_ms\n");
	assert_said(MEASURE_OF("call: f, histgram: duration_ms"),
		    "8:17: the measure 'm' needs count: calls, sum:, last: or histogram:\n"
		    "8:31: unknown key of a measure 'histgram': did you mean 'histogram'?\n");
	assert_said(
		MEASURE_OF("call: f, count: calls, if: { parameter: 1, as: text, is: \"x\" }"),
		"8:49: the if: of a measure is decided when the call is made: it can only "
		"compare parameters, call.result, call.errno and call.duration_ms with numbers; "
		"this one asks for a text\n");
	assert_said("    measures: { a.b: { call: f, count: calls } }\n" EVENT("stop"),
		    "8:17: the name of a measure has no dot: ${measure.NAME.p99}\n");
	assert_said("    measures: [ f ]\n" EVENT("stop"),
		    "8:15: measures: is a mapping: NAME: { call: FUNCTION, count: calls }\n");
}

static void what_asks_for_a_measure_finds_it_in_its_service(void **state)
{
#define TWO                                                                                        \
	"    measures: { sent: { call: f, sum: { parameter: 1 } }, took: { call: f, histogram: "   \
	"duration_ms } }\n"
	(void)state;
	assert_said(TWO WITH("stop", "a: \"${measure.sent}\", b: \"${measure.took.p99}\", c: "
				     "\"${measure.took.total}\""),
		    "");
	assert_said(TWO WITH("stop", "a: \"${measure.snet}\""),
		    "9:49: unknown measure 'snet': did you mean 'sent'?\n");
	assert_said(TWO WITH("stop", "a: \"${measure.took.p95}\""),
		    "9:49: unknown statistic of a measure 'p95': did you mean 'p90'?\n");
	assert_said(TWO WITH("stop", "a: \"${measure.sent.p50}\""),
		    "9:49: sum: has no p50: 'sent' would have to be histogram:\n");
	assert_said(WITH("stop", "a: \"${measure.sent}\""),
		    "8:49: the service 's' has no measures: name 'sent' under measures: in it\n");
}

static void one_function_has_one_prototype(void **state)
{
	(void)state;
	assert_said("    measures: { m: { call: \"int f(int a)\", count: calls } }\n"
		    "    events: { e: { when: { call: \"int f(long a)\" } } }\n",
		    "9:34: 'f' has another prototype on line 8\n");
	assert_said("    measures: { m: { call: f, count: calls } }\n"
		    "    events: { e: { when: { call: \"int f(long a)\" } } }\n",
		    "");
}

static void a_record_has_bounds_and_so_have_the_counters(void **state)
{
	char rest[16384] = "    events: { e: { when: { call: f }, properties: { ";
	size_t used;

	(void)state;
	for (int i = 1; i <= 31; i++) {
		used = strlen(rest);
		snprintf(rest + used, sizeof(rest) - used, "p%d: { parameter: %d }, ", i, i);
	}
	strcat(rest, "} } }\n");
	assert_said(rest, "8:15: the event 'e' captures 31 parameters: their values take more than "
			  "the 512 bytes of a record\n");
	strcpy(rest, "    measures:\n");
	for (int i = 0; i < 15; i++) {
		used = strlen(rest);
		snprintf(rest + used, sizeof(rest) - used,
			 "      h%d: { call: f, histogram: duration_ms }\n", i);
	}
	strcat(rest, EVENT("stop"));
	assert_said(rest, "5:3: the measures of 's' take 240968 bytes, at most 229376 fit: a "
			  "histogram takes 16056, a sum 256, a count 128\n");
}

static void a_service_without_calls_hooks_nothing(void **state)
{
	(void)state;
	calls_open(&scene, EVENT("stop"));
	assert_null(scene.calls);
	assert_int_equal(scene.now->counter_bytes, 0);
	assert_int_equal(scene.now->ring_bytes, 0);
	calls_free(&scene);
}

static void a_symbol_stands_once_with_all_that_is_done_at_its_calls(void **state)
{
	(void)state;
	calls_open(&scene,
		   "    measures:\n"
		   "      m: { call: [f, g], count: calls }\n"
		   "      n: { call: \"int f(int a, double b, const char *s)\", sum: { parameter: "
		   "a } }\n"
		   "      o: { call: f, in: libx.so, count: calls }\n"
		   "    events: { e: { when: { call: f@V1 } }, k: { when: { call: f } } }\n");
	assert_int_equal(scene.calls->call.count, 4);
	assert_string_equal(calls_text_at(&scene, scene.call[0].name), "f");
	assert_int_equal(scene.call[0].actions, 3);
	assert_int_equal(scene.call[0].parameters, 3);
	assert_int_equal(scene.call[0].floats, 2);
	assert_int_equal(scene.call[0].result, CALL_INT32);
	assert_string_equal(calls_text_at(&scene, scene.call[1].name), "g");
	assert_int_equal(scene.call[1].parameters, CALL_PARAMETERS_UNKNOWN);
	assert_string_equal(calls_text_at(&scene, scene.call[2].object), "libx.so");
	assert_string_equal(calls_text_at(&scene, scene.call[3].version), "V1");
	assert_int_equal(scene.action[0].kind, MEASURE_COUNT);
	assert_int_equal(scene.action[1].kind, MEASURE_SUM);
	assert_int_equal(scene.action[1].source, CALL_KEY(1, CALL_INT32, 0));
	assert_int_equal(scene.action[2].kind, ACTION_EVENT);
	assert_int_equal(scene.action[2].event, 1);
	assert_int_equal(scene.calls->events, 2);
	assert_int_equal(scene.now->ring_bytes, 32768);
	calls_free(&scene);
}

/* m of both symbols, n and o: words 0, 1 to 2 and 3 of each shard, which has 64 bytes. */
static void counters_are_laid_out_shard_by_shard(void **state)
{
	const struct image_service *service;
	const struct image_measure *measure;

	(void)state;
	calls_open(&scene,
		   "    measures:\n"
		   "      m: { call: [f, g], count: calls }\n"
		   "      n: { call: f, sum: { parameter: 1 } }\n"
		   "      o: { call: f, last: { parameter: 1 } }\n"
		   "      p: { call: f, histogram: duration_ms }\n"
		   "    events: { e: { when: { call: f, once: process }, limit: 3 per 1s } }\n");
	service = scene.image.service;
	measure = section_table(&scene.image.late, service->measures, 4, sizeof(*measure));
	assert_int_equal(service->measure_count, 4);
	assert_int_equal(service->stride, 64);
	assert_int_equal(measure[0].narrow, 8);
	assert_int_equal(measure[1].narrow, 16);
	assert_int_equal(measure[3].narrow, 32);
	assert_int_equal(measure[2].wide, 1024);
	assert_int_equal(measure[3].wide, 1040);
	assert_int_equal(measure[3].flags, MEASURE_MICRO);
	assert_int_equal(scene.calls->gate.count, 2);
	assert_int_equal(scene.gate[0].kind, GATE_ONCE);
	assert_int_equal(scene.gate[1].kind, GATE_LIMIT);
	assert_int_equal(scene.gate[1].number, 3);
	assert_int_equal(scene.gate[1].period_ns, 1000000000);
	assert_int_equal(scene.gate[1].word, scene.gate[0].word + 8);
	assert_int_equal(service->counter_bytes, scene.gate[1].word + 8);
	assert_int_equal(scene.now->counter_bytes, service->counter_bytes);
	assert_string_equal(node_text(node_operand(&scene.image.late,
						   node_at(&scene.image.late, service->calls), 1)),
			    "g");
	calls_free(&scene);
}

static void only_what_an_event_needs_is_captured(void **state)
{
	(void)state;
	calls_open(&scene,
		   "    events: { e: { when: { call: \"int f(int a, const char *b, char *c, "
		   "size_t d)\" }, if: { parameter: a, above: 3 }, properties: { x: { "
		   "parameter: b }, y: { parameter: c, length: d }, z: { parameter: b } } } "
		   "}\n");
	assert_int_equal(scene.action->captures, 2);
	assert_int_equal(scene.capture[0], CALL_KEY(2, CALL_TEXT, 0));
	assert_int_equal(scene.capture[1], CALL_KEY(3, CALL_TEXT, 4));
	assert_int_equal(scene.action->flags, ACTION_DECIDED);
	assert_int_equal(scene.action->needs, 0);
	calls_free(&scene);
	/* What is decided late must be there late. */
	calls_open(&scene,
		   "    events: { e: { when: { call: f }, if: [ { parameter: 1, above: 3 }, "
		   "{ env: A } ] } }\n");
	assert_int_equal(scene.action->captures, 1);
	assert_int_equal(scene.action->flags, 0);
	calls_free(&scene);
}

static void a_call_is_followed_only_when_its_end_is_asked_for(void **state)
{
	(void)state;
	calls_open(&scene, "    measures: { m: { call: f, count: calls }, n: { call: g, count: "
			   "calls, if: { value: \"${call.errno}\", is: 2 } } }\n"
			   "    events: { e: { when: { call: h }, properties: { d: "
			   "\"${call.duration_us}\" } } }\n");
	assert_int_equal(scene.call[0].flags, 0);
	assert_int_equal(scene.call[1].flags, CALL_NEEDS_RESULT | CALL_NEEDS_ERROR);
	assert_int_equal(scene.call[2].flags, CALL_NEEDS_DURATION);
	assert_int_equal(scene.action[2].record, CALL_NEEDS_DURATION);
	calls_free(&scene);
}

static void a_command_asks_for_a_smaller_ring(void **state)
{
	(void)state;
	calls_open(&scene, "    commands: [up]\n" EVENT("{ call: f }"));
	assert_int_equal(scene.now->ring_bytes, 8192);
	calls_free(&scene);
}

static uint8_t *damaged(size_t offset, uint32_t value)
{
	uint32_t bytes = scene.now->calls_bytes;
	uint8_t *copy = malloc(bytes);

	memcpy(copy, scene.calls, bytes);
	memcpy(copy + offset, &value, sizeof(value));
	return copy;
}

/* Whatever word is wrong, no reference leads out of the section. */
static void a_damaged_section_is_refused_or_harmless(void **state)
{
	static const uint32_t values[] = { 0, 1, 7, 8, 64, 4096, 1 << 20, UINT32_MAX };
	unsigned refused = 0;

	(void)state;
	calls_open(&scene,
		   "    measures: { m: { call: f, count: calls, if: { parameter: 1, is: [1, "
		   "5] } }, h: { call: g, histogram: duration_ms } }\n"
		   "    events: { e: { when: { call: [f, g], one_in: 3 }, properties: { a: { "
		   "parameter: 1 } } } }\n");
	for (size_t at = 0; at + 4 <= scene.now->calls_bytes; at += 4) {
		for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
			uint8_t *copy = damaged(at, values[i]);

			refused += !image_calls_hold((void *)copy, scene.now->calls_bytes, 0);
			free(copy);
		}
	}
	assert_true(refused > 100);
	calls_free(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_function_has_a_name_a_version_or_a_prototype),
		cmocka_unit_test(what_is_no_function_is_told_what_is),
		cmocka_unit_test(functions_whose_end_can_not_be_seen_are_refused_with_the_reason),
		cmocka_unit_test(a_result_that_is_none_is_refused),
		cmocka_unit_test(a_parameter_goes_by_place_or_by_its_name_in_the_prototype),
		cmocka_unit_test(as_and_length_are_checked),
		cmocka_unit_test(keys_of_a_call_are_its_own),
		cmocka_unit_test(a_gate_does_not_go_with_a_late_condition),
		cmocka_unit_test(a_measure_keeps_one_thing_of_functions),
		cmocka_unit_test(what_asks_for_a_measure_finds_it_in_its_service),
		cmocka_unit_test(one_function_has_one_prototype),
		cmocka_unit_test(a_record_has_bounds_and_so_have_the_counters),
		cmocka_unit_test(a_service_without_calls_hooks_nothing),
		cmocka_unit_test(a_symbol_stands_once_with_all_that_is_done_at_its_calls),
		cmocka_unit_test(counters_are_laid_out_shard_by_shard),
		cmocka_unit_test(only_what_an_event_needs_is_captured),
		cmocka_unit_test(a_call_is_followed_only_when_its_end_is_asked_for),
		cmocka_unit_test(a_command_asks_for_a_smaller_ring),
		cmocka_unit_test(a_damaged_section_is_refused_or_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
