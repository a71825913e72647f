/*
 * How a process ended, read from what a stop event carries: the facts `how reason code signal
 * after_signal duration_ms`, each as NAME, exit_NAME, "exit.NAME" or inside an object `exit`, among
 * the properties or else the context. Any thread.
 */
#ifndef BOOKEND_COLLECTOR_EXIT_FACTS_H
#define BOOKEND_COLLECTOR_EXIT_FACTS_H

#include <jansson.h>
#include <stdbool.h>

enum ending {
	ENDING_OPEN, /* no stop was seen: it runs, or nobody knows */
	ENDING_CLEAN,
	ENDING_FAILED,
	ENDING_CRASHED,
	ENDING_VANISHED,
	ENDING_EXEC,	/* became another program */
	ENDING_UNKNOWN, /* a stop that says nothing */
};

const char *ending_name(enum ending ending);

#define EXIT_FACTS_TEXT	      64
#define EXIT_FACTS_LONGEST_MS 3e13 /* about a thousand years; more is not believed */

struct exit_facts {
	enum ending ending;
	int code;	    /* -1: not known */
	char signal[16];    /* SIGTERM, or "" */
	char after[16];	    /* the signal it had handled before it ended, or "" */
	double duration_ms; /* -1: not known */
};

/* False: nothing of it is there, and *into says ENDING_UNKNOWN. */
bool exit_facts_read(const json_t *properties, const json_t *context, struct exit_facts *into);

/* "exit 0", "failed (exit 3)", "killed by SIGKILL", "exit 0 after SIGTERM", "vanished", "running or
 * unknown" */
void exit_facts_text(const struct exit_facts *facts, char into[EXIT_FACTS_TEXT]);

#endif
