/*
 * Lifecycles counted by service.
 */
#ifndef BOOKEND_COLLECTOR_SUMMARY_H
#define BOOKEND_COLLECTOR_SUMMARY_H

#include "tools/collector/lifecycle.h"

struct summary {
	const char *service; /* the lifecycles'; NULL: not known */
	unsigned lifecycles;
	unsigned failed;
	unsigned crashed;
	double median_us; /* of those whose duration is known, -1: of none; nearest rank */
	double p95_us;
};

/* One for each service, by name; malloc'ed, *count of them. NULL: none, or out of memory. */
struct summary *summary_make(const struct lifecycles *lifecycles, size_t *count);

#endif
