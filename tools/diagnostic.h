/*
 * The compiler's findings as people and editors read them, on stderr: file:line:column: text, then
 * the line itself with a caret. For compile_options.say.
 */
#ifndef BOOKEND_TOOLS_DIAGNOSTIC_H
#define BOOKEND_TOOLS_DIAGNOSTIC_H

#include "policy/compile/compile.h"

void diagnostic_print(void *context, const struct diagnostic *diagnostic);

#endif
