/*
 * Loading a library with all that it needs. In a service it comes in steps (sender/step.h), one
 * library each, what is needed first: the loader's lock, which a host that exits, forks or calls
 * dlopen meanwhile has to wait for, is held for less than a millisecond at a time. The sender's
 * thread.
 */
#ifndef BOOKEND_SENDER_LIBRARY_H
#define BOOKEND_SENDER_LIBRARY_H

#include <stdbool.h>

/* 0, -ELIBACC: it can not be loaded; -EINTR: the host does not let us. */
int library_load(const char *name, void **into);

/* The modules that a look-up of a host's name would load by itself, and not in a step. */
void library_load_names(void);

/* In a service, once all is loaded: the pages of the libraries that only loading needed. */
void library_let_go_of_pages(void);

/* One that was wanted last could not be had, or used: by who wanted it. */
void library_note(bool missing);
bool library_is_missing(void);

#endif
