/*
 * The scalars of TOML 1.0, for its reader only. A date or time is given as text, as it stands; so
 * are inf and nan, for which JSON has no number.
 */
#ifndef BOOKEND_POLICY_READ_TOML_H
#define BOOKEND_POLICY_READ_TOML_H

#include "policy/read_private.h"

/* Gives the scalar that begins here. */
int toml_scalar(struct reader *r);
/* A string on one line, basic or literal: unescaped, in its own place. */
int toml_string(struct reader *r, const char **bytes, size_t *length);
/* A tab is none. */
bool toml_is_control(char c);

#endif
