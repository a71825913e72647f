/*
 * Reading the command line, one word at a time.
 */
#include "policy/words.h"

#include <string.h>

#define COMMAND_WORDS	  8
#define INTERPRETER_WORDS 2 /* of an interpreter in front of its script: execve(2) */

struct cursor {
	int next;
	bool only_words; /* "--" was seen */
	bool option;	 /* this word is one */
	const char *word;
	size_t name;	   /* bytes of an option's name */
	const char *value; /* behind its "=", or NULL */
};

static bool named_in(struct eval *e, const struct image_node *list, const char *word, size_t length)
{
	for (unsigned i = 0; list != NULL && i < list->count; i++) {
		const struct image_node *one = node_operand(&e->section, list, i);

		if (one != NULL && one->op == NODE_TEXT && one->value == length &&
		    memcmp(node_text(one), word, length) == 0)
			return true;
	}
	return false;
}

/* The next option or word; values of options are passed over. False at the end. */
static bool advance(struct eval *e, struct cursor *c)
{
	const struct image_node *with_value =
		node_of(&e->section, e->words.value_options, NODE_LIST);

	if (c->option && c->value == NULL && named_in(e, with_value, c->word, c->name))
		c->next++;
	if (c->next < e->words.argc && !c->only_words &&
	    strcmp(e->words.argv[c->next], "--") == 0) {
		c->only_words = true;
		c->next++;
	}
	if (c->next >= e->words.argc)
		return false;
	c->word = e->words.argv[c->next++];
	c->option = !c->only_words && c->word[0] == '-' && c->word[1] != '\0';
	c->value = c->option ? strchr(c->word, '=') : NULL;
	c->name = c->value != NULL ? (size_t)(c->value - c->word) : strlen(c->word);
	if (c->value != NULL)
		c->value++;
	return true;
}

struct value words_flag(struct eval *e, const struct image_node *spellings)
{
	struct cursor c = { .next = e->words.first + 1 };
	struct value last = value_absent();
	bool truth;

	while (advance(e, &c)) {
		if (!c.option || !named_in(e, spellings, c.word, c.name))
			continue;
		if (c.value == NULL)
			last = value_bool(true);
		else if (value_read_bool(c.value, strlen(c.value), &truth) == 0)
			last = value_bool(truth);
		else
			last = value_unreadable();
	}
	return last;
}

struct value words_option(struct eval *e, const struct image_node *spellings)
{
	struct cursor c = { .next = e->words.first + 1 };
	struct value last = value_absent();

	while (advance(e, &c)) {
		if (!c.option || !named_in(e, spellings, c.word, c.name))
			continue;
		if (c.value != NULL)
			last = value_text(c.value);
		else if (c.next < e->words.argc)
			last = value_text(e->words.argv[c.next]);
	}
	return last;
}

struct value words_argument(struct eval *e, uint32_t place)
{
	struct cursor c = { .next = e->words.first + 1 };

	while (advance(e, &c)) {
		if (!c.option && --place == 0)
			return value_text(c.word);
	}
	return value_absent();
}

/* How many words the command has, when the given ones begin with it; else 0. */
static unsigned begins_with(const char *const *word, unsigned words, const char *command)
{
	for (unsigned i = 0; i < words; i++) {
		size_t length = strlen(word[i]);

		if (strncmp(command, word[i], length) != 0)
			return 0;
		if (command[length] == '\0')
			return i + 1;
		if (command[length] != ' ')
			return 0;
		command += length + 1;
	}
	return 0;
}

static const char *find_command(struct eval *e, const struct image_node *commands,
				const char *const *word, unsigned words)
{
	const char *best = NULL;
	unsigned longest = 0;

	for (unsigned i = 0; i < commands->count; i++) {
		const struct image_node *one = node_operand(&e->section, commands, i);
		unsigned length;

		if (one == NULL || one->op != NODE_TEXT)
			continue;
		length = begins_with(word, words, node_text(one));
		if (length > longest) {
			longest = length;
			best = node_text(one);
		}
	}
	return best;
}

static struct value command_path(struct eval *e, const char *program, const char *command)
{
	struct text t = arena_text(e->arena);
	char *kept;

	text_add(&t, program);
	text_add_char(&t, ' ');
	text_add(&t, command);
	kept = arena_keep(e->arena, &t);
	return kept != NULL ? value_of(VALUE_TEXT, kept, t.length) : value_unreadable();
}

/* The words of the command line, at most COMMAND_WORDS. */
static unsigned first_words(struct eval *e, const char *word[COMMAND_WORDS])
{
	struct cursor c = { .next = e->words.first + 1 };
	unsigned words = 0;

	while (words < COMMAND_WORDS && advance(e, &c)) {
		if (!c.option)
			word[words++] = c.word;
	}
	return words;
}

const char *words_known_command(struct eval *e)
{
	const struct image_node *commands = node_of(&e->section, e->words.commands, NODE_LIST);
	const char *word[COMMAND_WORDS];

	if (commands == NULL)
		return NULL;
	return find_command(e, commands, word, first_words(e, word));
}

struct value words_command(struct eval *e, bool path)
{
	const char *program = words_basename(e->words.program);
	const char *word[COMMAND_WORDS];
	const char *command;

	if (e->words.commands == 0 || first_words(e, word) == 0)
		return value_text(program);
	command = words_known_command(e);
	if (command == NULL)
		return value_text("other");
	if (!path)
		return value_text(word[0]);
	return program != NULL ? command_path(e, program, command) : value_absent();
}

int words_first(int argc, const char *const *argv, const char *script)
{
	for (int i = 1; script != NULL && i < argc && i <= INTERPRETER_WORDS; i++) {
		if (strcmp(argv[i], script) == 0)
			return i;
	}
	return 0;
}

struct value words_child_argument(struct eval *e, uint32_t place)
{
	struct eval_words own = e->words;
	struct value v;

	e->words = e->child;
	v = words_argument(e, place);
	e->words = own;
	return v;
}

static bool is_called(const char *path, const char *wanted, size_t length)
{
	const char *name = words_basename(path);

	return name != NULL && strlen(name) == length && memcmp(name, wanted, length) == 0;
}

bool words_program_is(const char *exe, const char *script, const char *called, const char *wanted,
		      size_t length)
{
	return is_called(exe, wanted, length) || is_called(script, wanted, length) ||
	       is_called(called, wanted, length);
}

bool words_child_is(struct eval *e, const char *wanted)
{
	struct eval_words own = e->words;
	size_t length = strcspn(wanted, " ");
	const char *word[COMMAND_WORDS];
	unsigned words;

	if (e->child.argc == 0 ||
	    !words_program_is(e->child.exe, e->child.program, e->child.argv[0], wanted, length))
		return false;
	if (wanted[length] == '\0')
		return true;
	e->words = e->child;
	words = first_words(e, word);
	e->words = own;
	return begins_with(word, words, wanted + length + 1) > 0;
}

const char *words_basename(const char *path)
{
	const char *slash = path != NULL ? strrchr(path, '/') : NULL;

	return slash != NULL ? slash + 1 : path;
}
