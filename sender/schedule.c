/*
 * A process that is gone stays in the file until the next turn begins, or until its place is
 * needed, when its pool has had time to forget it.
 */
#include "sender/schedule.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/identity.h"
#include "sender/schedule_file.h"

struct counted {
	uint8_t pool_id[16];
	uint64_t lifecycle;
	uint64_t total[];
};

static struct counted *counted_at(const struct schedule *s, uint32_t i)
{
	return (struct counted *)(void *)(s->counted + i * schedule_counted_bytes(s->words));
}

static uint64_t *turn_sum(const struct schedule *s)
{
	return s->sum + s->words;
}

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

static uint32_t words_of(const struct measures *m)
{
	uint32_t words = 0;

	for (uint32_t i = 0; m && i < m->count; i++)
		words += measures_words(m->measure[i].kind);
	return words <= SCHEDULE_WORDS ? words : 0;
}

static void name_of(const char *service, const char *label, uint8_t hash[16])
{
	static const uint8_t key[16] = "bookend schedule";
	char name[300];
	int length = snprintf(name, sizeof(name), "%s\n%s", service, label);

	siphash128(key, name, length < (int)sizeof(name) ? (size_t)length : sizeof(name) - 1, hash);
}

/* Nothing is counted. */
static int empty(struct schedule *s, uint32_t words)
{
	free(s->sum);
	s->processes = 0;
	s->words = words;
	s->sum = calloc(2 * (size_t)words + 1, sizeof(*s->sum));
	return s->sum ? 0 : -ENOMEM;
}

static int begin_file(struct schedule *s, uint32_t words, uint64_t now_ns)
{
	s->made_ns = now_ns;
	if (getrandom(s->key, sizeof(s->key), 0) != (ssize_t)sizeof(s->key))
		return -EIO;
	return empty(s, words);
}

int schedule_open(struct schedule *s, const char *state, const char *service, const char *label,
		  const struct measures *measures, uint64_t now_ns)
{
	uint32_t words = words_of(measures);
	uint8_t hash[16];
	int r;

	*s = (struct schedule){ .lock = -1 };
	name_of(service, label, hash);
	r = schedule_file_lock(s, state, hash);
	if (r)
		return r;
	r = schedule_file_read(s);
	/* Damaged: better a period too late than one event too many. */
	if (r == -ENOENT || r == -EBADMSG)
		r = begin_file(s, words, now_ns);
	/* Another policy's measures are not ours to add up: the times count, the sums begin anew.
	 */
	else if (!r && s->words != words)
		r = empty(s, words);
	if (r)
		schedule_close(s);
	return r;
}

int schedule_save(const struct schedule *s)
{
	return schedule_file_write(s);
}

void schedule_close(struct schedule *s)
{
	free(s->sum);
	free(s->counted);
	s->sum = NULL;
	s->counted = NULL;
	if (s->lock >= 0)
		close(s->lock);
	s->lock = -1;
}

static void totals_of(const struct measures *m, uint64_t *into)
{
	for (uint32_t i = 0; i < m->count; i++) {
		measures_total(m, i, into);
		into += measures_words(m->measure[i].kind);
	}
}

/* sum += now - before, measure by measure; `now` is used up. */
static void add_difference(const struct measures *m, uint64_t *sum, uint64_t *now,
			   const uint64_t *before)
{
	for (uint32_t i = 0; i < m->count; i++) {
		uint32_t kind = m->measure[i].kind;
		uint32_t words = measures_words(kind);

		if (before) {
			measures_subtract(kind, now, before);
			before += words;
		}
		measures_add(kind, sum, now);
		sum += words;
		now += words;
	}
}

static struct counted *find(const struct schedule *s, const uint8_t pool_id[16], uint64_t lifecycle)
{
	for (uint32_t i = 0; i < s->processes; i++) {
		struct counted *c = counted_at(s, i);

		if (c->lifecycle == lifecycle && !memcmp(c->pool_id, pool_id, 16))
			return c;
	}
	return NULL;
}

static bool is_gone(const struct counted *c, const struct pool *pool)
{
	uint32_t number = c->lifecycle & 0xffff;

	return number >= pool->slots ||
	       CLAIM_GENERATION(atomic_load(&pool->claims[number])) != c->lifecycle >> 16;
}

/* The processes that no longer are in the pool. Of other pools nothing is known: theirs are kept
 * as long as there is room. */
static void forget(struct schedule *s, const struct pool *pool)
{
	bool crowded = s->processes > SCHEDULE_PROCESSES / 2;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < s->processes; i++) {
		const struct counted *c = counted_at(s, i);

		if (memcmp(c->pool_id, pool->id, 16) ? crowded : is_gone(c, pool))
			continue;
		memmove(counted_at(s, kept++), c, schedule_counted_bytes(s->words));
	}
	s->processes = kept;
}

static struct counted *append(struct schedule *s, const uint8_t pool_id[16], uint64_t lifecycle)
{
	size_t bytes = schedule_counted_bytes(s->words);
	uint8_t *more;
	struct counted *c;

	if (s->processes == SCHEDULE_PROCESSES)
		return NULL;
	more = realloc(s->counted, (s->processes + 1) * bytes);
	if (!more)
		return NULL;
	s->counted = more;
	c = counted_at(s, s->processes++);
	memset(c, 0, bytes);
	memcpy(c->pool_id, pool_id, 16);
	c->lifecycle = lifecycle;
	return c;
}

int schedule_add(struct schedule *s, const struct pool *pool, uint64_t lifecycle,
		 const struct measures *measures)
{
	uint64_t *now, *last;
	struct counted *c;
	bool known;

	if (!s->words)
		return 0;
	c = find(s, pool->id, lifecycle);
	known = c != NULL;
	if (!c && s->processes == SCHEDULE_PROCESSES)
		forget(s, pool);
	if (!c)
		c = append(s, pool->id, lifecycle);
	if (!c)
		return -ENOSPC;
	now = malloc(2 * s->words * sizeof(*now));
	if (!now)
		return -ENOMEM;
	last = now + s->words;
	totals_of(measures, now);
	memcpy(last, now, s->words * sizeof(*now));
	add_difference(measures, s->sum, now, known ? c->total : NULL);
	memcpy(c->total, last, s->words * sizeof(*last));
	free(now);
	return 0;
}

void schedule_begin(struct schedule *s, const struct pool *pool, uint64_t now_ns)
{
	size_t bytes = s->words * sizeof(*s->sum);

	forget(s, pool);
	s->turn_ns = now_ns;
	memcpy(turn_sum(s), s->sum, bytes);
	memset(s->sum, 0, bytes);
}

void schedule_end(struct schedule *s, uint32_t maker)
{
	s->made_ns = s->turn_ns;
	s->turn_ns = 0;
	s->maker = maker;
	memset(turn_sum(s), 0, s->words * sizeof(*s->sum));
}

void schedule_total(const struct schedule *s, const struct measures *measures, uint32_t which,
		    uint64_t *total)
{
	const uint64_t *at = turn_sum(s);
	uint32_t words = measures_words(measures->measure[which].kind);

	for (uint32_t i = 0; i < which; i++)
		at += measures_words(measures->measure[i].kind);
	memcpy(total, at, words * sizeof(*total));
}

int schedule_settle(const char *state, const uint8_t hash[16], uint64_t turn, uint32_t maker)
{
	struct schedule s = { .lock = -1 };
	int r = schedule_file_lock(&s, state, hash);

	if (r)
		return r;
	r = schedule_file_read(&s);
	if (!r && s.turn_ns && s.turn_ns / TICK_NS == turn) {
		schedule_end(&s, maker);
		r = schedule_save(&s);
		r = r ? r : 1;
	} else if (!r && s.made_ns / TICK_NS == turn && s.maker != maker) {
		r = -EEXIST;
	}
	schedule_close(&s);
	return r;
}
