/*
 * Segments by name and by owner. A segment's file name says whose claims it may hold; an adopter
 * settles these first and renames the file last, so that whoever dies in between leaves the truth
 * in the name.
 */
#include "sender/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "sender/open.h"
#include "sender/say.h"

static void pool_text(const uint8_t id[16], char into[9])
{
	snprintf(into, 9, "%02x%02x%02x%02x", id[0], id[1], id[2], id[3]);
}

static void next_name(struct spool *spool, char *into, size_t bytes)
{
	char pool[9];

	pool_text(spool->pool_id, pool);
	snprintf(into, bytes, "%s-%u-%u.spool", pool, spool->drainer, spool->next++);
}

/* POOL-DRAINER-NUMBER.spool? */
static bool parse_name(const char *name, char pool[9], uint32_t *drainer)
{
	unsigned number, whose;
	int end = 0;

	if (sscanf(name, "%8[0-9a-f]-%u-%u.spool%n", pool, &whose, &number, &end) != 3 || !end ||
	    name[end])
		return false;
	*drainer = whose;
	return strlen(pool) == 8;
}

static int open_folder(const char *path)
{
	struct stat st;
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (folder < 0)
		return -errno;
	if (fstat(folder, &st) || st.st_uid != geteuid() || st.st_mode & 022) {
		close(folder);
		return -EPERM;
	}
	return folder;
}

static int open_fallback(struct spool *spool, bool make)
{
	if (spool->folder[1] >= 0)
		return 0;
	if (make && mkdir(spool->place.fallback, 0700) && errno == ENOENT) {
		/* Not even a pool yet. */
		mkdir(spool->place.pool_folder, 0700);
		mkdir(spool->place.fallback, 0700);
	}
	spool->folder[1] = open_folder(spool->place.fallback);
	return spool->folder[1] < 0 ? spool->folder[1] : 0;
}

static int use_fallback(struct spool *spool, int why)
{
	int r = open_fallback(spool, true);

	spool->on_tmpfs = true;
	say(spool->options, SAY_WARNING,
	    "the spool %s can not be written (%s): events wait in %s, which does not outlive a "
	    "reboot",
	    spool->place.state, strerror(-why), spool->place.fallback);
	return r;
}

int spool_open(struct spool *spool, const struct sender_options *options, const struct pool *pool,
	       uint32_t drainer)
{
	int r;

	*spool = (struct spool){ .options = options, .drainer = drainer, .folder = { -1, -1 } };
	if (pool)
		memcpy(spool->pool_id, pool->id, sizeof(spool->pool_id));
	r = spool_folder(options->state, options->uid, true, &spool->place);
	if (r)
		return r;
	spool->folder[0] = open_folder(spool->place.state);
	open_fallback(spool, false);
	if (!spool->place.why && spool->folder[0] < 0)
		spool->place.why = spool->folder[0];
	return spool->place.why ? use_fallback(spool, spool->place.why) : 0;
}

void spool_close(struct spool *spool)
{
	spool_retire(spool);
	for (uint32_t i = 0; i < spool->count; i++)
		segment_close(spool->held[i]);
	for (int i = 0; i < 2; i++)
		if (spool->folder[i] >= 0)
			close(spool->folder[i]);
	spool->count = 0;
}

static void hold(struct spool *spool, struct segment *segment)
{
	uint32_t at = spool->count++;

	for (; at && spool->held[at - 1]->created_ns > segment->created_ns; at--)
		spool->held[at] = spool->held[at - 1];
	spool->held[at] = segment;
}

static bool holds(const struct spool *spool, int folder, const char *name)
{
	for (uint32_t i = 0; i < spool->count; i++)
		if (spool->held[i]->folder == folder && !strcmp(spool->held[i]->name, name))
			return true;
	return false;
}

static bool is_dead(const struct spool *spool, uint32_t drainer)
{
	for (uint32_t i = 0; i < spool->dead_count; i++)
		if (spool->dead[i] == drainer)
			return true;
	return false;
}

static void note_dead(struct spool *spool, uint32_t drainer)
{
	if (is_dead(spool, drainer))
		return;
	if (spool->dead_count == SPOOL_DEAD)
		memmove(spool->dead, spool->dead + 1, --spool->dead_count * sizeof(spool->dead[0]));
	spool->dead[spool->dead_count++] = drainer;
}

/* True when it is ours now. */
static bool adopt(struct spool *spool, int folder, const char *name, uint32_t drainer)
{
	struct segment *segment;
	char mine[64];
	int r = segment_open(folder, name, &segment);

	if (r == -EBADMSG)
		say(spool->options, SAY_ERROR, "%s is not a spool segment: put aside", name);
	if (r)
		return false;
	if (segment->damaged)
		say(spool->options, SAY_WARNING,
		    "%s: %llu bytes behind the last whole group cut off", name,
		    (unsigned long long)segment->damaged);
	if (!memcmp(segment->pool_id, spool->pool_id, sizeof(spool->pool_id))) {
		note_dead(spool, drainer);
		if (spool->settle)
			spool->settle(spool->context, segment, drainer);
	} else {
		open_settle(spool->options->state, segment);
		segment_unload(segment);
	}
	do {
		next_name(spool, mine, sizeof(mine));
		r = segment_rename(segment, mine);
	} while (r == -EEXIST);
	if (r) {
		segment_close(segment);
		return false;
	}
	hold(spool, segment);
	return true;
}

static DIR *list(int folder)
{
	int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);

	if (!dir && copy >= 0)
		close(copy);
	return dir;
}

/* wanted 0: of every drainer, and of other pools too. *left: those that could not be had. */
static uint32_t adopt_folder(struct spool *spool, int folder, uint32_t wanted, uint32_t *left)
{
	char own[9], pool[9];
	struct dirent *entry;
	uint32_t adopted = 0;
	uint32_t drainer;
	DIR *dir = list(folder);

	if (!dir)
		return 0;
	pool_text(spool->pool_id, own);
	while (spool->count < SPOOL_HELD) {
		entry = readdir(dir);
		if (!entry)
			break;
		if (!parse_name(entry->d_name, pool, &drainer) ||
		    holds(spool, folder, entry->d_name))
			continue;
		if (wanted && (drainer != wanted || strcmp(pool, own) != 0))
			continue;
		if (adopt(spool, folder, entry->d_name, drainer))
			adopted++;
		else
			++*left;
	}
	closedir(dir);
	return adopted;
}

static uint32_t adopt_all(struct spool *spool, uint32_t wanted, uint32_t *left)
{
	uint32_t adopted = 0;

	*left = 0;
	for (int i = 0; i < 2; i++)
		if (spool->folder[i] >= 0)
			adopted += adopt_folder(spool, spool->folder[i], wanted, left);
	return adopted;
}

uint32_t spool_adopt(struct spool *spool)
{
	uint32_t left;

	return adopt_all(spool, 0, &left);
}

bool spool_drainer_dead(struct spool *spool, uint32_t drainer)
{
	uint32_t left;

	return is_dead(spool, drainer) || adopt_all(spool, drainer, &left) ||
	       is_dead(spool, drainer);
}

uint32_t spool_left_by(struct spool *spool, uint32_t drainer)
{
	uint32_t left;

	adopt_all(spool, drainer, &left);
	return left;
}

static int make_segment(struct spool *spool, const uint8_t image[16], struct segment **into)
{
	char name[64];
	int r;

	do {
		next_name(spool, name, sizeof(name));
		r = segment_create(spool->folder[spool->on_tmpfs], name, image, spool->pool_id,
				   clock_real_ns(), into);
	} while (r == -EAGAIN || r == -EEXIST);
	return r;
}

int spool_segment(struct spool *spool, const uint8_t image[16], struct segment **into)
{
	int folder = spool->folder[spool->on_tmpfs];
	int r;

	for (uint32_t i = spool->count; i-- > 0;) {
		struct segment *s = spool->held[i];

		if (s->folder == folder && !memcmp(s->image, image, sizeof(s->image)) &&
		    !memcmp(s->pool_id, spool->pool_id, sizeof(s->pool_id)) && !s->full &&
		    s->end + s->pending.length < SPOOL_SEGMENT) {
			*into = s;
			return 0;
		}
	}
	if (spool->count == SPOOL_HELD)
		return -EMFILE;
	r = make_segment(spool, image, into);
	if (r && spool_fall_back(spool, r))
		r = make_segment(spool, image, into);
	if (!r)
		hold(spool, *into);
	return r;
}

bool spool_fall_back(struct spool *spool, int error)
{
	if (spool->on_tmpfs || error == -ENOMEM || error == -EMFILE || error == -ENFILE ||
	    error == -E2BIG)
		return false;
	return use_fallback(spool, error) == 0;
}

void spool_retire(struct spool *spool)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < spool->count; i++) {
		if (segment_finished(spool->held[i]))
			segment_delete(spool->held[i]);
		else
			spool->held[kept++] = spool->held[i];
	}
	spool->count = kept;
}
