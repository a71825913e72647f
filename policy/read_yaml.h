/*
 * What the parts of the YAML reader share. The subset is that on which YAML 1.1 and 1.2 agree, or
 * where they do not, texts: block and flow collections, plain, quoted and block scalars, one
 * document. Refused as malformed: anchors, aliases, tags, merge keys, directives, `? ` keys, pairs
 * within [ ], plain scalars over several lines within { } and [ ], tabs for indentation.
 */
#ifndef BOOKEND_POLICY_READ_YAML_H
#define BOOKEND_POLICY_READ_YAML_H

#include "policy/read_private.h"

struct yaml_reader {
	struct reader *r;
	const char *line; /* where this line begins */
	bool fresh;	  /* nothing but space stands before r->at on it */
	bool pending;	  /* the innermost container (or the document) waits for a value */
	bool begun;	  /* `---` was there */
	int32_t indent[READ_DEPTH + 1]; /* of block containers, by level; of the document -1 */
};

bool yaml_is_blank(char c); /* space or tab */
bool yaml_ends(char c);	    /* space, tab, newline, end */
/* --- or ... alone at the beginning of a line. */
bool yaml_is_marker(const char *line, char c);
/* May a plain scalar begin here? */
bool yaml_is_plain_start(const char *at, bool flow);

/* By its looks: null, true, a number, text. */
int yaml_give_plain(struct reader *r, char *bytes, size_t length);
/* The scalar that begins here, below something indented by `parent`. */
int yaml_scalar(struct yaml_reader *y, int parent);
/* A quoted scalar into bytes, in its own place. */
int yaml_quoted(struct yaml_reader *y, const char **bytes, size_t *length);
/* { } or [ ] and all within. */
int yaml_flow(struct yaml_reader *y);

#endif
