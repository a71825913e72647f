/*
 * Lifecycles written out, for people and for programs. 0 or -ENOMEM.
 */
#ifndef BOOKEND_COLLECTOR_REPORT_OUTPUT_H
#define BOOKEND_COLLECTOR_REPORT_OUTPUT_H

#include <stdio.h>

#include "tools/collector/lifecycle.h"

#define REPORT_WIDTH 100

/* One table of lifecycles, one by service. */
int report_tables(const struct lifecycles *lifecycles, FILE *out);
/* {"lifecycles": [...], "services": [...]}; what is not known is left out. */
int report_json(const struct lifecycles *lifecycles, FILE *out);

#endif
