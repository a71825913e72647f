/*
 * Transports: a request's bytes to where its URL points. One file and one const struct each, listed
 * in transport_all.def; they read no events and decide nothing about retries. Every wait is
 * bounded. One thread.
 */
#ifndef BOOKEND_SENDER_TRANSPORT_H
#define BOOKEND_SENDER_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/identity.h"
#include "policy/late.h"

enum transport_result {
	TRANSPORT_STATUS,  /* an answer: see status */
	TRANSPORT_NETWORK, /* no connection, broken off, no sensible answer */
	TRANSPORT_TIMEOUT,
	TRANSPORT_REFUSED, /* can not work as configured: wrong URL, certificate, file; trying again
			      is useless for now */
};

/* A part of the body that is one event; its id's text occurs in it. For transports that must not
 * repeat events. */
struct transport_part {
	size_t offset;
	size_t length;
	struct identity id;
};

struct transport_request {
	/* By the caller, unchanged until the request is done. */
	const char *url;
	const char *key; /* "": none */
	const struct late_destination *to;
	const char *content_type;
	int auth;	       /* late_destination.auth, never AUTH_DEFAULT */
	const char *auth_name; /* late_destination.auth_name or the format's */
	const char *headers;   /* "Name: value\n" each */
	char *body;
	size_t length;
	const struct transport_part *part;
	uint32_t parts;
	void *owner;
	/* By the transport: the route's own state, kept from request to request, NULL at first. */
	void *state;
	/* The answer. */
	enum transport_result result;
	int status;	      /* HTTP */
	uint32_t retry_after; /* seconds, 0: not said */
	char message[200];    /* of the answer's body, or what went wrong; one line, no secrets */
};

struct transport {
	const char *const *schemes; /* ends with NULL */
	/* Takes bodies of lines only (encoder.lines), of as many events as fit. */
	bool lines;
	size_t bytes; /* of a body at most, 0: no limit */
	/* Common state of all requests, NULL when there is none; -errno. */
	int (*open)(void **common);
	void (*close)(void *common);
	/* Begins a request. True: it is already done; false: transport.wait will tell. */
	bool (*submit)(void *common, struct transport_request *request);
	/* Waits at most that long for something to happen; a done request, or NULL. */
	struct transport_request *(*wait)(void *common, int timeout_ms);
	/* Gives up a request that is under way. */
	void (*cancel)(void *common, struct transport_request *request);
	/* Frees request->state. */
	void (*forget)(void *common, struct transport_request *request);
};

#define TRANSPORTS 3 /* in transport_all.def */

/* By the URL's scheme; NULL when no transport knows it. */
const struct transport *transport_find(const char *url);
/* All of them, from 0; each transport's place among them. */
const struct transport *transport_number(uint32_t number);
uint32_t transport_place(const struct transport *transport);

/* Copies at most capacity - 1 bytes as one line of printable ASCII and UTF-8. */
void transport_message(char *into, size_t capacity, const char *bytes, size_t length);

#endif
