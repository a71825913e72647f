/*
 * What a receiver's answer means for the batch and for its route. No I/O but the poison file; one
 * thread.
 */
#ifndef BOOKEND_SENDER_ANSWER_H
#define BOOKEND_SENDER_ANSWER_H

#include "sender/deliver.h"

/* Looks at the done request of a route and sets what comes next: acknowledged, tried again, halved,
 * kept aside, or off. */
void answer_take(struct deliver *deliver, struct route *route);
/* Keeps an event aside for good. */
void answer_refuse(void *deliver, struct route *route, const struct event *event, const char *why);
/* Nothing more on this route in this flush. */
void answer_off(struct deliver *deliver, struct route *route, const char *why);

#endif
