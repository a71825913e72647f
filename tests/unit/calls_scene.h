/*
 * Tests of calls: a policy's service `s`, compiled in memory, and what its processes will hook.
 */
#ifndef BOOKEND_TESTS_UNIT_CALLS_SCENE_H
#define BOOKEND_TESTS_UNIT_CALLS_SCENE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/compile/compile.h"
#include "policy/image.h"
#include "policy/image_calls.h"

#define CALLS_HEAD                                                                                 \
	"bookend: 1\n"                                                                             \
	"destinations:\n"                                                                          \
	"  d: { format: json, url: http://127.0.0.1/ }\n"                                          \
	"services:\n"                                                                              \
	"  s:\n"                                                                                   \
	"    to: d\n"                                                                              \
	"    consent: [ allow: always ]\n"

struct calls_scene {
	struct compiled compiled;
	struct image image;
	const struct image_now *now;
	struct image_calls *calls; /* NULL: nothing is hooked */
	const struct image_call *call;
	const struct image_action *action;
	const struct image_test *test;
	const struct image_gate *gate;
	const uint32_t *capture;
	char said[4096];
};

static inline void calls_say(void *context, const struct diagnostic *d)
{
	struct calls_scene *scene = context;
	size_t used = strlen(scene->said);

	snprintf(scene->said + used, sizeof(scene->said) - used, "%u:%u: %s\n", d->line, d->column,
		 d->text);
}

/* What is said of measures and events, pieces of the service from line 8 on. */
static inline const char *calls_compile(struct calls_scene *scene, const char *rest)
{
	struct compile_options options = { .say = calls_say, .context = scene };
	char policy[16384];

	memset(scene, 0, sizeof(*scene));
	snprintf(policy, sizeof(policy), "%s%s", CALLS_HEAD, rest);
	if (compile_text("p.yaml", policy, strlen(policy), &options, &scene->compiled) != 0)
		scene->compiled.bytes = NULL;
	return scene->said;
}

static inline void calls_free(struct calls_scene *scene)
{
	free(scene->compiled.bytes);
}

static inline void calls_open(struct calls_scene *scene, const char *rest)
{
	const struct image_header *h;
	const struct image_index *index;
	uint32_t at = 0;

	if (calls_compile(scene, rest)[0] != '\0')
		fail_msg("%s", scene->said);
	assert_int_equal(image_open(scene->compiled.bytes, scene->compiled.length, &scene->image),
			 0);
	h = scene->image.header;
	index = (const void *)(h + 1);
	while (index[at].offset == 0)
		at++;
	scene->now = (const void *)(scene->compiled.bytes + index[at].offset);
	if (scene->now->calls == 0)
		return;
	scene->calls = (void *)(scene->compiled.bytes + scene->now->calls);
	assert_true(image_calls_hold(scene->calls, scene->now->calls_bytes, 0));
	scene->call = image_calls_at(scene->calls, &scene->calls->call);
	scene->action = image_calls_at(scene->calls, &scene->calls->action);
	scene->test = image_calls_at(scene->calls, &scene->calls->test);
	scene->gate = image_calls_at(scene->calls, &scene->calls->gate);
	scene->capture = image_calls_at(scene->calls, &scene->calls->capture);
}

static inline const char *calls_text_at(const struct calls_scene *scene, uint32_t offset)
{
	return (const char *)scene->calls + offset;
}

#endif
