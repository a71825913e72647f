/*
 * The file: key, time, words, processes, sums, then a record a process. Replaced as a whole. A
 * process that is gone stays in it until the next period begins, when its pool has had time to
 * forget it.
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

#include "base/checksum.h"
#include "base/clock.h"
#include "base/identity.h"

#define SCHEDULE_MAGIC	   "BKSCHED\x01"
#define SCHEDULE_PROCESSES 4096 /* in one file */
#define SCHEDULE_WORDS	   (1u << 16)

struct schedule_head {
	char magic[8];
	uint8_t key[16];
	uint64_t made_ns;
	uint32_t words;
	uint32_t processes;
	uint32_t pad;
	uint32_t
		check; /* checksum() of all that is behind it, seeded with that of what is before */
};
static_assert(sizeof(struct schedule_head) == 48, "format");

struct counted {
	uint8_t pool_id[16];
	uint64_t lifecycle;
	uint64_t total[];
};

static size_t counted_bytes(const struct schedule *s)
{
	return sizeof(struct counted) + s->words * sizeof(uint64_t);
}

static struct counted *counted_at(const struct schedule *s, uint32_t i)
{
	return (struct counted *)(void *)(s->counted + i * counted_bytes(s));
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

static int lock_folder(const char *state)
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

static void path_of(struct schedule *s, const char *state, const char *service, const char *label)
{
	static const uint8_t key[16] = "bookend schedule";
	uint8_t hash[16];
	char name[300];
	int at;

	at = snprintf(name, sizeof(name), "%s\n%s", service, label);
	siphash128(key, name, at < (int)sizeof(name) ? (size_t)at : sizeof(name) - 1, hash);
	at = snprintf(s->path, sizeof(s->path), "%s/schedules/", state);
	for (int i = 0; i < 16; i++)
		at += snprintf(s->path + at, sizeof(s->path) - (size_t)at, "%02x", hash[i]);
}

static int begin(struct schedule *s, uint64_t now_ns)
{
	s->processes = 0;
	s->made_ns = now_ns;
	if (getrandom(s->key, sizeof(s->key), 0) != (ssize_t)sizeof(s->key))
		return -EIO;
	s->sum = calloc(s->words + 1, sizeof(*s->sum));
	return s->sum ? 0 : -ENOMEM;
}

static uint32_t check_of(const struct schedule_head *head, const uint8_t *rest, size_t bytes)
{
	return checksum(rest, bytes, checksum(head, offsetof(struct schedule_head, check), 0));
}

static bool holds(const struct schedule_head *head, const uint8_t *rest, size_t bytes)
{
	uint64_t want = (uint64_t)head->words * 8 +
			head->processes * (sizeof(struct counted) + (uint64_t)head->words * 8);

	return !memcmp(head->magic, SCHEDULE_MAGIC, sizeof(head->magic)) &&
	       head->words <= SCHEDULE_WORDS && head->processes <= SCHEDULE_PROCESSES &&
	       want == bytes && head->check == check_of(head, rest, bytes);
}

/* Another policy's measures are not ours to add up: the time counts, the sums begin anew. */
static int take(struct schedule *s, const struct schedule_head *head, const uint8_t *rest,
		size_t bytes)
{
	bool same = head->words == s->words;

	memcpy(s->key, head->key, sizeof(s->key));
	s->made_ns = head->made_ns;
	s->processes = same ? head->processes : 0;
	s->sum = calloc(s->words + 1, sizeof(*s->sum));
	s->counted = malloc(bytes + 1);
	if (!s->sum || !s->counted)
		return -ENOMEM;
	if (!same)
		return 0;
	memcpy(s->sum, rest, s->words * sizeof(*s->sum));
	memcpy(s->counted, rest + s->words * sizeof(*s->sum), bytes - s->words * sizeof(*s->sum));
	return 0;
}

static int read_file(struct schedule *s, uint64_t now_ns)
{
	struct schedule_head head;
	struct stat st;
	uint8_t *rest = NULL;
	size_t bytes = 0;
	int r = -EBADMSG;
	int file = open(s->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (file < 0)
		return errno == ENOENT ? begin(s, now_ns) : -errno;
	if (!fstat(file, &st) && st.st_size >= (off_t)sizeof(head) &&
	    read(file, &head, sizeof(head)) == (ssize_t)sizeof(head)) {
		bytes = (size_t)st.st_size - sizeof(head);
		rest = malloc(bytes + 1);
		if (rest && read(file, rest, bytes) == (ssize_t)bytes && holds(&head, rest, bytes))
			r = take(s, &head, rest, bytes);
	}
	free(rest);
	close(file);
	/* Damaged: better a period too late than one event too many. */
	return r == -EBADMSG ? begin(s, now_ns) : r;
}

int schedule_open(struct schedule *s, const char *state, const char *service, const char *label,
		  const struct measures *measures, uint64_t now_ns)
{
	int r;

	*s = (struct schedule){ .lock = lock_folder(state), .words = words_of(measures) };
	if (s->lock < 0)
		return s->lock;
	path_of(s, state, service, label);
	r = read_file(s, now_ns);
	if (r)
		schedule_close(s);
	return r;
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

static struct counted *append(struct schedule *s, const uint8_t pool_id[16], uint64_t lifecycle)
{
	uint8_t *more;
	struct counted *c;

	if (s->processes == SCHEDULE_PROCESSES)
		return NULL;
	more = realloc(s->counted, (s->processes + 1) * counted_bytes(s));
	if (!more)
		return NULL;
	s->counted = more;
	c = counted_at(s, s->processes++);
	memset(c, 0, counted_bytes(s));
	memcpy(c->pool_id, pool_id, 16);
	c->lifecycle = lifecycle;
	return c;
}

int schedule_add(struct schedule *s, const uint8_t pool_id[16], uint64_t lifecycle,
		 const struct measures *measures)
{
	uint64_t *now, *last;
	struct counted *c;
	bool known;

	if (!s->words)
		return 0;
	c = find(s, pool_id, lifecycle);
	known = c != NULL;
	if (!c)
		c = append(s, pool_id, lifecycle);
	if (!c)
		return -ENOMEM;
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

void schedule_forget(struct schedule *s, const struct pool *pool)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < s->processes; i++) {
		const struct counted *c = counted_at(s, i);
		uint32_t number = c->lifecycle & 0xffff;

		if (memcmp(c->pool_id, pool->id, 16) != 0 || number >= pool->slots ||
		    CLAIM_GENERATION(atomic_load(&pool->claims[number])) != c->lifecycle >> 16)
			continue;
		memmove(counted_at(s, kept++), c, counted_bytes(s));
	}
	s->processes = kept;
}

void schedule_made(struct schedule *s, uint64_t now_ns)
{
	s->made_ns = now_ns;
	memset(s->sum, 0, s->words * sizeof(*s->sum));
}

static bool write_all(int file, const void *bytes, size_t length)
{
	return write(file, bytes, length) == (ssize_t)length;
}

int schedule_save(struct schedule *s)
{
	struct schedule_head head = { .made_ns = s->made_ns,
				      .words = s->words,
				      .processes = s->processes };
	size_t sums = s->words * sizeof(*s->sum), rest = s->processes * counted_bytes(s);
	uint8_t *all = malloc(sums + rest + 1);
	char next[1210];
	int error = 0;
	int file;

	if (!all)
		return -ENOMEM;
	memcpy(head.magic, SCHEDULE_MAGIC, sizeof(head.magic));
	memcpy(head.key, s->key, sizeof(head.key));
	memcpy(all, s->sum, sums);
	if (rest)
		memcpy(all + sums, s->counted, rest);
	head.check = check_of(&head, all, sums + rest);
	snprintf(next, sizeof(next), "%s.new", s->path);
	file = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (file < 0)
		error = -errno;
	else if (!write_all(file, &head, sizeof(head)) || !write_all(file, all, sums + rest) ||
		 fdatasync(file))
		error = -EIO;
	if (file >= 0)
		close(file);
	if (!error && rename(next, s->path))
		error = -errno;
	free(all);
	return error;
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

void schedule_total(const struct schedule *s, const struct measures *measures, uint32_t which,
		    uint64_t *total)
{
	const uint64_t *at = s->sum;
	uint32_t words = measures_words(measures->measure[which].kind);

	for (uint32_t i = 0; i < which; i++)
		at += measures_words(measures->measure[i].kind);
	memcpy(total, at, words * sizeof(*total));
}
