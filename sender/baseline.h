/*
 * What a process's measures were when an event was last made: a file beside the hot pool for each
 * tick of an event that refers to measures, named by the slot's tick word, so that the word alone
 * says which file counts. It lives as long as the pool does, on the same tmpfs. One thread; any
 * number of drainers, since no two make the same word.
 */
#ifndef BOOKEND_SENDER_BASELINE_H
#define BOOKEND_SENDER_BASELINE_H

#include <stdbool.h>

#include "base/paths.h"
#include "policy/measures.h"

struct baselines {
	char folder[PATHS_POOL_FOLDER_MAX + 64]; /* "": there is none */
};

void baseline_init(struct baselines *b, unsigned uid, const char *state);

/* The totals of all measures as they are now. 0 or -errno. */
int baseline_save(const struct baselines *b, uint64_t lifecycle, uint32_t tick, uint64_t word,
		  const struct measures *measures);
/* The same totals under the next word, when nothing was made. */
int baseline_carry(const struct baselines *b, uint64_t lifecycle, uint32_t tick, uint64_t from,
		   uint64_t to);
/* The total of one measure as it was saved under the word; false: it was not. */
bool baseline_read(const struct baselines *b, uint64_t lifecycle, uint32_t tick, uint64_t word,
		   const struct measures *measures, uint32_t which, uint64_t *total);
void baseline_remove(const struct baselines *b, uint64_t lifecycle, uint32_t tick, uint64_t word);

#endif
