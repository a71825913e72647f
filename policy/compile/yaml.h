/*
 * The YAML that a policy may use, as a tree: mappings, sequences and scalars, each with its place.
 * Anchors, aliases, tags, merge keys, several documents, duplicate keys, depth beyond 32 are
 * refused here, each with its own finding.
 */
#ifndef BOOKEND_POLICY_COMPILE_YAML_H
#define BOOKEND_POLICY_COMPILE_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/compile/diagnose.h"
#include "policy/compile/heap.h"

#define YAML_BYTES_MAX (1u << 20)
#define YAML_DEPTH_MAX 32

enum yaml_kind { YAML_SCALAR, YAML_MAP, YAML_LIST };

struct yaml {
	enum yaml_kind kind;
	struct mark at;
	bool plain;	    /* a scalar without quotes */
	const char *text;   /* of a scalar: no NUL inside; "" for the others */
	struct yaml **item; /* of a list; of a map, keys (scalars) and values in turn */
	unsigned count;	    /* items, or pairs */
};

/* The root, or NULL after a finding. Findings may also stand beside a root. */
const struct yaml *yaml_load(struct heap *heap, struct diagnose *d, const char *text,
			     size_t length);

/* The value of a key, NULL when it is not there. */
const struct yaml *yaml_get(const struct yaml *map, const char *key);
const struct yaml *yaml_key(const struct yaml *map, unsigned pair);
const struct yaml *yaml_value(const struct yaml *map, unsigned pair);

/* "a mapping", "a list", "'text'" for findings; the buffer is the caller's. */
const char *yaml_describe(const struct yaml *y, char into[80]);

#endif
