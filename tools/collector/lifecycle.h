/*
 * Lifecycles, joined from events: a start and its stop (or a command's one event) of one service
 * and session. The rows come grouped and in order, as store_sessions() gives them.
 */
#ifndef BOOKEND_COLLECTOR_LIFECYCLE_H
#define BOOKEND_COLLECTOR_LIFECYCLE_H

#include "tools/collector/exit_facts.h"
#include "tools/collector/store.h"

struct lifecycle {
	char *service;	  /* NULL: not known */
	char *session;	  /* NULL: none */
	char *what;	  /* the command's path, else the executable, else the event's name */
	int what_rank;	  /* how good a name `what` is */
	int64_t started;  /* moment.h; worked out from the duration where no start was seen; -1: not
			     known */
	int64_t last;	  /* of its last event */
	double lasted_us; /* -1: not known */
	int64_t pid;	  /* -1: not known */
	bool start_seen, stop_seen;
	struct exit_facts end;
};

struct lifecycles {
	struct lifecycle *list;
	size_t count, capacity;
	char *group;	      /* service and session of the rows that come */
	bool open;	      /* the last of the list may get more */
	bool short_of_memory; /* some are missing */
};

/* A store_row_fn; context is the struct lifecycles, zeroed before the first call. */
void lifecycles_add(void *context, const struct store_row *row);
/* By start; keeps those whose last event is at or after since. */
void lifecycles_sort(struct lifecycles *lifecycles, int64_t since);
void lifecycles_free(struct lifecycles *lifecycles);

#endif
