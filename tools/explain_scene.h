/*
 * A run that is not one: a state directory and a pool of their own, into which the launcher's part
 * records a command as if it had run and ended with 0. What drainers make of it is what they would
 * make of the real one; nothing of it touches the user's own state. One thread.
 */
#ifndef BOOKEND_TOOLS_EXPLAIN_SCENE_H
#define BOOKEND_TOOLS_EXPLAIN_SCENE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/paths.h"
#include "tools/policy_file.h"
#include "tools/program.h"

struct explain_scene {
	char state[PATHS_MAX]; /* temporary */
	char image[PATHS_MAX]; /* the policy's, in it */
};

/* With what the user's own state knows (ids, what is remembered, cached probes), as a copy. 0, or
 * -errno after a message. */
int explain_scene_open(const struct policy_file *policy, struct explain_scene *into);
void explain_scene_close(struct explain_scene *scene);

/* Records the command under these services; false: it would not be recorded. */
bool explain_scene_record(struct explain_scene *scene, const struct program *program,
			  const char *services);

/* The events and the requests, one JSON object a line, handed to line(). 0, or -errno. */
int explain_scene_events(const struct explain_scene *scene,
			 void (*line)(void *context, const char *json, uint32_t length),
			 void *context);
int explain_scene_requests(const struct explain_scene *scene,
			   void (*line)(void *context, const char *json, uint32_t length),
			   void *context);

#endif
