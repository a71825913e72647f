/*
 * An HTTP receiver inside the bench: answers every POST with 200 and counts the events in it. One
 * thread a connection, as many as come.
 */
#ifndef BOOKEND_BENCH_RECEIVER_H
#define BOOKEND_BENCH_RECEIVER_H

#include <stdint.h>

struct receiver;

/* On a free port of loopback; NULL: it can not be had. */
struct receiver *receiver_open(unsigned *port);
void receiver_close(struct receiver *receiver);

/* Members called "event" in all bodies since the last call. */
uint64_t receiver_take(struct receiver *receiver);

#endif
