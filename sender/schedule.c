/*
 * A process that is gone stays in the file until the next turn begins, or until there are many,
 * when its pool has had time to forget it.
 */
#include "sender/schedule.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/identity.h"
#include "sender/schedule_file.h"

/* Bytes of schedule.counted: when those that are gone are looked for, when those of other pools go
 * too, and when no more is taken. */
#define COUNTED_FEW  (256u << 10)
#define COUNTED_MANY (4u << 20)
#define COUNTED_MOST (64u << 20)

uint64_t schedule_turn(const struct image_event *event, uint64_t real_ns)
{
	uint64_t at_ns = event->at_s * CLOCK_SECOND;
	time_t seconds = (time_t)(real_ns / CLOCK_SECOND);
	struct tm local;

	if (event->flags & EVENT_LOCAL && localtime_r(&seconds, &local))
		real_ns += (uint64_t)(int64_t)local.tm_gmtoff * CLOCK_SECOND;
	return event->every_ns ? (real_ns - at_ns) / event->every_ns : 0;
}

bool schedule_is_due(const struct image_event *event, uint64_t made_ns, uint64_t now_ns)
{
	if (now_ns < made_ns)
		return false;
	if (event->flags & EVENT_AT)
		return schedule_turn(event, made_ns) != schedule_turn(event, now_ns);
	return now_ns - made_ns >= event->every_ns;
}

int schedules_lock(const char *state)
{
	char folder[1100];
	int lock;

	snprintf(folder, sizeof(folder), "%s/schedules", state);
	if (mkdir(folder, 0700) && errno != EEXIST)
		return -errno;
	lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (lock < 0)
		return -errno;
	if (flock(lock, LOCK_EX | LOCK_NB)) {
		close(lock);
		return -EBUSY;
	}
	return lock;
}

void schedule_name(const char *service, const char *label, uint8_t hash[16])
{
	static const uint8_t key[16] = "bookend schedule";
	char name[300];
	int length = snprintf(name, sizeof(name), "%s\n%s", service, label);

	siphash128(key, name, length < (int)sizeof(name) ? (size_t)length : sizeof(name) - 1, hash);
}

/* Damaged: better a period too late than one event too many. */
static int begin_file(struct schedule *s, uint64_t now_ns)
{
	buffer_clear(&s->sums);
	buffer_clear(&s->counted);
	s->made_ns = now_ns;
	s->turn_ns = 0;
	s->changed = true;
	return getrandom(s->key, sizeof(s->key), 0) == (ssize_t)sizeof(s->key) ? 0 : -EIO;
}

int schedule_open(struct schedule *s, const char *state, const uint8_t hash[16], uint64_t now_ns)
{
	int r;

	*s = (struct schedule){ 0 };
	r = schedule_file_name(s, state, hash);
	if (!r)
		r = schedule_file_read(s);
	if (r == -ENOENT || r == -EBADMSG)
		r = begin_file(s, now_ns);
	if (r)
		schedule_close(s);
	return r;
}

int schedule_save(struct schedule *s)
{
	int r = s->changed ? schedule_file_write(s) : 0;

	if (!r)
		s->changed = false;
	return r;
}

void schedule_close(struct schedule *s)
{
	buffer_free(&s->sums);
	buffer_free(&s->counted);
}

static uint64_t id_of(const struct measures *m, uint32_t which)
{
	static const uint8_t key[16] = "bookend measures";
	const struct image_measure *measure = &m->measure[which];
	char name[300];
	int length = snprintf(name, sizeof(name), "%u %u %s", measure->kind, measure->flags,
			      node_text_at(m->section, measure->name));

	return siphash64(key, name, length < (int)sizeof(name) ? (size_t)length : sizeof(name) - 1);
}

static struct schedule_sum *find_sum(const struct schedule *s, uint64_t id)
{
	struct schedule_sum *sum;

	for (size_t at = 0; (sum = schedule_next_sum(&s->sums, &at)) != NULL;)
		if (sum->id == id)
			return sum;
	return NULL;
}

static struct schedule_sum *append_sum(struct schedule *s, uint64_t id, enum measure_kind kind)
{
	uint32_t words = measures_words(kind);
	size_t bytes = sizeof(struct schedule_sum) + 2 * words * sizeof(uint64_t);
	struct schedule_sum *sum = (void *)buffer_room(&s->sums, bytes);

	if (!sum)
		return NULL;
	memset(sum, 0, bytes);
	sum->id = id;
	sum->kind = kind;
	sum->words = words;
	s->sums.length += bytes;
	return sum;
}

/* The sum += now - before, of one measure; `now` is used up. before: NULL is nothing. */
static int add_to_sum(struct schedule *s, const struct measures *m, uint32_t which, uint64_t *now,
		      const uint64_t *before)
{
	enum measure_kind kind = m->measure[which].kind;
	uint64_t id = id_of(m, which);
	struct schedule_sum *sum = find_sum(s, id);

	if (!sum)
		sum = append_sum(s, id, kind);
	if (!sum)
		return -ENOMEM;
	if (before)
		measures_subtract(kind, now, before);
	measures_add(kind, sum->value, now);
	return 0;
}

static struct schedule_counted *find_counted(const struct schedule *s, const uint8_t pool_id[16],
					     uint64_t lifecycle)
{
	struct schedule_counted *c;

	for (size_t at = 0; (c = schedule_next_counted(&s->counted, &at)) != NULL;)
		if (c->lifecycle == lifecycle && !memcmp(c->pool_id, pool_id, 16))
			return c;
	return NULL;
}

static bool is_gone(const struct schedule_counted *c, const struct pool *pool)
{
	uint32_t number = c->lifecycle & 0xffff;

	return number >= pool->slots ||
	       CLAIM_GENERATION(atomic_load(&pool->claims[number])) != c->lifecycle >> 16;
}

/* The processes that no longer are in the pool. Of other pools nothing is known: theirs are kept as
 * long as there are not many. */
static void forget(struct schedule *s, const struct pool *pool)
{
	bool many = s->counted.length > COUNTED_MANY;
	const struct schedule_counted *c;
	size_t kept = 0, from = 0;

	for (size_t at = 0; (c = schedule_next_counted(&s->counted, &at)) != NULL; from = at) {
		if (memcmp(c->pool_id, pool->id, 16) ? many : is_gone(c, pool))
			continue;
		memmove(s->counted.data + kept, s->counted.data + from, at - from);
		kept += at - from;
	}
	s->counted.length = kept;
}

static struct schedule_counted *append_counted(struct schedule *s, const struct pool *pool,
					       uint64_t lifecycle, uint32_t words)
{
	size_t bytes = sizeof(struct schedule_counted) + words * sizeof(uint64_t);
	struct schedule_counted *c;

	if (s->counted.length > COUNTED_FEW)
		forget(s, pool);
	if (s->counted.length + bytes > COUNTED_MOST)
		return NULL;
	c = (void *)buffer_room(&s->counted, bytes);
	if (!c)
		return NULL;
	memset(c, 0, bytes);
	memcpy(c->pool_id, pool->id, 16);
	c->lifecycle = lifecycle;
	c->words = words;
	s->counted.length += bytes;
	return c;
}

static uint32_t words_of(const struct measures *m)
{
	uint32_t words = 0;

	for (uint32_t i = 0; i < m->count; i++)
		words += measures_words(m->measure[i].kind);
	return words;
}

/* now: room for the totals of all measures. */
static int add_all(struct schedule *s, const struct measures *m, struct schedule_counted *c,
		   bool known, uint64_t *now)
{
	uint64_t *before = c->total;
	int r = 0;

	for (uint32_t i = 0; !r && i < m->count; i++) {
		uint32_t words = measures_words(m->measure[i].kind);
		uint64_t *last = now + words;

		measures_total(m, i, now);
		memcpy(last, now, words * sizeof(*now));
		r = add_to_sum(s, m, i, now, known ? before : NULL);
		if (!r)
			memcpy(before, last, words * sizeof(*last));
		before += words;
	}
	return r;
}

int schedule_add(struct schedule *s, const struct pool *pool, uint64_t lifecycle,
		 const struct measures *measures)
{
	uint32_t words = words_of(measures);
	struct schedule_counted *c = find_counted(s, pool->id, lifecycle);
	bool known = c != NULL;
	uint64_t *now;
	int r;

	if (!known)
		c = append_counted(s, pool, lifecycle, words);
	if (!c || c->words != words)
		return -ENOSPC;
	now = malloc(2 * MEASURES_WORDS_MAX * sizeof(*now));
	if (!now)
		return -ENOMEM;
	s->changed = true;
	r = add_all(s, measures, c, known, now);
	free(now);
	return r;
}

static bool is_zero(const struct schedule_sum *sum)
{
	for (uint32_t i = 0; i < sum->words; i++)
		if (sum->value[i])
			return false;
	return true;
}

/* What was not counted in a whole period may be no policy's any more. */
void schedule_begin(struct schedule *s, const struct pool *pool, uint64_t now_ns)
{
	struct schedule_sum *sum;
	size_t kept = 0, from = 0;

	forget(s, pool);
	s->turn_ns = now_ns;
	s->changed = true;
	for (size_t at = 0; (sum = schedule_next_sum(&s->sums, &at)) != NULL; from = at) {
		if (is_zero(sum))
			continue;
		memcpy(sum->value + sum->words, sum->value, sum->words * sizeof(*sum->value));
		memset(sum->value, 0, sum->words * sizeof(*sum->value));
		memmove(s->sums.data + kept, sum, at - from);
		kept += at - from;
	}
	s->sums.length = kept;
}

void schedule_end(struct schedule *s, uint32_t maker)
{
	struct schedule_sum *sum;

	s->made_ns = s->turn_ns;
	s->turn_ns = 0;
	s->maker = maker;
	s->changed = true;
	for (size_t at = 0; (sum = schedule_next_sum(&s->sums, &at)) != NULL;)
		memset(sum->value + sum->words, 0, sum->words * sizeof(*sum->value));
}

void schedule_total(const struct schedule *s, const struct measures *measures, uint32_t which,
		    uint64_t *total)
{
	const struct schedule_sum *sum = find_sum(s, id_of(measures, which));
	uint32_t words = measures_words(measures->measure[which].kind);

	memset(total, 0, words * sizeof(*total));
	if (sum)
		memcpy(total, sum->value + words, words * sizeof(*total));
}

static int settle(struct schedule *s, uint64_t turn, uint32_t maker)
{
	int r = schedule_file_read(s);

	if (r)
		return r;
	if (s->turn_ns && s->turn_ns / TICK_NS == turn) {
		schedule_end(s, maker);
		r = schedule_save(s);
		return r ? r : 1;
	}
	return s->made_ns / TICK_NS == turn && s->maker != maker ? -EEXIST : 0;
}

int schedule_settle(const char *state, const uint8_t hash[16], uint64_t turn, uint32_t maker)
{
	struct schedule s = { 0 };
	int lock = schedules_lock(state);
	int r = lock < 0 ? lock : schedule_file_name(&s, state, hash);

	if (!r)
		r = settle(&s, turn, maker);
	schedule_close(&s);
	if (lock >= 0)
		close(lock);
	return r;
}
