/*
 * libbookend-sender.so, loaded when there is something to send or to read, and never before: nobody
 * pays for libcurl who only starts a program.
 */
#ifndef BOOKEND_TOOLS_SENDER_LIBRARY_H
#define BOOKEND_TOOLS_SENDER_LIBRARY_H

#include "sender/sender.h"

/* The api, or NULL after a message. It stays loaded until the process ends. */
const struct sender_api *sender_library(void);

#endif
