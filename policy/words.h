/*
 * The words of a command line as the policy sees them: flags, options, places and the command.
 * Options end at "--"; an option that takes a value (value_options, and every option the service
 * asks for) swallows the next word unless it has a "=". Any world.
 */
#ifndef BOOKEND_POLICY_WORDS_H
#define BOOKEND_POLICY_WORDS_H

#include "policy/eval.h"

/* True when given, what --x=VALUE says (unreadable when that is no truth value), else absent. The
 * last one counts. */
struct value words_flag(struct eval *e, const struct image_node *spellings);

/* The text after `--x VALUE` or `--x=VALUE`; empty is absent. The last one counts. */
struct value words_option(struct eval *e, const struct image_node *spellings);

/* The place'th word that is no option nor an option's value; 1 is the first behind the program. */
struct value words_argument(struct eval *e, uint32_t place);

/* The same of the child's command line. */
struct value words_child_argument(struct eval *e, uint32_t place);

/*
 * The longest command of the list that the words begin with: "git status" as a path, "status" as a
 * name. The program's name when there are no words or no list; "other" for everything else.
 */
struct value words_command(struct eval *e, bool path);

/* The command itself, as the list has it: "remote add"; NULL when there is none. */
const char *words_known_command(struct eval *e);

/*
 * Is the child this program with these first words, "terraform apply"? Its program goes by its own
 * name, its script's, or what it was called as.
 */
bool words_child_is(struct eval *e, const char *wanted);
bool words_program_is(const char *exe, const char *script, const char *called, const char *wanted,
		      size_t length);

/* For eval_words.first; script: as executed, or NULL. */
int words_first(int argc, const char *const *argv, const char *script);

/* Behind the last slash. */
const char *words_basename(const char *path);

#endif
