/*
 * A document of the policy, by HTTP: no redirect, no proxy, nothing from the environment, the
 * system's certificates. One thread.
 */
#ifndef BOOKEND_SENDER_HTTP_GET_H
#define BOOKEND_SENDER_HTTP_GET_H

#include <stdbool.h>

#include "policy/late_probe.h"

/*
 * Bytes of the body of a 2xx answer, at most `capacity`. -EIO: no
 * such answer; -ETIME; -EFBIG; -EINTR: go_on() said no, which it is asked ten times a second; or
 * what curl_library_load() says.
 */
int http_get(const struct late_probe *probe, bool (*go_on)(void *context), void *context,
	     char *into, size_t capacity);

#endif
