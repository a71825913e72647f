/*
 * Every reader of foreign files (policy/read.h). The first byte chooses the format. Both consumers
 * must agree on whether a document can be read and on what a key in it is, and what a tree prints
 * is JSON that reads back to the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/find.h"
#include "policy/tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

/* Exactly as long as the document and the byte that may be written, so that ASan sees more. */
static char *copied(const uint8_t *bytes, size_t length)
{
	char *copy = malloc(length + 1);

	memcpy(copy, bytes, length);
	return copy;
}

static struct tree *tree_of(enum read_format format, const uint8_t *bytes, size_t length,
			    struct arena *arena)
{
	char *copy = copied(bytes, length);
	struct tree *t = tree_read(format, copy, length, arena);

	free(copy);
	return t;
}

static void check_key(enum read_format format, const uint8_t *bytes, size_t length, struct tree *t,
		      const char *path)
{
	static _Alignas(8) char memory[1 << 20];
	struct arena arena = arena_init(memory, sizeof(memory));
	char *copy = copied(bytes, length);
	struct value found = find_in(format, copy, length, path, &arena), same;
	bool ambiguous;

	free(copy);
	t = tree_at(t, path, &ambiguous);
	if (t == NULL) {
		CHECK(found.type == (ambiguous ? VALUE_UNREADABLE : VALUE_ABSENT));
		return;
	}
	same = tree_value(t);
	CHECK(same.type == found.type);
	if (same.type == VALUE_JSON)
		CHECK((t->first == NULL) == (found.length == 2));
	else
		CHECK(same.length == found.length &&
		      memcmp(same.text, found.text, same.length) == 0);
}

static void check_json(const struct tree *t)
{
	static _Alignas(8) char memory[8 << 20];
	static char once[4 << 20], twice[4 << 20];
	struct arena arena = arena_init(memory, sizeof(memory));
	struct text first = text_init(once, sizeof(once)), second = text_init(twice, sizeof(twice));
	const struct tree *again;

	tree_add_json(&first, t);
	again = tree_of(READ_json, (const uint8_t *)first.data, first.length, &arena);
	CHECK(again != NULL);
	tree_add_json(&second, again);
	CHECK(first.length == second.length && memcmp(once, twice, first.length) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static const char *const paths[] = { "a", "a.b", "b", "a.b.c", "x" };
	static _Alignas(8) char memory[8 << 20];
	struct arena arena = arena_init(memory, sizeof(memory));
	enum read_format format;
	struct tree *t;

	if (length == 0)
		return -1;
	format = (enum read_format)(bytes[0] % READ_FORMATS);
	t = tree_of(format, bytes + 1, length - 1, &arena);
	if (t == NULL)
		return 0;
	check_json(t);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		check_key(format, bytes + 1, length - 1, t, paths[i]);
	return 0;
}
