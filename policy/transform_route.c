/*
 * route: a path becomes the pattern that it fits, /users/ada becomes /users/NAME. What fits none is
 * absent: the raw text never comes out.
 */
#include <string.h>

#include "policy/transform.h"

/* The segment at p: its bytes up to the next slash or the end. */
static size_t segment(const char *p, const char *end)
{
	const char *at = p;

	while (at < end && *at != '/')
		at++;
	return (size_t)(at - p);
}

/* Does it fit, segment for segment? :NAME takes any that has something in it. */
static bool fits(const char *pattern, const char *pattern_end, const char *path, const char *end)
{
	for (;;) {
		size_t wanted = segment(pattern, pattern_end);
		size_t given = segment(path, end);
		bool name = wanted > 0 && *pattern == ':';

		if (name ? given == 0 : wanted != given || memcmp(pattern, path, wanted) != 0)
			return false;
		pattern += wanted;
		path += given;
		if (pattern == pattern_end || path == end)
			return pattern == pattern_end && path == end;
		pattern++;
		path++;
	}
}

/* The pattern without the colons that begin a segment. */
static struct value named(struct eval *e, const char *pattern, const char *end)
{
	struct text t = arena_text(e->arena);

	for (const char *p = pattern; p < end; p++) {
		if (*p != ':' || p == pattern || p[-1] != '/')
			text_add_char(&t, *p);
	}
	return transform_kept(e, &t);
}

struct value transform_route(struct eval *e, const struct image_node *node)
{
	struct value v = transform_text(e, node);
	const char *end;

	if (v.type != VALUE_TEXT)
		return v;
	for (end = v.text; end < v.text + v.length && *end != '?' && *end != '#';)
		end++;
	for (unsigned i = 1; i < node->count; i++) {
		const struct image_node *pattern = node_operand(&e->section, node, i);
		const char *text = node_text(pattern);

		if (pattern != NULL && pattern->op == NODE_TEXT &&
		    fits(text, text + pattern->value, v.text, end))
			return named(e, text, text + pattern->value);
	}
	return value_absent();
}
