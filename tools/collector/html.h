/*
 * Strangers' text inside HTML. Any thread.
 */
#ifndef BOOKEND_COLLECTOR_HTML_H
#define BOOKEND_COLLECTOR_HTML_H

#include <stdio.h>

#define HTML_TEXT 300 /* characters that are shown at most */

/* As text of an element or a quoted attribute. NULL writes nothing. */
void html_text(FILE *out, const char *text);
/* As a value in the query of a URL in a quoted attribute, whole. */
void html_value(FILE *out, const char *text);

#endif
