/*
 * Tests of the spool: a folder of their own and easy events.
 */
#ifndef BOOKEND_TESTS_UNIT_SPOOL_SCENE_H
#define BOOKEND_TESTS_UNIT_SPOOL_SCENE_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/pool_format.h"
#include "sender/segment.h"

static const uint8_t scene_image[16] = "an image's hash";
static const uint8_t scene_pool[16] = "a pool's own id";

struct scene {
	char path[64];
	int folder;
};

static void scene_begin(struct scene *scene)
{
	strcpy(scene->path, "/tmp/bookend-spool-XXXXXX");
	assert_non_null(mkdtemp(scene->path));
	scene->folder = open(scene->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(scene->folder >= 0);
}

static void scene_end(struct scene *scene)
{
	char command[128];

	close(scene->folder);
	snprintf(command, sizeof(command), "rm -rf '%s'", scene->path);
	assert_int_equal(system(command), 0);
}

static inline struct view scene_view(const char *text)
{
	return (struct view){ text, (uint32_t)strlen(text) };
}

static inline struct event scene_event(uint64_t lifecycle, uint64_t routes)
{
	struct event event = { .lifecycle = lifecycle,
			       .routes = routes,
			       .pid = 42,
			       .time_ns = UINT64_C(1795298400000000000),
			       .moment = DRAIN_DONE_START,
			       .name = scene_view("started"),
			       .service = scene_view("adapter"),
			       .kind = scene_view("start"),
			       .session = scene_view("6f1c0f52-8d0b-4b0e-9a7e-2f6f2d1f7b11"),
			       .properties = scene_view("{\"a\":1}") };

	memcpy(event.id.bytes, &lifecycle, 8);
	return event;
}

/* One group: an event on the first route, and its end mark. */
static inline void scene_add(struct segment *segment, uint64_t lifecycle)
{
	struct late_route route = { .url = "http://receiver/", .key = "key" };
	struct event event;

	event = scene_event(lifecycle, UINT64_C(1) << segment_route(segment, &route));
	segment_add_event(segment, &event);
	segment_add_mark(segment, SPOOL_END,
			 &(struct spool_mark){ .lifecycle = lifecycle,
					       .moments = DRAIN_DONE_START,
					       .events = 1 });
}

static inline struct segment *scene_segment(struct scene *scene, const char *name)
{
	struct segment *segment;

	assert_int_equal(segment_create(scene->folder, name, scene_image, scene_pool, 7, &segment),
			 0);
	return segment;
}

#endif
