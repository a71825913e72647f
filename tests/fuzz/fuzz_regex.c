/*
 * Patterns, texts and programs, whatever they are. An input is a pattern, a line feed and a text:
 * the pattern is refused, or what it finds lies in the text; where POSIX means the same, regexec()
 * finds something too or nothing either. Beginning with a NUL it is a program, of a length in the
 * next two bytes, and a text: refused, or followed without harm and within its budget.
 */
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "policy/compile/regex.h"
#include "policy/regex.h"

#define BUDGET 1000000

static void count(void *context, const struct diagnostic *diagnostic)
{
	(void)diagnostic;
	++*(unsigned *)context;
}

static void check_match(const struct regex_match *match, uint32_t length)
{
	if (match->from > match->to || match->to > length)
		abort();
	if (match->group_to != REGEX_NONE &&
	    (match->group_from > match->group_to || match->group_to > length))
		abort();
}

static int follow(const void *program, size_t bytes, const char *text, uint32_t length)
{
	static _Alignas(8) uint8_t memory[REGEX_MEMORY_MAX];
	struct regex_match match;
	uint32_t budget = BUDGET;
	struct regex r;
	int found, any;

	if (regex_open(&r, program, bytes) != 0)
		return -1;
	if (regex_memory(&r) > sizeof(memory))
		abort();
	found = regex_find(&r, text, length, 0, memory, &budget, &match);
	if (found > 0)
		check_match(&match, length);
	budget = BUDGET;
	any = regex_find(&r, text, length, 0, memory, &budget, NULL);
	if (found >= 0 && any != found)
		abort();
	return found;
}

/* Does POSIX mean the same by it? */
static int is_common(const char *pattern, const char *text)
{
	if (pattern[strspn(pattern, "abc.|()*+?^$")] != '\0' ||
	    text[strspn(text, "abcd .-")] != '\0' || strlen(pattern) > 24 || strlen(text) > 40)
		return 0;
	for (const char *p = pattern; *p != '\0'; p++) {
		/* Lazy, a group's flags, an empty choice, an assertion that repeats. */
		if (p[1] == '?' && strchr("*+?(", *p) != NULL)
			return 0;
		if (strchr("(|", *p) != NULL && (p[1] == '\0' || strchr("|)*+?", p[1]) != NULL))
			return 0;
		if (strchr("^$", *p) != NULL)
			return 0;
	}
	return pattern[0] != '|';
}

static void compare(const char *pattern, const char *text, int found)
{
	regex_t posix;

	if (!is_common(pattern, text) || regcomp(&posix, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return;
	if (found >= 0 && (regexec(&posix, text, 0, NULL, 0) == 0) != found)
		abort();
	regfree(&posix);
}

static void run_pattern(char *input, size_t size)
{
	char *text = memchr(input, '\n', size);
	struct compiler *c = calloc(1, sizeof(*c));
	const struct yaml y = { .kind = YAML_SCALAR, .text = input, .at = { 1, 1 } };
	unsigned said = 0;
	struct expr *e;

	if (text == NULL)
		text = input + size;
	else
		*text++ = '\0';
	c->d.say = count;
	c->d.context = &said;
	if (setjmp(c->heap.full) != 0)
		abort();
	e = regex_of(c, &y);
	if (c->d.count == 0) {
		int found = follow(e->text, e->value, text, (uint32_t)(input + size - text));

		if (memchr(text, '\0', (size_t)(input + size - text)) == NULL)
			compare(input, text, found);
	}
	diagnose_say(&c->d);
	heap_fini(&c->heap);
	free(c);
}

static void run_program(const uint8_t *data, size_t size)
{
	size_t bytes = size > 2 ? (size_t)(data[0] | data[1] << 8) : 0;
	uint8_t *program;

	if (bytes == 0 || bytes > size - 2)
		return;
	program = malloc(bytes);
	memcpy(program, data + 2, bytes);
	follow(program, bytes, (const char *)data + 2 + bytes, (uint32_t)(size - 2 - bytes));
	free(program);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *input;

	if (size > 0 && data[0] == 0) {
		run_program(data + 1, size - 1);
		return 0;
	}
	input = malloc(size + 1);
	memcpy(input, data, size);
	input[size] = '\0';
	run_pattern(input, size);
	free(input);
	return 0;
}
