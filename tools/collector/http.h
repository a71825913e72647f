/*
 * The HTTP side: one MHD thread reads requests, hands what they bring to the writer, and answers
 * when it is committed. A request that waits for the writer is suspended and costs no thread.
 */
#ifndef BOOKEND_COLLECTOR_HTTP_H
#define BOOKEND_COLLECTOR_HTTP_H

#include "tools/collector/admit.h"
#include "tools/collector/writer.h"

struct http;

struct http_options {
	int listen; /* a listening socket; http's from now on */
	struct admit_rules rules;
	struct store *store; /* for reading; http's alone while it runs */
	struct writer *writer;
};

/* The options' texts are used until http_stop(). 0 or -errno. */
int http_start(const struct http_options *options, struct http **into);
/* No new connections, no new requests; waits until every begun one is answered, or some seconds are
 * over. */
void http_drain(struct http *http);
/* After the writer has stopped. */
void http_stop(struct http *http);

#endif
