/*
 * The name of a service that a record gives by number.
 */
#ifndef BOOKEND_TOOLS_SERVICE_NAME_H
#define BOOKEND_TOOLS_SERVICE_NAME_H

#include "base/pool_format.h"
#include "tools/listing.h"

/* From the image it was recorded under, kept in that state directory; "" when that is not there. */
void service_name(const char *state, const struct start_block *start, char into[LISTING_CELL]);

#endif
