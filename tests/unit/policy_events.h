/*
 * Tests of the policy: from a decision to events, as lines of text: NAME KIND user=... context=...
 * PROPERTIES -> URL KEY.
 */
#ifndef BOOKEND_TESTS_UNIT_POLICY_EVENTS_H
#define BOOKEND_TESTS_UNIT_POLICY_EVENTS_H

#include "policy/eval.h"
#include "policy/late_probe.h"
#include "tests/unit/policy_scene.h"

/* The command line, words separated by one space. */
SCENE_UNUSED static void scene_words(char *words)
{
	scene.subject.argc = 0;
	for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " "))
		scene.argv[scene.subject.argc++] = word;
	scene.argv[scene.subject.argc] = NULL;
}

static int scene_id(void *context, const struct eval_id *id, char *into, size_t capacity)
{
	(void)context;
	snprintf(into, capacity, "id-%s-%s%s%s", id->kind, id->key != NULL ? id->key : "",
		 id->alphabet != NULL ? id->alphabet : "", id->file != NULL ? id->file : "");
	return 0;
}

/* A command says its first word, a document is not there. */
static int scene_probe(void *context, const struct late_probe *probe, char *into, size_t capacity)
{
	(void)context;
	scene.probes++;
	return probe->url != NULL ? -ENOENT : snprintf(into, capacity, "%s", probe->argv[0]);
}

static int scene_emit(void *context, const struct late_event *e)
{
	size_t used = strlen(scene.out);
	char *at = scene.out + used;
	size_t room = sizeof(scene.out) - used;

	(void)context;
	scene.last = *e;
	snprintf(at, room, "%s %s", e->name, e->kind);
	if (e->user != NULL)
		snprintf(at + strlen(at), room - strlen(at), " user=%s", e->user);
	if (e->context != NULL)
		snprintf(at + strlen(at), room - strlen(at), " context=%s", e->context);
	snprintf(at + strlen(at), room - strlen(at), " %s", e->properties);
	for (uint32_t i = 0; i < e->route_count; i++)
		snprintf(at + strlen(at), room - strlen(at), " -> %s %s", e->routes[i].url,
			 e->routes[i].key);
	strcat(at, "\n");
	return 0;
}

/* After scene_decide(): the events of the moment. */
SCENE_UNUSED static const char *scene_events(enum late_moment moment)
{
	static const uint8_t pool_id[16] = "a pool's own id";
	struct image image;
	struct late_process p = { .image = &image,
				  .start = &scene.start,
				  .snapshot = scene.snapshot,
				  .stop = &scene.stop,
				  .pool_id = pool_id,
				  .lifecycle = 77,
				  .id = scene_id,
				  .probe = scene_probe,
				  .mask = scene.mask };
	uint32_t left_out = 0;
	bool truncated;

	assert_int_equal(scene.decision.reason, REASON_MEASURED);
	scene.start.payload = policy_snapshot(&scene.decision, &scene.subject, scene.snapshot,
					      sizeof(scene.snapshot), &truncated);
	assert_true(scene.start.payload <= scene.decision.payload_bytes);
	if (!scene.decision.command)
		assert_int_equal(scene.start.payload, scene.decision.payload_bytes);
	scene.start.service = scene.decision.service;
	assert_int_equal(image_open(scene.compiled.bytes, scene.compiled.length, &image), 0);
	assert_memory_equal(image.header->hash, scene.decision.image, 16);
	scene.out[0] = '\0';
	assert_int_equal(late_events(&p, moment, scene.late_arena, sizeof(scene.late_arena),
				     scene_emit, NULL, &left_out),
			 0);
	assert_int_equal(left_out, 0);
	return scene.out;
}

#endif
