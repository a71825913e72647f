/*
 * Tests of the readers: a document to JSON, and to the value of one key.
 */
#ifndef BOOKEND_TESTS_UNIT_READ_SCENE_H
#define BOOKEND_TESTS_UNIT_READ_SCENE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/find.h"
#include "policy/tree.h"

#define SCENE_UNUSED __attribute__((unused))

static char read_out[1 << 16];

/* A copy that ends exactly behind the byte that readers may write, so that ASan sees more. */
static char *read_copy(const char *bytes, size_t length)
{
	char *copy = malloc(length + 1);

	memcpy(copy, bytes, length);
	return copy;
}

/* The document as JSON, or "malformed". */
SCENE_UNUSED static const char *read_bytes_as(enum read_format format, const char *bytes,
					      size_t length)
{
	static _Alignas(8) char memory[1 << 20];
	struct arena arena = arena_init(memory, sizeof(memory));
	struct text t = text_init(read_out, sizeof(read_out));
	char *copy = read_copy(bytes, length);
	const struct tree *tree = tree_read(format, copy, length, &arena);

	if (tree != NULL)
		tree_add_json(&t, tree);
	else
		text_add(&t, "malformed");
	free(copy);
	return read_out;
}

SCENE_UNUSED static const char *read_as(enum read_format format, const char *document)
{
	return read_bytes_as(format, document, strlen(document));
}

/* "absent", "unreadable", or the type's first letter and the value: "t:text" "n:1" "b:true". */
SCENE_UNUSED static const char *read_key_as(enum read_format format, const char *document,
					    const char *path)
{
	static const char *const types[] = { "absent", "unreadable", "null", "b", "n", "t", "j" };
	static _Alignas(8) char memory[1 << 16];
	struct arena arena = arena_init(memory, sizeof(memory));
	char *copy = read_copy(document, strlen(document));
	struct value v = find_in(format, copy, strlen(document), path, &arena);

	snprintf(read_out, sizeof(read_out), v.type > VALUE_NULL ? "%s:%s" : "%s", types[v.type],
		 v.text);
	free(copy);
	return read_out;
}

#define assert_reads(format, document, json) assert_string_equal(read_as(format, document), json)
#define assert_malformed(format, document)   assert_reads(format, document, "malformed")
#define assert_finds(format, document, path, value)                                                \
	assert_string_equal(read_key_as(format, document, path), value)

#endif
