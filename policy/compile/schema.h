/*
 * The JSON Schema (draft 7, which editors know) of a policy, made of the tables that the compiler
 * reads by: which keys may stand where, what is said about them, what kind of thing they take. It
 * is wider than the compiler: what a text must look like is not in it.
 */
#ifndef BOOKEND_POLICY_COMPILE_SCHEMA_H
#define BOOKEND_POLICY_COMPILE_SCHEMA_H

#include <stdio.h>

void schema_write(FILE *out);

#endif
