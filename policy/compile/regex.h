/*
 * Patterns: from their text (regex_parse.c) over a tree to a program (regex_emit.c) that
 * policy/regex.h follows. What is known: literals, . [a-z] \d \w \s \D \W \S \b \B ^ $, groups
 * ( ) (?: ) (?i: ), (?i), |, * + ? {m,n} and their lazy forms. ASCII only is folded by (?i) and
 * meant by \d \w \s. A pattern has at most REGEX_STEPS_MAX steps, so that matching stays cheap.
 */
#ifndef BOOKEND_POLICY_COMPILE_REGEX_H
#define BOOKEND_POLICY_COMPILE_REGEX_H

#include "policy/compile/compiler.h"
#include "policy/regex_format.h"

#define REGEX_DEPTH_MAX	 50
#define REGEX_REPEAT_MAX 1000
#define REGEX_TEXT_MAX	 4000

/* REGEX of the scalar's text; after a finding one that matches anything. */
struct expr *regex_of(struct compiler *c, const struct yaml *y);

/* The tree, for the two halves. */
enum regex_kind {
	REGEX_TREE_CHARS,  /* one character of a set */
	REGEX_TREE_ASSERT, /* op: BEGIN, END, WORD, INSIDE */
	REGEX_TREE_GROUP,  /* of one; the first group when `first` */
	REGEX_TREE_SEQUENCE,
	REGEX_TREE_CHOICE,
	REGEX_TREE_REPEAT, /* of one */
};

struct regex_set {
	struct regex_range *range;
	unsigned ranges;
};

struct regex_tree {
	enum regex_kind kind;
	struct regex_set set;
	enum regex_op op;
	bool first;
	bool lazy;
	unsigned least, most; /* REGEX_ENDLESS */
	struct regex_tree **item;
	unsigned items;
};
#define REGEX_ENDLESS UINT32_MAX

/* NULL after a finding. */
struct regex_tree *regex_parse(struct compiler *c, const struct yaml *y);
struct expr *regex_emit(struct compiler *c, const struct yaml *y, const struct regex_tree *tree);

/* regex_set.c: sets of characters. */
void regex_set_add(struct heap *h, struct regex_set *set, uint32_t first, uint32_t last);
/* d w s and their contraries in capitals. False: no such class. */
bool regex_set_class(struct heap *h, struct regex_set *set, char letter);
/* With the other case of every ASCII letter in it. */
void regex_set_fold(struct heap *h, struct regex_set *set);
/* Everything else; sorted. */
void regex_set_invert(struct heap *h, struct regex_set *set);
/* Sorted, without overlaps. */
void regex_set_tidy(struct regex_set *set);

#endif
