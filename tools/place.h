/*
 * Where this process's state lies and which policy is meant, from options and environment: worked
 * out once, the same way by every subcommand.
 */
#ifndef BOOKEND_TOOLS_PLACE_H
#define BOOKEND_TOOLS_PLACE_H

#include <stdbool.h>

#include "base/paths.h"
#include "base/reasons.h"

/* The state directory of the effective user. Returns what paths_state() returns. */
int place_state(char into[PATHS_MAX]);
/* Says on stderr what is wrong with it and what to do; error is what place_state() returned. */
void place_explain(int error);
/* Is it the one that the environment does not choose? Then a child finds it without BOOKEND_STATE.
 */
bool place_state_is_fixed(void);

/* Makes the directory and its parents, 0700; 0 or -errno. An existing one is left as it is. */
int place_make(const char *directory);
/* Can files be made in it? 0, or -errno. */
int place_writable(const char *directory);

/*
 * $BOOKEND_POLICY where it is set and not empty, else /etc/bookend/policy.yaml where it exists,
 * else NULL: the built-in policy.
 */
const char *place_policy(void);

/* BOOKEND_DISABLE or DO_NOT_TRACK forbids everything, by the rule of the shim: set, and neither
 * empty, 0 nor false. */
enum reason place_forbids(void);
/* REASON_SWITCHED_OFF when `bookend off` says so of the service; state: the directory, "": there is
 * none. */
enum reason place_switched(const char *state, const char *service);

#endif
