/*
 * Totals of all measures one behind the other, in the order of the image.
 */
#include "sender/baseline.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_BYTES (sizeof(((struct baselines *)0)->folder) + 64)

/* ticks-HASH, where the pool is pool-1-HASH. */
void baseline_init(struct baselines *b, unsigned uid, const char *state)
{
	char folder[PATHS_POOL_FOLDER_MAX], pool[64];
	const char *hash;

	b->folder[0] = '\0';
	paths_pool_name(state, pool);
	hash = strrchr(pool, '-');
	if (paths_pool_folder(uid, folder) == 0 && hash)
		snprintf(b->folder, sizeof(b->folder), "%s/ticks%s", folder, hash);
}

static void name_of(const struct baselines *b, uint64_t lifecycle, uint32_t tick, uint64_t word,
		    char into[NAME_BYTES])
{
	snprintf(into, NAME_BYTES, "%s/%016" PRIx64 "-%" PRIu32 "-%016" PRIx64, b->folder,
		 lifecycle, tick, word);
}

static size_t offset_of(const struct measures *m, uint32_t which)
{
	size_t words = 0;

	for (uint32_t i = 0; i < which; i++)
		words += measures_words(m->measure[i].kind);
	return words * sizeof(uint64_t);
}

int baseline_save(const struct baselines *b, uint64_t lifecycle, uint32_t tick, uint64_t word,
		  const struct measures *m)
{
	uint64_t total[MEASURES_WORDS_MAX];
	char name[NAME_BYTES];
	int error = 0;
	int file;

	if (mkdir(b->folder, 0700) && errno != EEXIST)
		return -errno;
	name_of(b, lifecycle, tick, word, name);
	file = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (file < 0)
		return -errno;
	for (uint32_t i = 0; i < m->count && !error; i++) {
		size_t bytes = measures_words(m->measure[i].kind) * sizeof(*total);

		measures_total(m, i, total);
		if (write(file, total, bytes) != (ssize_t)bytes)
			error = -EIO;
	}
	close(file);
	if (error)
		unlink(name);
	return error;
}

int baseline_carry(const struct baselines *b, uint64_t lifecycle, uint32_t tick, uint64_t from,
		   uint64_t to)
{
	char old[NAME_BYTES], next[NAME_BYTES];

	name_of(b, lifecycle, tick, from, old);
	name_of(b, lifecycle, tick, to, next);
	return link(old, next) == 0 || errno == ENOENT || errno == EEXIST ? 0 : -errno;
}

bool baseline_read(const struct baselines *b, uint64_t lifecycle, uint32_t tick, uint64_t word,
		   const struct measures *m, uint32_t which, uint64_t *total)
{
	size_t bytes = measures_words(m->measure[which].kind) * sizeof(*total);
	char name[NAME_BYTES];
	bool whole;
	int file;

	name_of(b, lifecycle, tick, word, name);
	file = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (file < 0)
		return false;
	whole = pread(file, total, bytes, (off_t)offset_of(m, which)) == (ssize_t)bytes;
	close(file);
	return whole;
}

void baseline_remove(const struct baselines *b, uint64_t lifecycle, uint32_t tick, uint64_t word)
{
	char name[NAME_BYTES];

	name_of(b, lifecycle, tick, word, name);
	unlink(name);
}
