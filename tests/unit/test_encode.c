/*
 * Encoders against what the receivers' own documents and products send: tests/unit/data.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "sender/encode.h"

#define NOON UINT64_C(1795255200000000000) /* 2026-11-21T10:00:00Z */

static struct view view(const char *text)
{
	return (struct view){ text, text ? (uint32_t)strlen(text) : 0 };
}

static struct event start_event(void)
{
	return (struct event){ .id.bytes = { 1, 2, 3 },
			       .time_ns = NOON,
			       .pid = 77,
			       .name = view("adapter_start"),
			       .service = view("readyset"),
			       .kind = view("start"),
			       .session = view("6f1c0f52-8d0b-4b0e-9a7e-2f6f2d1f7b11"),
			       .user = view("rs-user-1"),
			       .properties = view("{\"adapter_version\":\"1.2.3\",\"db_backend\":"
						  "\"postgres\",\"commit_id\":\"abc1234\"}") };
}

static json_t *encode(enum late_format format, bool single, const struct event *events, int count)
{
	const struct encoder *encoder = encode_find(format);
	struct encode_how how = { .single = single };
	struct buffer body = { 0 };
	json_error_t error;
	json_t *json;

	encoder->begin(&body, &how);
	for (int i = 0; i < count; i++) {
		buffer_add(&body, ",", i > 0);
		encoder->event(&body, &events[i], &how);
	}
	encoder->end(&body, &how, NOON + 1500000000);
	assert_false(body.failed);
	json = json_loadb(body.data, body.length, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);
	assert_non_null(json);
	buffer_free(&body);
	return json;
}

/* The golden body, with the message id that it leaves out. */
static void equals_golden(const char *name, const struct event *event)
{
	json_t *mine = encode(FORMAT_SEGMENT, true, event, 1);
	json_error_t error;
	json_t *golden;
	char path[128];

	snprintf(path, sizeof(path), "tests/unit/data/%s", name);
	golden = json_load_file(path, 0, &error);
	assert_non_null(golden);
	assert_string_equal(json_string_value(json_object_get(mine, "messageId")),
			    "01020300-0000-0000-0000-000000000000");
	json_object_del(mine, "messageId");
	assert_true(json_equal(mine, json_object_get(golden, "body")));
	json_decref(mine);
	json_decref(golden);
}

static void segment_track_equals_the_golden_payload(void **state)
{
	struct event event = start_event();

	(void)state;
	equals_golden("segment_track.json", &event);
}

static void segment_leaves_an_absent_user_out(void **state)
{
	struct event event = start_event();

	(void)state;
	event.name = view("adapter_stop");
	event.time_ns += UINT64_C(5000000000);
	event.user = view(NULL);
	event.properties = view("{\"commit_id\":\"abc1234\"}");
	equals_golden("segment_track_no_user.json", &event);
}

static void segment_batch_holds_tracks_and_when_it_was_sent(void **state)
{
	struct event events[2] = { start_event(), start_event() };
	json_t *json, *batch;

	(void)state;
	events[1].context = view("{\"os\":{\"name\":\"Linux\"}}");
	json = encode(FORMAT_SEGMENT, false, events, 2);
	batch = json_object_get(json, "batch");
	assert_int_equal(json_array_size(batch), 2);
	assert_string_equal(json_string_value(json_object_get(json, "sentAt")),
			    "2026-11-21T10:00:01.500Z");
	assert_string_equal(json_string_value(json_object_get(json_array_get(batch, 0), "type")),
			    "track");
	assert_null(json_object_get(json_array_get(batch, 0), "context"));
	assert_non_null(json_object_get(json_array_get(batch, 1), "context"));
	json_decref(json);
}

static void the_native_event_has_its_members_in_order(void **state)
{
	struct event event = start_event();
	struct buffer line = { 0 };

	(void)state;
	event.user = view(NULL);
	event.properties = view("{}");
	encode_native(&line, &event);
	buffer_add(&line, "", 1);
	assert_string_equal(line.data,
			    "{\"id\":\"01020300-0000-0000-0000-000000000000\","
			    "\"time\":\"2026-11-21T10:00:00.000000Z\",\"service\":\"readyset\","
			    "\"event\":\"adapter_start\",\"kind\":\"start\","
			    "\"session\":\"6f1c0f52-8d0b-4b0e-9a7e-2f6f2d1f7b11\",\"pid\":77,"
			    "\"properties\":{}}");
	buffer_free(&line);
}

static void names_are_escaped(void **state)
{
	struct event event = start_event();
	json_t *json;

	(void)state;
	event.name = view("a \"name\"\n\\ with\x01 \xff");
	event.user = view("user \xe2\x82\xac");
	json = encode(FORMAT_JSON, true, &event, 1);
	assert_string_equal(json_string_value(json_object_get(json, "event")),
			    "a \"name\"\n\\ with\x01 \xef\xbf\xbd");
	assert_string_equal(json_string_value(json_object_get(json, "user")), "user \xe2\x82\xac");
	json_decref(json);
}

static void json_is_an_object_or_an_array(void **state)
{
	struct event events[3] = { start_event(), start_event(), start_event() };
	json_t *json;

	(void)state;
	json = encode(FORMAT_JSON, true, events, 1);
	assert_true(json_is_object(json));
	json_decref(json);
	json = encode(FORMAT_JSON, false, events, 3);
	assert_int_equal(json_array_size(json), 3);
	json_decref(json);
}

/* What PostHog's own library for Node sends for the same two events, without its own marks. */
static void posthog_batch_equals_what_its_library_sends(void **state)
{
	struct event events[2] = { start_event(), start_event() };
	json_error_t error;
	json_t *golden = json_load_file("tests/unit/data/posthog_batch.json", 0, &error);
	json_t *mine;

	(void)state;
	assert_non_null(golden);
	events[0].name = view("bolt_up");
	events[0].user = view("cluster:ns:cid");
	events[0].time_ns = UINT64_C(1795297720784000000);
	events[0].context = view("{\"$groups\":{\"cluster\":\"cid\"}}");
	events[0].properties = view("{\"$set\":{\"ns_id\":\"ns\",\"cluster_id\":\"cid\"}}");
	events[1].name = view("$groupidentify");
	events[1].user = view(NULL);
	events[1].session = view("$cluster_cid");
	events[1].time_ns = UINT64_C(1795297720788000000);
	events[1].properties = view("{\"$group_type\":\"cluster\",\"$group_key\":\"cid\","
				    "\"$group_set\":{\"name\":\"ns\"}}");
	mine = encode(FORMAT_POSTHOG, false, events, 2);
	assert_true(json_equal(mine, golden));
	json_decref(mine);
	json_decref(golden);
}

static void posthogs_context_lies_below_the_properties(void **state)
{
	struct event event = start_event();
	json_t *json, *properties;

	(void)state;
	event.context = view("{\"os\":\"linux\",\"a\":{\"x\":1,\"y\":1}}");
	event.properties = view("{\"a\":{\"y\":2},\"b\":3}");
	json = encode(FORMAT_POSTHOG, true, &event, 1);
	properties = json_pack("{s:s,s:{s:i,s:i},s:i}", "os", "linux", "a", "x", 1, "y", 2, "b", 3);
	assert_true(json_equal(json_object_get(json, "properties"), properties));
	assert_null(json_object_get(json, "batch"));
	json_decref(properties);
	json_decref(json);
}

static void times_are_written_as_the_destination_says(void **state)
{
	static const char *const forms[] = {
		"\"2026-11-21T10:00:00Z\"",
		"\"2026-11-21T10:00:00.000Z\"",
		"\"2026-11-21T10:00:00.000000Z\"",
		"\"2026-11-21T10:00:00.000000000Z\"",
		"1795255200",
		"1795255200000",
		"1795255200000000",
		"1795255200000000000",
	};
	struct encode_how how = { 0 };

	(void)state;
	for (unsigned i = 0; i < TIME_COUNT - 1; i++) {
		struct buffer out = { 0 };

		how.time = (enum time_form)(i + 1);
		encode_time(&out, NOON, &how, TIME_RFC3339_MS);
		buffer_add(&out, "", 1);
		assert_string_equal(out.data, forms[i]);
		buffer_free(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segment_track_equals_the_golden_payload),
		cmocka_unit_test(segment_leaves_an_absent_user_out),
		cmocka_unit_test(segment_batch_holds_tracks_and_when_it_was_sent),
		cmocka_unit_test(the_native_event_has_its_members_in_order),
		cmocka_unit_test(names_are_escaped),
		cmocka_unit_test(json_is_an_object_or_an_array),
		cmocka_unit_test(posthog_batch_equals_what_its_library_sends),
		cmocka_unit_test(posthogs_context_lies_below_the_properties),
		cmocka_unit_test(times_are_written_as_the_destination_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
