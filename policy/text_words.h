/*
 * The words of text_words.def as they stand in the value of a node.
 */
#ifndef BOOKEND_POLICY_TEXT_WORDS_H
#define BOOKEND_POLICY_TEXT_WORDS_H

enum text_word {
#define TEXT_WORD(kind, name, word, about) kind##_##name,
#include "policy/text_words.def"
#undef TEXT_WORD
	TEXT_WORDS
};

/* AS has one of these, or CONVERT_TIME + enum time_form. */
#define CONVERT_TIME 256

#endif
