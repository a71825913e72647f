/*
 * What the readers share. A reader returns 0 when it has read all there is, or an error that one of
 * these gave it.
 */
#ifndef BOOKEND_POLICY_READ_PRIVATE_H
#define BOOKEND_POLICY_READ_PRIVATE_H

#include "policy/read.h"

struct reader {
	char *at, *end; /* at[0] may be read: a NUL stands at the end */
	char *begin;
	read_consume_fn consume;
	void *context;
	unsigned depth;
	bool closes[READ_DEPTH + 1]; /* by level: an object, else a list */
};

/* 0 or -ECANCELED. */
int reader_give(struct reader *r, enum read_event event, const char *bytes, size_t length);
int reader_scalar(struct reader *r, enum value_type type, const char *bytes, size_t length);
/* Begin and end of a container; -EBADMSG when too deep. */
int reader_open(struct reader *r, bool object);
int reader_close(struct reader *r);
/* READ_ENTER, READ_DOTTED, READ_TABLE or READ_ELEMENT, which reader_close() ends, and READ_ROOT. */
int reader_enter(struct reader *r, enum read_event event, const char *bytes, size_t length);
int reader_root(struct reader *r);
bool reader_in_object(const struct reader *r); /* the innermost container */

/* A NUL at the end, which no reader passes over. */
bool reader_at_end(const struct reader *r);
/* Passes over the characters of the set. */
void reader_skip(struct reader *r, const char *set);
/* To the newline or the end. */
void reader_skip_line(struct reader *r);
/* Passes over the text when it stands here. */
bool reader_take(struct reader *r, const char *text);

/* The character as UTF-8 at into, behind which it returns; NULL: there is no such character. */
char *reader_put_character(char *into, uint32_t character);
/* `digits` hexadecimal digits; false: there are fewer. */
bool reader_hex(const char *at, unsigned digits, uint32_t *into);
/* An escape of JSON at *from (behind its backslash) as bytes at *to, which are never more. False:
 * it is none. */
bool reader_json_escape(const char **from, char **to);

bool reader_is_digit(char c);
bool reader_is_letter(char c);
/* Letters, digits, - and _. */
bool reader_is_bare(char c);

/*
 * As a number when it is one of JSON's, also with a + before it, in hexadecimal (0x), octal (0o)
 * or binary (0b) up to 64 bits; else -EBADMSG and nothing is given.
 */
int reader_number(struct reader *r, char *bytes, size_t length);

/* The length without spaces and tabs at the end. */
size_t reader_trimmed(const char *bytes, size_t length);

#define READER(name, word, extension, about) int read_##name(struct reader *r);
#include "policy/read_formats.def"
#undef READER

#endif
