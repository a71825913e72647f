/*
 * Asking once: a list in memory, newest first, bounded in bytes; failures stand in it too.
 */
#include "sender/probes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/identity.h"
#include "base/process.h"
#include "sender/http_get.h"
#include "sender/probe_run.h"
#include "sender/probe_store.h"

#define MEMORY_MOST (4u << 20)

static const uint8_t probes_key[16] = "bookend probes";

struct probes_entry {
	struct probes_entry *next;
	uint8_t hash[16];
	bool moment;	   /* for this moment only */
	uint64_t until_ns; /* boot time; of PROBE_DURATION */
	int length;	   /* or -errno */
	char said[];
};

void probes_open(struct probes *p, const struct sender_options *options)
{
	*p = (struct probes){ .options = options, .deadline_ns = UINT64_MAX };
}

static size_t size_of(const struct probes_entry *entry)
{
	return sizeof(*entry) + (entry->length > 0 ? (size_t)entry->length : 0);
}

/* Forgets all, or what was for a moment only. */
static void forget(struct probes *p, bool all)
{
	struct probes_entry **at = &p->first;

	while (*at) {
		struct probes_entry *entry = *at;

		if (!all && !entry->moment) {
			at = &entry->next;
			continue;
		}
		*at = entry->next;
		p->bytes -= size_of(entry);
		free(entry);
	}
}

void probes_close(struct probes *p)
{
	forget(p, true);
}

void probes_begin(struct probes *p, const struct start_block *start, uint64_t lifecycle)
{
	forget(p, false);
	p->uid = start->uid;
	p->pid_namespace = start->pid_namespace;
	p->lifecycle = lifecycle;
	p->until_ns = clock_boot_ns() + PROBES_MOMENT_MS * UINT64_C(1000000);
	p->cancelled = false;
}

/* Texts one behind the other with their NULs: no two probes make the same bytes. */
struct name {
	char *bytes;
	size_t length;
	FILE *stream;
};

static void put(struct name *n, const char *text)
{
	fputs(text ? text : "", n->stream);
	putc(0, n->stream);
}

static void put_list(struct name *n, const char *const *list)
{
	for (; list && *list; list++)
		put(n, *list);
	putc(1, n->stream);
}

/* The very file: its path, and what changes with its content. */
static void put_file(struct name *n, const char *path)
{
	struct stat st;

	put(n, path);
	if (path && !stat(path, &st))
		fprintf(n->stream, "%ju %ju %jd %jd.%09ld", (uintmax_t)st.st_dev,
			(uintmax_t)st.st_ino, (intmax_t)st.st_size, (intmax_t)st.st_mtim.tv_sec,
			st.st_mtim.tv_nsec);
}

/* A program of the process's directory is another one in another directory. */
static bool is_of_directory(const struct late_probe *probe)
{
	return probe->argv && (probe->cache <= PROBE_PROCESS || probe->argv[0][0] == '.' ||
			       (probe->argv[0][0] != '/' && strchr(probe->argv[0], '/')));
}

static int name_of(const struct probes *p, const struct late_probe *probe, uint8_t hash[16])
{
	struct name n = { 0 };

	n.stream = open_memstream(&n.bytes, &n.length);
	if (!n.stream)
		return -ENOMEM;
	put(&n, probe->url);
	put(&n, probe->bearer);
	put_list(&n, probe->argv);
	put_list(&n, probe->envp);
	put(&n, is_of_directory(probe) ? probe->directory : NULL);
	if (probe->cache == PROBE_EXECUTABLE)
		put_file(&n, probe->exe);
	fprintf(n.stream, "%d %u ", probe->cache, probe->cache_s);
	if (probe->cache <= PROBE_PROCESS)
		fprintf(n.stream, "%ju", (uintmax_t)p->lifecycle);
	if (fclose(n.stream) || !n.bytes) {
		free(n.bytes);
		return -ENOMEM;
	}
	siphash128(probes_key, n.bytes, n.length, hash);
	free(n.bytes);
	return 0;
}

static struct probes_entry *find(const struct probes *p, const uint8_t hash[16])
{
	uint64_t now = clock_boot_ns();

	for (struct probes_entry *entry = p->first; entry; entry = entry->next)
		if (!memcmp(entry->hash, hash, 16) && entry->until_ns > now)
			return entry;
	return NULL;
}

/* The oldest go when there are too many. */
static void make_room(struct probes *p)
{
	while (p->first && p->bytes > MEMORY_MOST) {
		struct probes_entry **last = &p->first;

		while ((*last)->next)
			last = &(*last)->next;
		p->bytes -= size_of(*last);
		free(*last);
		*last = NULL;
	}
}

static void keep(struct probes *p, const struct late_probe *probe, const uint8_t hash[16],
		 const char *said, int length)
{
	size_t bytes = length > 0 ? (size_t)length : 0;
	struct probes_entry *entry = malloc(sizeof(*entry) + bytes);

	if (!entry)
		return;
	/* What failed is tried again for the next moment, but for a run's. */
	*entry = (struct probes_entry){
		.next = p->first,
		.moment = probe->cache == PROBE_MOMENT ||
			  (length < 0 && probe->cache != PROBE_PROCESS),
		.until_ns = probe->cache == PROBE_DURATION
				    ? clock_boot_ns() + probe->cache_s * CLOCK_SECOND
				    : UINT64_MAX,
		.length = length,
	};
	memcpy(entry->hash, hash, 16);
	memcpy(entry->said, said, bytes);
	p->first = entry;
	p->bytes += size_of(entry);
	make_room(p);
}

static bool go_on(void *context)
{
	struct probes *p = context;

	if (p->tick)
		p->tick(p->context);
	return !(p->options->stop && *p->options->stop) && clock_boot_ns() < p->deadline_ns;
}

static bool is_stored(const struct late_probe *probe)
{
	return probe->cache == PROBE_EXECUTABLE || probe->cache == PROBE_DURATION;
}

static bool may_run(const struct probes *p)
{
	return p->uid == geteuid() && p->pid_namespace == process_pid_namespace();
}

static int make(struct probes *p, const struct late_probe *probe, const uint8_t hash[16],
		char *into, size_t capacity)
{
	struct late_probe bounded = *probe;
	uint64_t now = clock_boot_ns();
	uint64_t left_ms = p->until_ns > now ? (p->until_ns - now) / 1000000 : 0;
	int said;

	if (!probe->url && !may_run(p))
		return -EPERM;
	if (is_stored(probe)) {
		said = probe_store_read(p->options->state, hash, into, capacity);
		if (said >= 0)
			return said;
	}
	if (left_ms == 0)
		return -ETIME;
	if (probe->url && p->options->preview)
		return -EPERM; /* what is only shown asks nobody */
	if (!go_on(p)) {
		p->cancelled = true;
		return -EINTR;
	}
	if (bounded.timeout_ms > left_ms)
		bounded.timeout_ms = (uint32_t)left_ms;
	said = probe->url ? http_get(&bounded, go_on, p, into, capacity)
			  : probe_run(&bounded, go_on, p, into, capacity);
	p->cancelled |= said == -EINTR;
	if (said >= 0 && is_stored(probe))
		probe_store_write(p->options->state, hash, probe->cache_s, into, (size_t)said);
	return said;
}

int probes_ask(void *context, const struct late_probe *probe, char *into, size_t capacity)
{
	struct probes *p = context;
	struct probes_entry *entry;
	uint8_t hash[16];
	int length;

	if (p->cancelled)
		return -EINTR;
	if (name_of(p, probe, hash))
		return -ENOMEM;
	entry = find(p, hash);
	if (!entry) {
		length = make(p, probe, hash, into, capacity);
		if (!p->cancelled)
			keep(p, probe, hash, into, length);
		return length;
	}
	if (entry->length > (int)capacity)
		return -EFBIG;
	if (entry->length > 0)
		memcpy(into, entry->said, (size_t)entry->length);
	return entry->length;
}
