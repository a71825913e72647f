/*
 * Where a row's programs run: a private state directory (and so a private pool), a compiled policy,
 * and the environments of the arms. One thread.
 */
#ifndef BOOKEND_BENCH_SCENE_H
#define BOOKEND_BENCH_SCENE_H

#include <stdint.h>
#include <stdio.h>

#include "tests/bench/harness.h"
#include "tests/bench/spawn.h"

#define SCENE_VARIABLES 32

enum scene_arm {
	SCENE_PLAIN,   /* nothing preloaded */
	SCENE_EMPTY,   /* an empty `gcc -shared` object */
	SCENE_TWIN,    /* a copy of it: as rarely used, and so as cold, as the others */
	SCENE_INERT,   /* libbookend.so, BOOKEND_SERVICE not set */
	SCENE_ENABLED, /* libbookend.so, a service of the policy, consent given */
	SCENE_ARMS
};

struct scene {
	const struct bench *bench;
	char folder[600];
	char state[640];
	char policy[640];
	char events[640]; /* what the ndjson destination appends to */
	char pool[1200];  /* the pool's folder, for the row's setting */
	const char *env[SCENE_ARMS][SCENE_VARIABLES];
	const char *tool_env[4]; /* for `bookend` */
	char text[8][800];	 /* the variables made for this scene */
	size_t texts;
};

/*
 * Makes folder and state directory; the service of the policy that the caller writes next is called
 * `bench`. 0 or -errno with into->failure filled.
 */
int scene_open(const struct bench *bench, const char *name, struct scene *scene,
	       struct measured *into);

/*
 * Writes and compiles a policy. rules: services before the one that matches, and events of it that
 * never hold, see scene.c. url: NULL for an ndjson file, else a segment endpoint.
 */
struct scene_policy {
	unsigned services;
	unsigned events;
	const char *url;
	unsigned more;	      /* events at the start beside the one */
	bool service;	      /* with a sender thread, not a command; gives up after a second */
	bool later;	      /* a service that sends nothing itself */
	const char *measures; /* of the service, as text; NULL: none */
	const char *calls;    /* events more, as text; NULL: none */
};
int scene_compile(struct scene *scene, const struct scene_policy *policy, struct measured *into);

/* Moves what was recorded out of the pool and delivers it; a `between` of struct plan. 0 or -errno.
 */
int scene_drain(void *scene);
/* The same, giving up after so long: for networks that do not answer. */
int scene_drain_briefly(void *scene);

/* Until the next flush no start spawns a helper, so that what is recorded waits for the row. Makes
 * the pool. */
int scene_hold_helpers(const struct scene *scene);

/* Starts and stops recorded in this scene's pool since it was made; 0 when there is none. */
uint64_t scene_starts(const struct scene *scene);
/* Lines that the ndjson destination has received since the last scene_forget_lines(). */
uint64_t scene_lines(const struct scene *scene);
void scene_forget_lines(const struct scene *scene);

/* Removes pool, state and folder. */
void scene_close(struct scene *scene);

/* An arm that runs argv in one of the scene's environments and yields wall or CPU time in
 * microseconds. */
struct scene_run {
	const char *const *argv;
	const char *const *envp;
	bool wall;
};
int scene_run(void *scene_run, double *value);

#endif
