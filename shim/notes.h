/*
 * The notes of the program that this process executes, as the kernel mapped it.
 */
#ifndef BOOKEND_SHIM_NOTES_H
#define BOOKEND_SHIM_NOTES_H

#include "policy/decide.h"

/* subject.notes. Constructor only. */
void notes_of_process(struct subject_notes *into);

#endif
