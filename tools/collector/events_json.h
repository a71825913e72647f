/*
 * GET /v1/events: {"total": N, "complete": true, "events": [native events, the newest first]}. Each
 * event also carries `received` and `source`. complete is false when the answer was cut at its
 * bound of bytes.
 */
#ifndef BOOKEND_COLLECTOR_EVENTS_JSON_H
#define BOOKEND_COLLECTOR_EVENTS_JSON_H

#include <stdio.h>

#include "tools/collector/store.h"

#define EVENTS_JSON_LIMIT 100000
#define EVENTS_JSON_BYTES (64 << 20)

int events_json_write(struct store *store, const char *service, unsigned limit, FILE *out);

#endif
