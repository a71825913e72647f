/*
 * The parts of `bookend doctor`: who the patient is, what the policy says of it, and who delivers
 * what it records. They only look.
 */
#ifndef BOOKEND_TOOLS_DOCTOR_H
#define BOOKEND_TOOLS_DOCTOR_H

#include <stdbool.h>

#include "base/paths.h"
#include "base/reasons.h"
#include "base/sender_thread.h"
#include "policy/decide.h"
#include "tools/listing.h"
#include "tools/program.h"

/* A process that runs, or a command that would. */
struct patient {
	uint32_t pid; /* 0: a command */
	unsigned uid;
	char exe[PATHS_MAX];
	struct program program; /* of a command */
	/* Of a process: what /proc says, malloc'd, and the texts in it. */
	char *words, *variables;
	const char **argv, **envp;
	int argc;
	bool carries; /* the shim is loaded, or will be */
	char state[PATHS_MAX];
};

/* From /proc; 0, or -errno: -ENOENT when there is no such process. */
int patient_of_process(uint32_t pid, struct patient *into);
/* 0; -ENOENT: not found; other -errno: not executable. */
int patient_of_command(char **command, struct patient *into);
void patient_free(struct patient *patient);

/* What its policy says of it, as its constructor would hear it. name: the service's, in a static
 * memory. */
enum reason patient_decide(const struct patient *patient, struct decision *into);

/* Who delivers for a process that has a slot: false: it has none. */
bool patient_slot(const struct patient *patient, char service[LISTING_CELL], uint32_t *way);
/* Runs the command and says what became of each symbol that its policy hooks. The exit status. */
int doctor_hooks(const struct program *program, char **command, bool json);
/* Who would deliver for a command. */
enum sender_way patient_way(const struct patient *patient, const struct decision *decision);

#endif
