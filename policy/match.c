/*
 * The rules of `match`, one function each.
 */
#include "policy/match.h"

#include <fcntl.h>
#include <string.h>

#include "base/sys.h"
#include "base/text.h"
#include "policy/words.h"

#define PARENT_PATH_MAX 512

/* A wanted text with a slash is a whole path, else the last part of one. */
static bool same_file(const char *path, const char *wanted)
{
	if (path == NULL)
		return false;
	return strcmp(strchr(wanted, '/') != NULL ? path : words_basename(path), wanted) == 0;
}

/* The name it was started under: of a link to the executable, for one. A login shell's has a dash.
 */
static bool started_as(const struct subject *s, const char *wanted)
{
	const char *called = s->argc > 0 ? s->argv[0] : NULL;

	if (called == NULL || strchr(wanted, '/') != NULL)
		return false;
	return strcmp(words_basename(called[0] == '-' ? called + 1 : called), wanted) == 0;
}

/* The path itself, or one below it. */
static bool lies_in(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	if (path == NULL || length == 0 || strncmp(path, folder, length) != 0)
		return false;
	return path[length] == '\0' || path[length] == '/' || folder[length - 1] == '/';
}

static bool is_word(const struct subject *s, const char *wanted)
{
	for (int i = 1; i < s->argc; i++) {
		if (strcmp(s->argv[i], wanted) == 0)
			return true;
	}
	return false;
}

static bool parent_is(const struct subject *s, const char *wanted)
{
	char link[32];
	char path[PARENT_PATH_MAX];
	struct text t = text_init(link, sizeof(link));
	long length;

	text_add(&t, "/proc/");
	text_add_unsigned(&t, s->parent);
	text_add(&t, "/exe");
	length = sys_readlinkat(AT_FDCWD, link, path, sizeof(path));
	if (length <= 0 || length >= (long)sizeof(path))
		return false;
	path[length] = '\0';
	return same_file(path, wanted);
}

static bool one_holds(const struct image_node *rule, const struct image_node *wanted,
		      const struct subject *s)
{
	const char *text = node_text(wanted);

	switch (rule->op) {
	case NODE_MATCH_EXE:
		return same_file(s->exe, text) || started_as(s, text);
	case NODE_MATCH_SCRIPT:
		return same_file(s->script, text);
	case NODE_MATCH_PATH:
		return lies_in(s->exe, text);
	case NODE_MATCH_ARGS:
		return is_word(s, text);
	case NODE_MATCH_USER:
		return wanted->op == NODE_INTEGER && wanted->value == s->uid;
	case NODE_MATCH_PARENT:
		return parent_is(s, text);
	default:
		return false;
	}
}

static bool rule_holds(const struct section *now, const struct image_node *rule,
		       const struct subject *s)
{
	for (unsigned i = 0; rule != NULL && i < rule->count; i++) {
		const struct image_node *wanted = node_operand(now, rule, i);

		if (wanted != NULL && one_holds(rule, wanted, s))
			return true;
	}
	return false;
}

bool match_holds(const struct section *now, const struct image_node *rules,
		 const struct subject *subject)
{
	for (unsigned i = 0; i < rules->count; i++) {
		if (!rule_holds(now, node_operand(now, rules, i), subject))
			return false;
	}
	return rules->count > 0;
}

const char *match_child(const struct section *now, const struct image_node *programs,
			const struct subject *subject)
{
	const char *called = subject->argc > 0 ? subject->argv[0] : NULL;

	for (unsigned i = 0; programs != NULL && i < programs->count; i++) {
		const char *wanted = node_text(node_operand(now, programs, i));

		if (words_program_is(subject->exe, subject->script, called, wanted, strlen(wanted)))
			return wanted;
	}
	return NULL;
}
