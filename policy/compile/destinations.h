/*
 * `destinations`: where events go and how. Like all of the compiler they say what is wrong and go
 * on.
 */
#ifndef BOOKEND_POLICY_COMPILE_DESTINATIONS_H
#define BOOKEND_POLICY_COMPILE_DESTINATIONS_H

#include "policy/compile/compiler.h"

struct policy_destination {
	const char *name;
	struct image_destination constants; /* references are filled in when it is written */
	struct expr *url, *key;
	struct expr *headers; /* OBJECT */
	struct expr *auth_name;
	struct expr *each, *body;
	struct expr *drop; /* LIST of TEXT */
	struct expr *consent;
	struct expr *ca_file, *client_cert, *client_key, *proxy;
};

/* destinations.c */
void destinations_of(struct compiler *c, const struct yaml *y);
/* LIST of INTEGER from their names. */
struct expr *destinations_named(struct compiler *c, const struct yaml *y);
/* Everything goes to options->to instead. */
void destinations_override(struct compiler *c);

/* delivery.c: send, retry, stop, spool. */
void delivery_defaults(struct image_destination *d);
void delivery_of(struct compiler *c, const struct yaml *y, struct image_destination *d);

/* payload.c: auth, headers, each, body, drop, time; url, key and send stand in d already. */
void payload_of(struct compiler *c, const struct yaml *y, struct policy_destination *d);

#endif
