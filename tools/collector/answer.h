/*
 * What a request is answered with. The MHD thread only.
 */
#ifndef BOOKEND_COLLECTOR_ANSWER_H
#define BOOKEND_COLLECTOR_ANSWER_H

#include <microhttpd.h>
#include <stdbool.h>

#include "tools/collector/batch.h"

struct answer {
	unsigned status; /* 0: not known yet */
	const char *type;
	char *text; /* malloc'ed; the answer's */
	size_t length;
	const char *allow;    /* NULL, or the methods of a 405 */
	unsigned retry_after; /* seconds, 0: none */
};

/* {"error": ..., "where": ..., "line": ..., "column": ...}, as far as known */
void answer_complaint(struct answer *answer, unsigned status, const struct complaint *complaint);
void answer_error(struct answer *answer, unsigned status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* {"success": true, ...} */
void answer_stored(struct answer *answer, uint32_t events, uint32_t repeats);

/* Hands the answer over; its text is gone afterwards. close: the connection ends with it. */
enum MHD_Result answer_send(struct answer *answer, struct MHD_Connection *connection, bool close);
void answer_free(struct answer *answer);

#endif
