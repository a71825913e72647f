/*
 * Paths into a tree. Recursion is bounded by its depth, which is READ_DEPTH.
 */
#include "policy/tree.h"

#include <string.h>

#include "policy/find.h"

static bool is_object(const struct tree *t)
{
	return t->type == VALUE_JSON && t->object;
}

static bool is_list(const struct tree *t)
{
	return t->type == VALUE_JSON && !t->object;
}

struct search {
	const char *path;
	size_t length;
	struct tree *found;
	bool ambiguous;
	bool been[FIND_PATH_MAX + 2]; /* by the offset in the path */
};

static void find_at(struct search *s, struct tree *t, size_t at)
{
	for (struct tree *child = is_object(t) ? t->first : NULL; child != NULL;
	     child = child->next) {
		size_t next = find_follow(s->path, at, child->key, child->key_length);

		if (next == 0)
			continue;
		/* As "a.b" and as b in a. */
		s->ambiguous |= s->been[next];
		s->been[next] = true;
		if (next > s->length)
			s->found = child;
		else
			find_at(s, child, next);
	}
}

struct tree *tree_at(struct tree *t, const char *path, bool *ambiguous)
{
	struct search s = { .path = path, .length = strlen(path) };

	if (s.length <= FIND_PATH_MAX)
		find_at(&s, t, 0);
	*ambiguous = s.ambiguous;
	return s.ambiguous ? NULL : s.found;
}

/* Unlinks the children that are to go. */
static void remove_children(struct tree *t, bool (*goes)(const struct tree *child))
{
	struct tree **link = &t->first;

	t->last = NULL;
	while (*link != NULL) {
		if (goes(*link)) {
			*link = (*link)->next;
		} else {
			t->last = *link;
			link = &(*link)->next;
		}
	}
}

/* A child that is to go has become VALUE_ABSENT. */
static bool is_absent(const struct tree *child)
{
	return child->type == VALUE_ABSENT;
}

struct keep {
	const char *const *paths;
	unsigned count;
};

/* All paths are looked at together: bit i of `live` says that paths[i] leads here, to at[i].
 */
static void keep_in(struct tree *t, const struct keep *k, const uint16_t *at, uint32_t live);

static void keep_child(struct tree *child, const struct keep *k, const uint16_t *at, uint32_t live)
{
	uint16_t next[SELECT_PATHS_MAX] = { 0 };
	uint32_t leads = 0;

	for (unsigned i = 0; i < k->count; i++) {
		if ((live >> i & 1) == 0)
			continue;
		next[i] = (uint16_t)find_follow(k->paths[i], at[i], child->key, child->key_length);
		if (next[i] > strlen(k->paths[i]))
			return;
		leads |= (uint32_t)(next[i] != 0) << i;
	}
	if (leads == 0 || child->type != VALUE_JSON)
		child->type = VALUE_ABSENT;
	else
		keep_in(child, k, next, leads);
}

static void keep_in(struct tree *t, const struct keep *k, const uint16_t *at, uint32_t live)
{
	for (struct tree *child = t->first; child != NULL; child = child->next) {
		if (t->object)
			keep_child(child, k, at, live);
		else if (child->type == VALUE_JSON)
			keep_in(child, k, at, live);
		else
			child->type = VALUE_ABSENT;
	}
	remove_children(t, is_absent);
}

void tree_keep(struct tree *t, const char *const *paths, unsigned count)
{
	const struct keep k = { paths, count < SELECT_PATHS_MAX ? count : SELECT_PATHS_MAX };
	const uint16_t at[SELECT_PATHS_MAX] = { 0 };

	if (t->type == VALUE_JSON)
		keep_in(t, &k, at, UINT32_MAX);
}

static void drop_in(struct tree *t, const char *path, size_t at)
{
	for (struct tree *child = t->first; child != NULL; child = child->next) {
		size_t next =
			is_object(t) ? find_follow(path, at, child->key, child->key_length) : at;

		if (child->type == VALUE_ABSENT)
			continue;
		if (next > strlen(path))
			child->type = VALUE_ABSENT;
		else if (child->type == VALUE_JSON && (next != 0 || is_list(t)))
			drop_in(child, path, next);
	}
	remove_children(t, is_absent);
}

void tree_drop(struct tree *t, const char *path)
{
	if (t->type == VALUE_JSON)
		drop_in(t, path, 0);
}

static void make_empty(struct tree *t)
{
	t->type = VALUE_JSON;
	t->object = true;
	t->first = NULL;
	t->last = NULL;
}

static void make_null(struct tree *t)
{
	t->type = VALUE_NULL;
	t->text = "null";
	t->length = 4;
}

static void mask(struct tree *t)
{
	if (t->type == VALUE_NULL || t->type == VALUE_UNREADABLE)
		make_null(t);
	else
		make_empty(t);
}

/* The rest of the path below an object that lacks it, ending in null. */
static void add_missing(struct tree *t, const char *path, struct arena *arena)
{
	while (is_object(t)) {
		struct tree *child = arena_take(arena, sizeof(*child));
		size_t length = strcspn(path, ".");

		if (child == NULL)
			return;
		*child = (struct tree){ .type = VALUE_JSON,
					.object = true,
					.key = path,
					.key_length = (uint32_t)length };
		if (t->last != NULL)
			t->last->next = child;
		else
			t->first = child;
		t->last = child;
		t = child;
		if (path[length] == '\0')
			break;
		path += length + 1;
	}
	make_null(t);
}

static void mask_in(struct tree *t, const char *path, size_t at, struct arena *arena)
{
	bool there = false;

	for (struct tree *child = t->first; child != NULL; child = child->next) {
		size_t next =
			is_object(t) ? find_follow(path, at, child->key, child->key_length) : at;

		if (is_list(t) && child->type == VALUE_JSON) {
			mask_in(child, path, at, arena);
		} else if (is_object(t) && next > strlen(path)) {
			there = true;
			mask(child);
		} else if (is_object(t) && next != 0) {
			there = true;
			if (child->type != VALUE_JSON)
				make_empty(child);
			mask_in(child, path, next, arena);
		}
	}
	if (is_object(t) && !there)
		add_missing(t, path + at, arena);
}

void tree_mask(struct tree *t, const char *path, struct arena *arena)
{
	if (t->type == VALUE_JSON)
		mask_in(t, path, 0, arena);
}

void tree_mask_all(struct tree *t)
{
	if (t->type != VALUE_JSON) {
		mask(t);
		return;
	}
	for (struct tree *child = t->first; child != NULL; child = child->next)
		mask(child);
}
