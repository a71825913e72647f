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
	struct buffer body = { 0 };
	json_error_t error;
	json_t *json;

	encoder->begin(&body, single);
	for (int i = 0; i < count; i++)
		encoder->event(&body, &events[i], single, i == 0);
	encoder->end(&body, single, NOON + 1500000000);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segment_track_equals_the_golden_payload),
		cmocka_unit_test(segment_leaves_an_absent_user_out),
		cmocka_unit_test(segment_batch_holds_tracks_and_when_it_was_sent),
		cmocka_unit_test(the_native_event_has_its_members_in_order),
		cmocka_unit_test(names_are_escaped),
		cmocka_unit_test(json_is_an_object_or_an_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
