/*
 * The identifiers that a state directory keeps, as drainers made them (docs/formats.md).
 */
#ifndef BOOKEND_TOOLS_IDS_H
#define BOOKEND_TOOLS_IDS_H

/* Calls each for every one: what it is of ("installation", "a key") and the id. */
void ids_each(const char *state, void (*each)(void *context, const char *of, const char *id),
	      void *context);
/* Removes them all: new ones are made when they are next asked for. How many, or -errno. */
int ids_forget(const char *state);

#endif
