#include "tools/status.h"
#include "tools/file.h"
#include "tools/service_name.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/process.h"
#include "base/sender_thread.h"
#include "base/slot.h"
#include "base/text.h"
#include "policy/late.h"

static void print_classes(struct listing *list, const struct pool *pool)
{
	static const struct listing_column columns[] = { { "slot_bytes", "bytes each", true },
							 { "taken", "taken", true },
							 { "slots", "slots", true } };
	char bytes[16], taken_text[16], slots[16];

	listing_table(list, "slots", "Slots", columns, 3);
	for (uint32_t c = 0; pool && c < pool->classes; c++) {
		const struct pool_class *class = &pool->class[c];
		uint32_t taken = 0;

		for (uint32_t i = class->first; i < class->first + class->count; i++)
			taken += CLAIM_STATE(pool->claims[i]) != CLAIM_FREE;
		snprintf(bytes, sizeof(bytes), "%u", class->slot_bytes);
		snprintf(taken_text, sizeof(taken_text), "%u", taken);
		snprintf(slots, sizeof(slots), "%u", class->count);
		listing_row(list, (const char *[]){ bytes, taken_text, slots });
	}
	listing_table_end(list);
}

static void print_counts(struct listing *list, const struct pool *pool)
{
	listing_section(list, "counts", "Recorded");
	for (int i = 0; i < POOL_COUNT_LAST; i++)
		listing_count(list, pool_count_name(i), pool_count_text(i),
			      pool ? pool_counted(pool, i) : 0);
	listing_section_end(list);
}

static const char *describe(const struct slot_ref *ref, uint64_t word)
{
	uint64_t seen = atomic_load_explicit(&ref->slot->seen_ns, memory_order_relaxed);

	switch (CLAIM_STATE(word)) {
	case CLAIM_ENDED:
	case CLAIM_FINAL:
		return "ended, waits for a drainer";
	case CLAIM_TAKEN:
		return "starts";
	default:
		break;
	}
	switch (process_life((int)CLAIM_PID(word), seen)) {
	case PROCESS_DEAD:
		return "ended, waits for a drainer";
	case PROCESS_ALIVE:
		return "runs";
	default:
		return "unknown";
	}
}

static void print_lifecycle(struct status *status, const struct slot_ref *ref, uint64_t word)
{
	char service[LISTING_CELL], pid[16], started[40];
	struct text t = text_init(started, sizeof(started));
	struct start_block start;
	uint32_t way;

	if (slot_read_start(ref, &start, NULL, 0) != 0)
		return;
	service_name(status->state, &start, service);
	way = atomic_load_explicit(&ref->slot->sender, memory_order_relaxed);
	snprintf(pid, sizeof(pid), "%u", CLAIM_PID(word));
	text_add_time(&t, start.real_ns, 0);
	listing_row(&status->list,
		    (const char *[]){ service, pid, started, describe(ref, word),
				      sender_by_name(sender_way_by(way)), sender_way_text(way) });
}

static void print_lifecycles(struct status *status, struct pool *pool)
{
	static const struct listing_column columns[] = {
		{ "service", "service", false },     { "pid", "pid", true },
		{ "started", "started", false },     { "state", "state", false },
		{ "sender", "delivered by", false }, { "why", "why", false }
	};

	listing_table(&status->list, "lifecycles", "Lifecycles in the pool", columns, 6);
	for (uint32_t i = 0; pool && i < pool->slots; i++) {
		uint64_t word = atomic_load_explicit(&pool->claims[i], memory_order_acquire);
		struct slot_ref ref;

		if (CLAIM_STATE(word) == CLAIM_FREE)
			continue;
		slot_view(pool, i, &ref);
		print_lifecycle(status, &ref, word);
	}
	listing_table_end(&status->list);
}

/* Pools that another version of bookend made: its own drainers deliver from them. */
static void print_others(struct listing *list, const char *folder)
{
	static const struct listing_column columns[] = { { "name", "file", false } };
	DIR *directory = opendir(folder);
	const struct dirent *entry;
	char own[16];

	snprintf(own, sizeof(own), "pool-%d-", POOL_MAJOR);
	listing_table(list, "other_pools", "Pools of other versions", columns, 1);
	while (directory && (entry = readdir(directory)) != NULL)
		if (strncmp(entry->d_name, "pool-", 5) == 0 &&
		    strncmp(entry->d_name, own, strlen(own)) != 0)
			listing_row(list, (const char *[]){ entry->d_name });
	listing_table_end(list);
	if (directory)
		closedir(directory);
}

static void print_pool(struct status *status, const struct pool *pool)
{
	uint32_t control = atomic_load_explicit(&pool->header->control, memory_order_relaxed);
	struct listing *list = &status->list;
	char version[32];
	uint32_t taken, slots;

	pool_usage(pool, &taken, &slots);
	snprintf(version, sizeof(version), "%u.%u", pool->header->facts.major,
		 pool->header->facts.minor);
	listing_answer(list, "usable", "usable", true, NULL);
	listing_bytes(list, "bytes", "size", pool->file_bytes);
	listing_text(list, "version", "format", version);
	listing_number(list, "taken", "slots taken", taken);
	listing_number(list, "slots", "of", slots);
	listing_text(list, "control", "switched",
		     control & POOL_CONTROL_OFF	   ? "off"
		     : control & POOL_CONTROL_SOME ? "off for some services"
						   : "on");
}

/* pool: NULL when there is none. Programs find every key all the same. */
static void print_contents(struct status *status, struct pool *pool)
{
	print_classes(&status->list, pool);
	print_counts(&status->list, pool);
	print_lifecycles(status, pool);
}

void status_pool(struct status *status)
{
	struct listing *list = &status->list;
	char folder[PATHS_MAX], name[64], path[PATHS_MAX + 80];
	enum reason why = REASON_MEASURED;
	struct pool pool;
	int error;

	if (status->state_error || paths_pool_folder(geteuid(), folder) != 0)
		return;
	paths_pool_name(status->state, name);
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	error = pool_open(&pool, geteuid(), status->state, false, true, &why);
	listing_section(list, "pool", "Pool");
	listing_text(list, "path", "file", path);
	if (error == 0) {
		print_pool(status, &pool);
	} else if (error == -ENOENT) {
		listing_answer(list, "usable", "usable", false,
			       "not made yet: nothing was recorded");
	} else {
		listing_answer(list, "usable", "usable", false, reason_text(why));
		listing_text(list, "advice", "what to do", status_advice(why));
	}
	listing_section_end(list);
	print_contents(status, error == 0 ? &pool : NULL);
	print_others(list, folder);
	if (error == 0)
		pool_close(&pool);
}
