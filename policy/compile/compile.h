/*
 * The compiler: a policy in YAML to an image. Outside world only: it allocates, uses libyaml and
 * reads the file, but never prints and never exits. Not thread-safe.
 */
#ifndef BOOKEND_POLICY_COMPILE_COMPILE_H
#define BOOKEND_POLICY_COMPILE_COMPILE_H

#include <stddef.h>
#include <stdint.h>

/* One finding. The text ends without a newline and holds what is wrong and what to write instead.
 */
struct diagnostic {
	const char *file;
	unsigned line; /* from 1; 0: the file as a whole */
	unsigned column;
	const char *text;
	const char *source; /* the offending line, or a part of it; NULL when there is none */
	unsigned caret;	    /* the column in it */
};
typedef void (*diagnostic_fn)(void *context, const struct diagnostic *diagnostic);

struct compile_options {
	const char *tool; /* absolute path of the running `bookend`, or NULL */
	/*
	 * Replaces every destination: file:/ABSOLUTE/PATH appends NDJSON, an http or https URL gets
	 * JSON arrays by POST. NULL: the policy's own.
	 */
	const char *to;
	diagnostic_fn say;
	void *context;
};

struct compiled {
	uint8_t *bytes; /* malloc'd, the caller frees */
	size_t length;
	unsigned services, events, destinations;
};

/*
 * 0, or -EINVAL after at least one finding was said; -ENOENT and the like, likewise said, when the
 * file can not be read. *into is written on success only.
 */
int compile_file(const char *path, const struct compile_options *options, struct compiled *into);

/* The same from memory; name stands in the findings. */
int compile_text(const char *name, const char *yaml, size_t length,
		 const struct compile_options *options, struct compiled *into);

/*
 * The policy of `bookend run` without one: a service named after the program, without match, its
 * start and its stop, by consent always, to options->to or to events.ndjson in the state directory.
 * The service's name, to be put into BOOKEND_SERVICE, is written to service.
 */
int compile_builtin(const char *program, const char *state, const struct compile_options *options,
		    struct compiled *into, char service[64]);

/* Is `to` something that options->to accepts? 0 or -EINVAL. */
int compile_check_to(const char *to);

#endif
