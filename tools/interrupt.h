/*
 * SIGINT and SIGTERM as a flag, for commands that go on until they are told to stop.
 */
#ifndef BOOKEND_TOOLS_INTERRUPT_H
#define BOOKEND_TOOLS_INTERRUPT_H

/* From now on the two signals set the flag; a second one ends the process. */
const volatile int *interrupt_watch(void);

#endif
