/*
 * The parts of `bookend run`, in the order in which they act: policy, preload, record, child. run.c
 * calls them. The rule of all of them: whatever goes wrong with the telemetry, the command runs as
 * if it had been started plainly.
 */
#ifndef BOOKEND_TOOLS_RUN_H
#define BOOKEND_TOOLS_RUN_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/slot.h"
#include "policy/decide.h"
#include "tools/program.h"

struct run_request {
	const char *policy;  /* --policy, or NULL */
	const char *service; /* --service, or NULL */
	char *to;	     /* as run_policy_to() gave it, or NULL */
	char **command;
};

/* Under which policy, and as which services. */
struct run_policy {
	char image[PATHS_MAX];
	char *services; /* comma-separated; malloc'd */
};

/* --to: file:PATH is meant from here, but written by drainers elsewhere. malloc'd; NULL when it is
 * no destination. */
char *run_policy_to(const char *to);

/* 0; -1 when there is none to run under, after a message that says why. */
int run_policy_find(const struct run_request *request, const char *state, struct run_policy *into);

/* Puts libbookend.so into LD_PRELOAD; false when that can not be done: the launcher's own records
 * remain. */
bool run_preload(const struct program *program);

/* The command as the policy's decision sees it, with the environment of this process. */
void run_record_subject(const struct program *program, pid_t pid, struct subject *into);

/* What the launcher itself writes about the command: its start, and how it ended. */
struct run_record {
	char state[PATHS_MAX];
	struct pool pool;
	struct slot_ref slot;
	bool open;    /* the pool */
	bool claimed; /* the slot */
};

/* pid: of the child that is about to become the program. Its environment is `environ`. */
void run_record_start(struct run_record *record, const struct run_policy *policy,
		      const struct program *program, pid_t pid);
/* The program could not be executed after all. */
void run_record_withdraw(struct run_record *record);
/* pid and status: as wait(2) gave them. A lifecycle that a descendant took over does not end with
 * the child; one that the child began by an exec does. */
void run_record_end(struct run_record *record, pid_t pid, int status);
/* Is there something in the pool for a drainer? */
bool run_record_pending(struct run_record *record);

/* The child, from fork to its end. All signals are blocked in the launcher from run_child_fork()
 * on. */
struct run_child {
	pid_t pid;
	int go;	       /* a byte lets it execute */
	int failed;    /* it writes why it could not */
	sigset_t mask; /* of the launcher, before */
};

int run_child_fork(struct run_child *child, const struct program *program, char **command);
/* 0 as soon as the program runs, or -errno of execve(2), after the child has gone. */
int run_child_go(struct run_child *child);
/* Passes signals and stops on until it has ended; calls `late` once when it still runs after a
 * second. Its wait status. */
int run_child_wait(const struct run_child *child, void (*late)(void *context), void *context);
/* Ends as the child did: raises its signal, or returns the exit status. */
int run_child_end_like(int status);

#endif
