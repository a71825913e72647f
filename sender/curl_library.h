/*
 * libcurl, loaded when the first route or document needs it: with the thirty libraries behind it
 * it is three quarters of what a drainer costs that has nothing to send there. Never unloaded or
 * cleaned up: this may be a thread of somebody else's process. One thread.
 */
#ifndef BOOKEND_SENDER_CURL_LIBRARY_H
#define BOOKEND_SENDER_CURL_LIBRARY_H

#include <curl/curl.h>
#include <sys/socket.h>

struct curl_library {
#define CALL(name) __typeof__(curl_##name) *name;
#include "sender/curl_calls.def"
#undef CALL
};

/* 0; -ELIBACC: it can not be loaded; -ELIBBAD: it lacks something; -ENOMEM; -EINTR: the host does
 * not let us. */
int curl_library_load(const struct curl_library **into);

/* For CURLOPT_OPENSOCKETFUNCTION: a program that the process starts meanwhile must not inherit it.
 */
curl_socket_t curl_library_socket(void *context, curlsocktype purpose,
				  struct curl_sockaddr *address);

#endif
