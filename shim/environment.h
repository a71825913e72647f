/*
 * The environment as the process got it, read from the constructor's argument: libc may not know it
 * yet, and the host will change it. Constructor only.
 */
#ifndef BOOKEND_SHIM_ENVIRONMENT_H
#define BOOKEND_SHIM_ENVIRONMENT_H

#include <stdbool.h>

#include "base/reasons.h"

/* The first value of a name, or NULL. */
const char *environment_value(char **envp, const char *name);

/* A paths_env_fn; context is envp. */
const char *environment_lookup(void *context, const char *name);

/* Whether it forbids any measurement: REASON_SECURE, REASON_DISABLED, REASON_DO_NOT_TRACK, or
 * REASON_MEASURED: it does not. */
enum reason environment_forbids(char **envp);

/* Did systemd start this very process (SYSTEMD_EXEC_PID, systemd.exec(5))? */
bool environment_from_systemd(char **envp, int pid);

#endif
