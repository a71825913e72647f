/*
 * A probe of the policy: a command to run, or a document to get, evaluated with the values of the
 * recorded process. Whoever runs it (sender/probes.h) bounds its time and what it says.
 */
#ifndef BOOKEND_POLICY_LATE_PROBE_H
#define BOOKEND_POLICY_LATE_PROBE_H

#include "policy/eval.h"
#include "policy/image_format.h"

#define PROBE_BYTES (64 * 1024) /* of what it says; more is as if it had failed */

struct late_probe {
	/* A command: its words and whole environment, both ending with NULL. */
	const char *const *argv, *const *envp;
	const char *directory; /* that the process was started in; NULL: unknown */
	/* A document. */
	const char *url;    /* NULL: a command */
	const char *bearer; /* NULL: none */
	uint32_t timeout_ms;
	enum probe_cache cache;
	uint32_t cache_s;
	const char *exe; /* of the process, for PROBE_EXECUTABLE; NULL: unknown */
};

/* The lines that say something, without the space around them, as a list. */
struct value late_lines(struct arena *arena, const char *text);

/* eval_world.probe of drainers. */
struct value late_probe(struct eval *e, const struct image_node *node);

#endif
