/*
 * policy/image.h and policy/image_file.h: an image that is not what the compiler wrote.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/checksum.h"
#include "base/identity.h"
#include "policy/node.h"
#include "tests/unit/policy_events.h"

#define POLICY                                                                                     \
	SCENE_HEAD "    consent: [ deny: { env: OUT, is: true }, allow: always ]\n"                \
		   "    commands: [up, infra up]\n"                                                \
		   "    properties: { a: { env: A, else: x }, b: \"${os.uname} ${process.cwd}\", " \
		   "c: { object: { d: \"${command.path}\" } } }\n"                                 \
		   "    events: { e: { when: [start, { command: up }] } }\n"

/* The flipped byte must have no effect, or a refusal. */
static void decide_flipped(size_t at, unsigned bit)
{
	uint8_t byte = scene.compiled.bytes[at];
	int file = open(scene.image_path, O_WRONLY | O_CLOEXEC);
	enum reason reason;

	byte ^= (uint8_t)(1u << bit);
	assert_int_equal(pwrite(file, &byte, 1, (off_t)at), 1);
	reason = scene_decide("s");
	assert_true(reason == REASON_MEASURED || reason == REASON_IMAGE_BAD ||
		    reason == REASON_IMAGE_STALE || reason == REASON_NO_SERVICE);
	assert_int_equal(pwrite(file, &scene.compiled.bytes[at], 1, (off_t)at), 1);
	close(file);
	if (reason != REASON_MEASURED)
		return;
	assert_string_equal(scene.decision.name, "s");
	assert_string_equal(scene.decision.tool, "/opt/bin/bookend");
	assert_memory_equal(scene.decision.image, scene.compiled.bytes + 16, 16);
}

static void a_flipped_bit_is_refused_or_without_effect(void **state)
{
	struct image image;

	(void)state;
	scene_begin(POLICY);
	for (size_t i = 0; i < scene.compiled.length; i++) {
		decide_flipped(i, i % 8);
		scene.compiled.bytes[i] ^= (uint8_t)(1u << i % 8);
		assert_int_not_equal(
			image_open(scene.compiled.bytes, scene.compiled.length, &image), 0);
		scene.compiled.bytes[i] ^= (uint8_t)(1u << i % 8);
	}
	assert_int_equal(scene_decide("s"), REASON_MEASURED);
	scene_end();
}

static void a_truncated_image_is_refused(void **state)
{
	struct image image;

	(void)state;
	scene_begin(POLICY);
	for (size_t length = 0; length < scene.compiled.length; length += 7) {
		assert_int_equal(image_open(scene.compiled.bytes, length, &image), -EBADMSG);
		assert_int_equal(truncate(scene.image_path, (off_t)length), 0);
		assert_int_equal(scene_decide("s"), REASON_IMAGE_BAD);
		scene_write(scene.image_path, scene.compiled.bytes, scene.compiled.length);
	}
	scene_end();
}

static void an_image_with_bytes_behind_it_is_refused(void **state)
{
	(void)state;
	scene_begin(POLICY);
	assert_int_equal(truncate(scene.image_path, (off_t)scene.compiled.length + 1), 0);
	assert_int_equal(scene_decide("s"), REASON_IMAGE_BAD);
	scene_end();
}

static void an_image_of_another_version_is_refused(void **state)
{
	struct image_header *h;
	struct image image;

	(void)state;
	scene_begin(POLICY);
	h = (struct image_header *)scene.compiled.bytes;
	h->major++;
	h->check = image_header_check(h);
	assert_int_equal(image_open(scene.compiled.bytes, scene.compiled.length, &image), -EPROTO);
	scene_write(scene.image_path, scene.compiled.bytes, scene.compiled.length);
	assert_int_equal(scene_decide("s"), REASON_IMAGE_BAD);
	scene_end();
}

static void a_file_that_is_no_image_is_refused(void **state)
{
	(void)state;
	scene_begin(POLICY);
	scene_write(scene.image_path, "bookend: 1\n", 11);
	assert_int_equal(scene_decide("s"), REASON_IMAGE_BAD);
	scene_write(scene.image_path, "", 0);
	assert_int_equal(scene_decide("s"), REASON_IMAGE_BAD);
	scene_end();
}

/*
 * Someone who knows the format: every word of the late section is replaced and the sums are made
 * right again.
 */
static void a_forged_reference_leads_nowhere(void **state)
{
	static const uint32_t forged[] = { 1, 4, 0xffff, 0x7ffffff8, 0xfffffffc };
	struct image_header *h;

	(void)state;
	scene_begin(POLICY);
	scene_decide("s");
	h = (struct image_header *)scene.compiled.bytes;
	for (uint32_t at = h->late_offset; at < h->late_offset + h->late_bytes; at += 4) {
		uint32_t *word = (uint32_t *)(scene.compiled.bytes + at);
		uint32_t before = *word;
		struct image image;
		struct late_destination d;
		struct late_process p = { .image = &image,
					  .start = &scene.start,
					  .snapshot = scene.snapshot,
					  .stop = &scene.stop,
					  .pool_id = h->hash };
		uint32_t left_out = 0;

		*word = forged[at / 4 % 5];
		siphash128(IMAGE_KEY, &h->minor, scene.compiled.length - IMAGE_HASHED, h->hash);
		h->check = image_header_check(h);
		scene.out[0] = '\0';
		scene.start.payload = 0;
		if (image_open(scene.compiled.bytes, scene.compiled.length, &image) == 0) {
			late_events(&p, LATE_STOP, scene.late_arena, sizeof(scene.late_arena),
				    scene_emit, NULL, &left_out);
			late_destination(&image, 0, &d);
			late_service(&image, 0);
		}
		*word = before;
	}
	scene_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flipped_bit_is_refused_or_without_effect),
		cmocka_unit_test(a_truncated_image_is_refused),
		cmocka_unit_test(an_image_with_bytes_behind_it_is_refused),
		cmocka_unit_test(an_image_of_another_version_is_refused),
		cmocka_unit_test(a_file_that_is_no_image_is_refused),
		cmocka_unit_test(a_forged_reference_leads_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
