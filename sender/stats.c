/*
 * Counting into a shared file. It is allocated when it is made, so that a full disk refuses it then
 * and never kills later.
 */
#include "sender/stats.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/paths.h"

static int make_file(const char *path)
{
	struct stats_file fresh = { .magic = STATS_MAGIC, .destinations = STATS_DESTINATIONS };
	char temporary[PATHS_MAX + 64];
	int file;

	snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
	file = mkostemp(temporary, O_CLOEXEC);
	if (file < 0)
		return file;
	if (write(file, &fresh, sizeof(fresh)) == sizeof(fresh) && !link(temporary, path)) {
		unlink(temporary);
		return file;
	}
	close(file);
	unlink(temporary);
	return open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
}

void stats_open(struct stats *stats, const char *state)
{
	char path[PATHS_MAX + 16];
	struct stat st;
	void *at;
	int file;

	*stats = (struct stats){ 0 };
	snprintf(path, sizeof(path), "%s/stats", state);
	file = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (file < 0)
		file = make_file(path);
	if (file < 0)
		return;
	at = MAP_FAILED;
	if (!fstat(file, &st) && S_ISREG(st.st_mode) && st.st_size == sizeof(struct stats_file))
		at = mmap(NULL, sizeof(struct stats_file), PROT_READ | PROT_WRITE, MAP_SHARED, file,
			  0);
	close(file);
	if (at == MAP_FAILED)
		return;
	stats->file = at;
	if (memcmp(stats->file->magic, STATS_MAGIC, sizeof(stats->file->magic)) != 0)
		stats_close(stats);
}

void stats_close(struct stats *stats)
{
	if (stats->file)
		munmap(stats->file, sizeof(*stats->file));
	stats->file = NULL;
}

void stats_add(struct stats *stats, enum stats_count which, uint64_t by)
{
	stats->count[which] += by;
	if (stats->file && by)
		atomic_fetch_add_explicit(&stats->file->count[which], by, memory_order_relaxed);
}

static struct stats_destination *find(struct stats_file *file, const char *name)
{
	for (uint32_t i = 0; i < STATS_DESTINATIONS; i++) {
		struct stats_destination *d = &file->destination[i];
		uint32_t taken = 0;

		if (atomic_compare_exchange_strong(&d->taken, &taken, 1)) {
			snprintf(d->name, sizeof(d->name), "%s", name);
			atomic_store_explicit(&d->taken, 2, memory_order_release);
			return d;
		}
		if (taken == 2 && !strncmp(d->name, name, sizeof(d->name) - 1))
			return d;
	}
	return NULL;
}

static void set_error(struct stats_destination *d, const char *error)
{
	uint32_t sequence = atomic_load_explicit(&d->sequence, memory_order_relaxed);

	/* Odd: another drainer is writing, or died while it did. Two writers garble a text at
	 * worst. */
	atomic_store_explicit(&d->sequence, sequence | 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	snprintf(d->error, sizeof(d->error), "%s", error);
	atomic_store_explicit(&d->error_ns, clock_real_ns(), memory_order_relaxed);
	atomic_store_explicit(&d->sequence, (sequence | 1) + 1, memory_order_release);
}

uint32_t stats_outcome(struct stats *stats, const char *destination, const char *error)
{
	struct stats_destination *d = stats->file ? find(stats->file, destination) : NULL;

	if (!d)
		return error ? 1 : 0;
	if (error) {
		set_error(d, error);
		return atomic_fetch_add(&d->failures, 1) + 1;
	}
	atomic_store_explicit(&d->success_ns, clock_real_ns(), memory_order_relaxed);
	atomic_store_explicit(&d->failures, 0, memory_order_relaxed);
	return 0;
}
