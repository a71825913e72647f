/*
 * Becoming a helper: the process that delivers when nobody looks. Spawned by a launcher, by the
 * start of a command, or by a service that ends, so it inherits whatever those had.
 */
#ifndef BOOKEND_TOOLS_HELPER_H
#define BOOKEND_TOOLS_HELPER_H

/* Quiet, nice, deaf to SIGHUP, signals unblocked, on /dev/null, without stray descriptors, in "/".
 */
void helper_become(int keep);

/* Only the descriptors: 0 to 2 on /dev/null, all others closed. */
void helper_let_go(int keep);

/* Becomes the user (groups, gid, uid), for good. 0 or -errno; -ENOENT: there is none. Only root
 * can. */
int helper_drop_to(const char *user);

#endif
