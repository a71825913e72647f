/*
 * What `bookend` says to people, on stderr: `bookend run: what is wrong: what to do`. One thread. A
 * message that can not be written is lost; nothing fails because of it.
 */
#ifndef BOOKEND_TOOLS_MESSAGE_H
#define BOOKEND_TOOLS_MESSAGE_H

/* The subcommand that speaks from now on; NULL: `bookend` itself. The text is the caller's and must
 * last. */
void message_from(const char *command);
/* From now on nothing is said (helpers without a terminal). */
void message_mute(void);

void message(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Returns STATUS_USAGE; appends where the help is. */
int message_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* What getopt_long() refused: `option` is its result, '?' or ':'. Returns STATUS_USAGE. */
int message_option(int option, char *const *argv);
/* More words than the subcommand takes: argv[first] is the first of them. Returns STATUS_USAGE. */
int message_surplus(const char *word);

#endif
