/*
 * The probes of a drainer: late_process.probe. What one said counts for the moment that is
 * evaluated, or longer where the policy says so: for the run of the process, in memory; until the
 * executable changes or for a time, in STATE/probes, 0600, bounded. One thread.
 */
#ifndef BOOKEND_SENDER_PROBES_H
#define BOOKEND_SENDER_PROBES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pool_format.h"
#include "policy/late_probe.h"
#include "sender/sender.h"

#define PROBES_MOMENT_MS 60000 /* all probes of one moment; what comes later is absent */

struct probes_entry;

struct probes {
	const struct sender_options *options;
	uint64_t deadline_ns; /* boot time: what runs then is broken off */
	/* Called now and then while one runs; may be NULL. */
	void (*tick)(void *context);
	void *context;
	/* The moment at hand. */
	uint32_t uid; /* of its process */
	uint64_t pid_namespace;
	uint64_t lifecycle; /* for PROBE_PROCESS */
	uint64_t until_ns;
	bool cancelled;		    /* one was broken off: what was evaluated does not count */
	struct probes_entry *first; /* newest first */
	size_t bytes;		    /* of all entries */
};

void probes_open(struct probes *probes, const struct sender_options *options);
void probes_close(struct probes *probes);

/*
 * A moment of this process is evaluated from here on. Commands run for a process of this user and
 * of this pid namespace only, and for no record whose writer had changed its credentials.
 */
void probes_begin(struct probes *probes, const struct start_block *start, uint64_t lifecycle);

/* late_process.probe */
int probes_ask(void *probes, const struct late_probe *probe, char *into, size_t capacity);

#endif
