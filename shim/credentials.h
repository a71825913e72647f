/*
 * Changes of credentials, interposed in credentials.c: see there. For syscall(2), which may make
 * one too, and for those who take a lifecycle over.
 */
#ifndef BOOKEND_SHIM_CREDENTIALS_H
#define BOOKEND_SHIM_CREDENTIALS_H

#include "shim/self.h"

/* Does the system call of that number change any? */
bool credentials_change(long number);

/* Around one. The record, or NULL; changed: it succeeded. */
struct self *credentials_begin(void);
void credentials_end(struct self *self, bool changed);

/* The slots that are the caller's say so, if it has changed its credentials. */
void credentials_mark(struct self *self);

#endif
