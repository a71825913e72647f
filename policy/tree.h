/*
 * A document as a tree, for drainers: what is taken out of a file or of a JSON value, and what
 * keep, drop, presence and lookup make of it. Everything lies in the caller's arena. One thread;
 * bounded by the arena, READ_DEPTH and TREE_STEPS.
 */
#ifndef BOOKEND_POLICY_TREE_H
#define BOOKEND_POLICY_TREE_H

#include "policy/arena.h"
#include "policy/read.h"

#define TREE_STEPS 4000000 /* comparisons of keys while it is made */

struct tree {
	enum value_type type; /* VALUE_JSON: a container */
	bool object;	      /* of a container */
	uint8_t state;	      /* enum read_state, as a member */
	uint32_t hash;	      /* of the key */
	uint32_t key_length, length;
	const char *key;  /* of a member */
	const char *text; /* of a scalar */
	struct tree *next, *first, *last;
};

/* NULL: malformed, contradictory, or too much for the arena. Destroys the bytes, behind which one
 * more may be written. */
struct tree *tree_read(enum read_format format, char *bytes, size_t length, struct arena *arena);

/* The one value of the path (policy/find.h); *ambiguous when there are several. NULL: none. */
struct tree *tree_at(struct tree *t, const char *path, bool *ambiguous);

#define SELECT_PATHS_MAX 32

/* Leaves only what one of the paths leads to, with all below; through lists into each element. */
void tree_keep(struct tree *t, const char *const *paths, unsigned count);
/* Takes away what the path leads to. */
void tree_drop(struct tree *t, const char *path);
/* What the path leads to becomes {}, or null when it is null or not there. */
void tree_mask(struct tree *t, const char *path, struct arena *arena);
/* The same of all members, or elements. */
void tree_mask_all(struct tree *t);

/* A scalar's value, its text being the tree's and not NUL-terminated; VALUE_JSON of a container. */
struct value tree_value(const struct tree *t);
/* No object in it, at any depth. */
bool tree_is_plain(const struct tree *t);
void tree_add_json(struct text *into, const struct tree *t);

#endif
