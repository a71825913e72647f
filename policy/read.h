/*
 * Reading what foreign programs keep in files: JSON, TOML, YAML and the like. Bytes go in, events
 * come out, in one pass, without allocation or recursion: two consumers make of them the value of
 * one key (policy/find.h, inside) or a tree (policy/tree.h, drainers). What a reader can not read
 * for sure is malformed, never guessed. Bounded: READ_BYTES_MAX of input, READ_DEPTH levels, time
 * linear in the input, less than 1 KiB of stack. Any thread, any world.
 *
 * The same for all formats: a byte order mark is passed over, CR LF is LF, input must be UTF-8
 * (RFC 3629) without NUL bytes, input that ends too early is malformed.
 */
#ifndef BOOKEND_POLICY_READ_H
#define BOOKEND_POLICY_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/value.h"

#define READ_BYTES_MAX (1u << 20)
#define READ_DEPTH     64 /* containers within containers */

enum read_format {
#define READER(name, word, extension, about) READ_##name,
#include "policy/read_formats.def"
#undef READER
	READ_FORMATS
};

enum read_event {
	/* A document is one value: a scalar, or a container from its begin to its READ_END. */
	READ_SCALAR, /* type and bytes; VALUE_UNREADABLE: there, but no constant (a reference) */
	READ_OBJECT,
	READ_LIST,
	READ_END,
	/* Within an object: the member that the value behind it is. */
	READ_KEY,   /* it may not be there yet */
	READ_AGAIN, /* it replaces one that is there */
	/*
	 * Tables that are written piece by piece. Each names a member of the object and goes into
	 * it, up to its READ_END; one that is a list of tables is its last element.
	 */
	READ_ENTER,   /* made when it is not there: the front of a header, an INI section */
	READ_DOTTED,  /* likewise: the front of a dotted key */
	READ_TABLE,   /* the end of a header: has not been defined yet */
	READ_ELEMENT, /* one more table of a list of tables */
	READ_ROOT,    /* back into the outermost object, without bytes */
};

struct read_item {
	enum read_event event;
	enum value_type type;
	const char *bytes; /* holds until the consumer returns; not NUL-terminated */
	size_t length;
};

/* False: enough, or the document contradicts itself. */
typedef bool (*read_consume_fn)(void *context, const struct read_item *item);

/*
 * The bytes are the caller's and are destroyed. 0; -EBADMSG: malformed, too long or too deep;
 * -ECANCELED: the consumer returned false. Events may come before it turns out that the rest is
 * malformed.
 */
int read_events(enum read_format format, char *bytes, size_t length, read_consume_fn consume,
		void *context);

/* By the end of a file's name; READ_FORMATS: unknown. `word`: by what `as:` says. */
enum read_format read_format_of_path(const char *path, size_t length);
enum read_format read_format_of_word(const char *word);

/*
 * What a member of an object has been through, for consumers that notice contradictions. Returns
 * false when the event contradicts it.
 */
enum read_state {
	READ_NOTHING,
	READ_ENTERED,
	READ_BY_DOTS,
	READ_DEFINED,
	READ_CLOSED, /* a value of its own */
	READ_TABLES,
};
bool read_state_follow(uint8_t *state, enum read_event event);

#endif
