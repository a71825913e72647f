/*
 * A destination of an image as a sender needs it, without a process.
 */
#ifndef BOOKEND_POLICY_LATE_DESTINATION_H
#define BOOKEND_POLICY_LATE_DESTINATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/time_text.h"

struct image; /* policy/image.h */

/* How a destination is talked to: constants of the image. Durations in ms. */
enum late_format {
#define FORMAT(name, text) FORMAT_##name,
#include "policy/formats.def"
#undef FORMAT
	FORMAT_COUNT
};

enum late_auth {
#define AUTH(name, text) AUTH_##name,
#include "policy/auths.def"
#undef AUTH
	AUTH_COUNT
};

struct late_destination {
	const char *name;
	enum late_format format;
	uint32_t batch;	     /* events a request; 1 chooses the single-event endpoint */
	uint32_t bytes;	     /* a request's body at most */
	uint32_t fill_ms;    /* longest wait for a full batch, by a sender that stays */
	uint32_t timeout_ms; /* one request */
	uint32_t give_up_ms; /* one event with all its tries in one flush */
	uint32_t wait_min_ms, wait_max_ms; /* between tries */
	uint32_t tries;			   /* 0: until give_up_ms */
	bool retry_status[600];		   /* by HTTP status */
	bool retry_network, retry_timeout;
	bool gzip;
	const char *ca_file; /* NULL: the system's */
	const char *proxy; /* NULL: none; taken from the policy only, never from the environment */
	enum late_auth auth;
	const char *auth_name; /* of the user, header, scheme, field or parameter; "" */
	const char *client_cert, *client_key; /* NULL: none */
	bool stop_status[600];		      /* answers after which a process is done with it */
	uint32_t stop_failures;		      /* likewise requests in a row, 0: however many */
	enum time_form time;
	bool has_body;	      /* late_body() makes the request's */
	const char *drop[16]; /* paths of an event's members */
	uint32_t drops;
	uint64_t spool_bytes; /* bounds for what waits, 0: the default */
	uint64_t spool_age_ns;
};

int late_destination(const struct image *image, uint32_t number, struct late_destination *into);

struct late_request {
	const char *events; /* a JSON list */
	size_t length;
	uint64_t now_ns; /* when it is sent */
};

/*
 * The destination's `body` around the events of a request. *into points into the
 * arena, which takes three times the events and 64 KiB. 0, -ENODATA when it has none, -ENOBUFS,
 * -EBADMSG.
 */
int late_body(const struct image *image, uint32_t number, struct late_request *request, void *arena,
	      size_t arena_bytes, const char **into);

#endif
