/*
 * The decision about one process, made inside its constructor (or by the launcher on its behalf):
 * is it one of the services named in BOOKEND_SERVICE, does the policy's consent allow it, is a
 * destination live. Reads only the small `now` parts of the image with raw system calls into the
 * caller's arena. No allocation, stack <= 4 KiB.
 */
#ifndef BOOKEND_POLICY_DECIDE_H
#define BOOKEND_POLICY_DECIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reasons.h"

/* Notes of an executable, where they lie in it; NULL: it has none. */
struct subject_notes {
	const uint8_t *build_id;
	uint32_t build_id_bytes;
	const char *package; /* JSON, not NUL-terminated */
	uint32_t package_bytes;
};

/* The process, as the decision sees it. All pointers are the caller's and outlive the decision. */
struct subject {
	const char *exe;    /* absolute path of the executable (of the interpreter, for a script) */
	const char *script; /* path of the script as executed, or NULL */
	int argc;
	const char *const *argv;
	const char *const *envp; /* NULL-terminated */
	uint32_t pid;
	uint32_t parent;
	uint32_t uid; /* effective */
	bool any;     /* tools: whatever it is, `match` is not asked */
	/*
	 * For a service without `match`: is this process the launcher's child, the one
	 * SYSTEMD_EXEC_PID names, or one none of whose parents is measured as this service? Asked
	 * only when needed.
	 */
	bool (*stands_alone)(const struct subject *subject);
	/*
	 * Does it run under a process of this service, which `child` triggers are about? Asked only
	 * when the policy names its program. Then the three behind it are set. NULL: no.
	 */
	bool (*runs_under)(const struct subject *subject, uint32_t service,
			   const uint8_t image[16]);
	uint64_t ancestor;		  /* that process's lifecycle */
	const uint8_t *ancestor_snapshot; /* what its start recorded */
	uint32_t ancestor_bytes;
	/* Asked only when the policy refers to them. NULL: nobody can tell. */
	void (*notes)(struct subject_notes *into);
	void *context; /* for these functions */
};

/* Memory for the private copy of what is read from the image. Bytes: at least DECIDE_ARENA. */
#define DECIDE_ARENA (64 * 1024)

/* Names in BOOKEND_SERVICE that are looked at; further ones are as if they were not there. */
#define DECIDE_SERVICES 1024

struct decision {
	enum reason reason;	/* REASON_MEASURED, or why not */
	uint32_t service;	/* number in the image */
	const char *name;	/* of the service; in the arena */
	uint8_t image[16];	/* hash */
	uint32_t payload_bytes; /* room to ask for: a cell's, or what a service's snapshot needs up
				   to a bound */
	uint32_t ring_bytes;	/* 0: no call events */
	uint32_t counter_bytes; /* 0: no measures, no gates */
	uint32_t calls_bytes;	/* of policy_read_calls(); 0: nothing is hooked */
	bool frames;		/* the policy asks where the process aborted */
	bool child; /* a `child` trigger of child_of names it, whatever the reason says */
	uint32_t child_of;
	bool children;	  /* not measured, but what it runs may be: there are `child` triggers */
	bool command;	  /* it never sends: see docs/policy.md */
	bool helper;	  /* an ending process leaves delivery to a helper */
	bool thread;	  /* one that runs has a sender thread */
	bool workers;	  /* its forks make events */
	uint32_t exit_ms; /* which an ending one waits for at most */
	bool stays;	  /* more than its start may have to be delivered while it runs */
	const char *tool; /* absolute path of the `bookend` that compiled the image: the helper; may
			     be "" */
	const void *internal; /* decide.c's view of the service, in the arena */
};

/*
 * policy: value of BOOKEND_POLICY or the default path; services: value of BOOKEND_SERVICE,
 * comma-separated. Always fills *into; returns into->reason. `detail` (may be NULL) gets one line
 * for BOOKEND_TRACE, e.g. which rule.
 */
struct text;
enum reason policy_decide(const char *policy, const char *services, const struct subject *subject,
			  void *arena, size_t arena_bytes, struct decision *into,
			  struct text *detail);

/*
 * The service's `calls` section, into->calls_bytes of it, 8-byte aligned: read from the file that
 * was decided by, and checked. 0, or -EBADMSG.
 */
struct image_calls;
int policy_read_calls(const struct decision *decision, uint32_t uid, struct image_calls *into);

/*
 * Everything that late evaluation will need of the process, as policy/snapshot_format.h: only what
 * the service's policy refers to. Returns the bytes used; *truncated tells that something was cut.
 */
uint32_t policy_snapshot(const struct decision *decision, const struct subject *subject,
			 uint8_t *into, uint32_t capacity, bool *truncated);

#endif
