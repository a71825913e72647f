/*
 * A policy's text, whatever it is: the compiler says something about it, or makes an image that
 * opens and serves. An input is the YAML.
 */
#include <stdlib.h>
#include <string.h>

#include "policy/compile/compile.h"
#include "policy/image.h"
#include "policy/late.h"

static unsigned said;

static void count(void *context, const struct diagnostic *diagnostic)
{
	(void)context;
	said += diagnostic->text[0] != '\0';
}

static int ignore(void *context, const struct late_event *event)
{
	(void)context;
	return event->name == NULL || event->properties == NULL ? -1 : 0;
}

static void make_events(const struct image *image)
{
	static char arena[LATE_ARENA];
	struct start_block start = { .boot_ns = 1, .real_ns = 1 };
	struct stop_facts stop = { .reason = EXIT_EXIT, .boot_ns = 2, .real_ns = 2 };
	struct late_process process = { .image = image,
					.start = &start,
					.snapshot = (const uint8_t *)"",
					.stop = &stop,
					.pool_id = image->header->hash };
	struct late_destination destination;
	uint32_t left_out = 0;

	for (uint32_t i = 0; i < image->tables->destination_count; i++) {
		if (late_destination(image, i, &destination) != 0)
			abort();
	}
	for (start.service = 0; start.service < image->tables->service_count; start.service++) {
		int error = late_events(&process, LATE_STOP, arena, sizeof(arena), ignore, NULL,
					&left_out);

		if (error != 0 && left_out == 0)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct compile_options options = { .say = count };
	struct compiled compiled;
	struct image image;
	int error;

	said = 0;
	error = compile_text("fuzz", (const char *)data, size, &options, &compiled);
	if (error != 0) {
		if (said == 0)
			abort();
		return 0;
	}
	if (said != 0 || image_open(compiled.bytes, compiled.length, &image) != 0)
		abort();
	make_events(&image);
	free(compiled.bytes);
	return 0;
}
