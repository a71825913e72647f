/*
 * What is decided about a request before its body is read: may it come in, and what will its body
 * be? The MHD thread only.
 */
#ifndef BOOKEND_COLLECTOR_ADMIT_H
#define BOOKEND_COLLECTOR_ADMIT_H

#include "tools/collector/routes.h"

struct admission {
	const struct route *route;
	ingest_fn ingest; /* NULL: no body is wanted */
	bool gzip;
	bool at_once; /* a refusal that does not wait for the body */
};

struct admit_rules {
	const char *key; /* NULL: everybody may */
	bool loopback;	 /* we listen there only: pages are for names of this machine only */
};

/* True: come in. False: *answer says why not. */
bool admit(struct MHD_Connection *connection, const char *path, const char *method,
	   const struct admit_rules *rules, struct admission *into, struct answer *answer);

#endif
