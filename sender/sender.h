/*
 * The face of libbookend-sender.so: what a drainer can do. The command-line tool and the helper
 * load it with dlopen, so that nobody pays for libcurl who has nothing to send; the sender thread
 * of a service will load it into a namespace of its own. One thread; it may allocate; it never
 * prints and never exits.
 */
#ifndef BOOKEND_SENDER_SENDER_H
#define BOOKEND_SENDER_SENDER_H

#include <stdbool.h>
#include <stdint.h>

#define SENDER_ABI 1

struct sender_options {
	const char *state; /* state directory, from paths_state() */
	unsigned uid;	   /* whose pool */
	int timeout_ms; /* the whole flush; -1: until everything is delivered or given up for now */
	bool follow;	/* go on until *stop */
	uint32_t wait_for; /* pid whose death is awaited first (the helper of an ending service), 0:
			      none */
	int wait_file;	   /* its pidfd, which is closed then; 0: none */
	uint64_t only;	   /* this lifecycle, nothing of anybody else's; 0: all */
	bool workers;	   /* and that of its forked workers */
	/*
	 * Nothing is sent: each request that would be is handed out instead, as a line of the sent
	 * log (docs/formats.md), and counts as accepted. No probe asks the network. NULL: sends.
	 */
	void (*preview)(void *context, const char *json, uint32_t length);
	const volatile int *stop; /* set by the caller's signal handler; may be NULL */
	/* Progress and trouble, one line each without a newline; level as in syslog (3 error, 4
	 * warning, 6 information). */
	void (*say)(void *context, int level, const char *line);
	void *context;
};

struct sender_report {
	uint64_t recorded;     /* events moved from the pool into the spool */
	uint64_t sent;	       /* events put on the wire, repeats included */
	uint64_t acknowledged; /* events accepted, each once a destination */
	uint64_t retried;
	uint64_t poisoned; /* refused for good and kept aside */
	uint64_t dropped;  /* lost to the spool's bounds */
	uint64_t waiting;  /* events still in the spool */
	uint64_t living;   /* slots whose process lives */
};

/* Where events wait, for reports. */
struct sender_spool {
	char folder[1200];
	int why; /* 0: in the state directory; -errno: why it lies on tmpfs instead */
	uint32_t segments;
	uint64_t bytes;
	uint64_t waiting; /* events, but for those that a drainer at work holds */
};

struct sender_api {
	uint32_t abi; /* SENDER_ABI, checked by the caller */
	/* 0: all delivered; -EAGAIN: something waits for a later try (see the report); other
	 * -errno: trouble of our own. */
	int (*flush)(const struct sender_options *options, struct sender_report *report);
	/*
	 * Native events, oldest first, of everything in pool and spool, without claiming anything:
	 * `line` is one JSON object. follow: goes on with new ones until *stop. 0 or -errno.
	 */
	int (*tail)(const struct sender_options *options,
		    void (*line)(void *context, const char *json, uint32_t length));
	/* Looks and changes nothing. 0 or -errno. */
	int (*spool)(const struct sender_options *options, struct sender_spool *into);
};

/* The only export. */
__attribute__((visibility("default"))) const struct sender_api *bookend_sender(void);

#endif
