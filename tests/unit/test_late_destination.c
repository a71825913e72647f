/*
 * policy/late.h: what a destination of the policy is to a sender.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/policy_events.h"

/* The policy under this --to: the format of its only destination and the route of its only event.
 */
static void assert_goes_to(const char *to, enum late_format format)
{
	static const char policy[] = SCENE_HEAD SCENE_ALLOW SCENE_START;
	struct compile_options options = { .to = to };
	struct compiled compiled;
	struct image image;
	struct late_destination d;

	assert_int_equal(compile_text("p", policy, strlen(policy), &options, &compiled), 0);
	assert_int_equal(image_open(compiled.bytes, compiled.length, &image), 0);
	assert_int_equal(image.tables->destination_count, 1);
	assert_int_equal(late_destination(&image, 0, &d), 0);
	assert_int_equal(d.format, format);
	assert_string_equal(node_text_at(&image.late, image.destination[0].url), to);
	assert_int_equal(image.destination[0].key, 0);
	free(compiled.bytes);
}

static void a_destination_can_be_given_in_the_policys_place(void **state)
{
	(void)state;
	assert_goes_to("file:/tmp/${x} y", FORMAT_NDJSON);
	assert_goes_to("http://127.0.0.1:8080/", FORMAT_JSON);
	assert_goes_to("HTTPS://x", FORMAT_JSON);
	assert_int_equal(compile_check_to("file:/x"), 0);
	assert_int_equal(compile_check_to("https://x"), 0);
	assert_int_equal(compile_check_to("file:x"), -EINVAL);
	assert_int_equal(compile_check_to("ftp://x"), -EINVAL);
	assert_int_equal(compile_check_to("http://"), -EINVAL);
	assert_int_equal(compile_check_to(""), -EINVAL);
}

static void assert_shape(const struct late_destination *d)
{
	assert_string_equal(d->client_cert, "/etc/c.pem");
	assert_string_equal(d->client_key, "/etc/k.pem");
	assert_true(d->stop_status[400] && d->stop_status[499]);
	assert_false(d->stop_status[399] || d->stop_status[500]);
	assert_int_equal(d->stop_failures, 5);
	assert_int_equal(d->time, TIME_UNIX_MS);
	assert_int_equal(d->drops, 2);
	assert_string_equal(d->drop[1], "properties.a");
	assert_false(d->has_body);
}

static void a_destination_keeps_what_the_policy_said(void **state)
{
	struct image image;
	struct late_destination d;

	(void)state;
	scene_begin("bookend: 1\n"
		    "destinations:\n"
		    "  d:\n"
		    "    format: segment\n"
		    "    url: https://x\n"
		    "    key: k\n"
		    "    auth: raw\n"
		    "    headers: { User-Agent: a/1, X: y z }\n"
		    "    send: { batch: 1, bytes: 64KiB, wait: 2s, timeout: 800ms, give_up: 2s }\n"
		    "    retry: { after: [503, timeout], wait: 500ms to 2s, tries: 3 }\n"
		    "    gzip: true\n"
		    "    tls: { ca: /etc/ca.pem, cert: /etc/c.pem, cert_key: /etc/k.pem }\n"
		    "    stop: { after: [4xx], failures: 5 }\n"
		    "    time: unix_ms\n"
		    "    drop: [user, properties.a]\n"
		    "    proxy: http://127.0.0.1:3128\n"
		    "    spool: { bytes: 1MiB, age: 7d }\n"
		    "services: { s: { to: d, consent: [ allow: always ], events: { e: { when: "
		    "start } } } }\n");
	assert_int_equal(image_open(scene.compiled.bytes, scene.compiled.length, &image), 0);
	assert_int_equal(late_destination(&image, 0, &d), 0);
	assert_int_equal(late_destination(&image, 1, &d), -EBADMSG);
	assert_string_equal(d.name, "d");
	assert_int_equal(d.format, FORMAT_SEGMENT);
	assert_int_equal(d.auth, AUTH_RAW);
	assert_shape(&d);
	assert_int_equal(d.batch, 1);
	assert_int_equal(d.bytes, 65536);
	assert_int_equal(d.fill_ms, 2000);
	assert_int_equal(d.timeout_ms, 800);
	assert_int_equal(d.give_up_ms, 2000);
	assert_int_equal(d.wait_min_ms, 500);
	assert_int_equal(d.wait_max_ms, 2000);
	assert_int_equal(d.tries, 3);
	assert_true(d.retry_status[503]);
	assert_false(d.retry_status[500]);
	assert_false(d.retry_status[429]);
	assert_true(d.retry_timeout);
	assert_false(d.retry_network);
	assert_true(d.gzip);
	assert_string_equal(d.ca_file, "/etc/ca.pem");
	assert_string_equal(d.proxy, "http://127.0.0.1:3128");
	assert_int_equal(d.spool_bytes, 1 << 20);
	assert_int_equal(d.spool_age_ns, UINT64_C(604800000000000));
	assert_string_equal(late_service(&image, 0), "s");
	assert_null(late_service(&image, 1));
	scene_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_destination_can_be_given_in_the_policys_place),
		cmocka_unit_test(a_destination_keeps_what_the_policy_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
