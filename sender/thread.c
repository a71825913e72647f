/*
 * Rounds of draining and delivering, and sleep on the record's bell. What may have changed in the
 * host is looked at before every round and while a request is under way: whether it wants us gone,
 * its user, a filter of system calls.
 */
#include "sender/thread.h"

#include <errno.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/futex.h"
#include "base/sys.h"
#include "sender/flush.h"
#include "sender/library.h"
#include "sender/namespace.h"
#include "sender/step.h"

#define ROUND_MS 500 /* between two looks at what may have been recorded */
#define STUCK_MS 30000

struct work {
	struct sender_thread *record;
	struct sender_options options;
	struct flush flush;
	enum sender_way way; /* why it stopped; AWAY: the host wants us gone, and says why */
};

static void stop_for(struct work *w, enum sender_way way)
{
	w->way = way;
	atomic_store(&w->record->leave, 1);
}

static bool stopped(const struct work *w)
{
	return atomic_load(&w->record->leave);
}

/* Before every request, too: deliver.tick. */
static void look_at_host(void *context)
{
	struct work *w = context;

	if (stopped(w))
		return;
	if (prctl(PR_GET_SECCOMP) != 0)
		stop_for(w, SENDER_SECCOMP);
	else if (sys_geteuid() != w->record->uid)
		stop_for(w, SENDER_USER);
}

/* What a round may have shown: that it is better done from outside. */
static void look_at_ourselves(struct work *w)
{
	/* A look-up of a name, or a library's own plugins, may have loaded something. */
	if (!namespace_defuse())
		stop_for(w, SENDER_DESTRUCTORS);
	else if (library_is_missing() && !w->record->stays)
		stop_for(w, SENDER_NO_CURL);
}

/* How long until there may be something to do; 0: never, before the process ends. */
static uint64_t rest_ms(struct work *w)
{
	struct flush *f = &w->flush;
	uint64_t now = clock_boot_ns();
	uint64_t next = deliver_next_ns(&f->deliver);

	if (f->spool.count && next != UINT64_MAX)
		return next > now ? (next - now) / 1000000 + 1 : 1;
	if (w->record->stays || f->found.busy)
		return ROUND_MS;
	return f->spool.count || f->found.stuck || f->error ? STUCK_MS : 0;
}

/*
 * The thread before us, of another process of this lifecycle or of the same before an exec, may
 * have left a segment: nobody else is bound to look after it before the lifecycle ends. True: that
 * one is still there.
 */
static bool await_former(struct work *w)
{
	uint32_t former = atomic_load(w->record->drainer);

	if (former == w->flush.spool.drainer)
		return false;
	if (former && spool_left_by(&w->flush.spool, former))
		return true;
	atomic_store(w->record->drainer, w->flush.spool.drainer);
	return false;
}

static void settled(struct work *w)
{
	if (!w->flush.deliver.hurry || atomic_load(&w->record->settled))
		return;
	atomic_store(&w->record->settled, 1);
	futex_wake(&w->record->settled);
}

static void rounds(struct work *w)
{
	for (;;) {
		uint32_t bell = atomic_load(&w->record->bell);
		bool former;
		uint64_t ms;

		look_at_host(w);
		w->flush.deliver.hurry = atomic_load(&w->record->hurry);
		if (stopped(w))
			return;
		former = await_former(w);
		flush_drain(&w->flush);
		flush_deliver(&w->flush);
		look_at_ourselves(w);
		if (stopped(w))
			return;
		settled(w);
		ms = rest_ms(w);
		if (!ms && !former) {
			atomic_store(w->record->drainer, 0);
			stop_for(w, SENDER_DONE);
			return;
		}
		if (!ms || ((w->record->stays || former) && ms > ROUND_MS))
			ms = ROUND_MS;
		futex_wait(&w->record->bell, bell, (uint32_t)ms);
	}
}

static void work(struct work *w)
{
	int r = flush_open(&w->flush, &w->options);

	if (r || !w->flush.has_pool) {
		if (!r)
			flush_close(&w->flush);
		stop_for(w, SENDER_NO_POOL);
		return;
	}
	w->flush.deliver.tick = look_at_host;
	w->flush.deliver.context = w;
	w->flush.drain.tick = look_at_host;
	w->flush.drain.context = w;
	rounds(w);
	if (sender_way_by(w->way) == SENDER_BY_HELPER)
		pool_count(&w->flush.pool, POOL_NO_THREAD, 1);
	flush_close(&w->flush);
}

static void *thread_main(void *argument)
{
	struct sender_thread *record = argument;
	struct work w = { .record = record,
			  .way = SENDER_AWAY,
			  .options = { .state = record->state,
				       .uid = record->uid,
				       .timeout_ms = -1,
				       .follow = true,
				       .only = record->lifecycle,
				       .workers = record->workers } };

	/* An atomic word of 32 bits is an int to who only looks whether it is 0. */
	w.options.stop = (const volatile int *)(uintptr_t)&record->leave;
	atomic_store(&record->tid, sys_gettid());
	prctl(PR_SET_NAME, "bookend");
	step_of(record);
	work(&w);
	if (w.way != SENDER_AWAY)
		atomic_store(record->word, w.way);
	return NULL;
}

uint32_t bookend_sender_thread(struct sender_thread *record)
{
	static bool parted;
	enum sender_way way;

	if (record->abi != SENDER_THREAD_ABI || record->bytes != sizeof(*record))
		return SENDER_OTHER_VERSION;
	if (!parted) {
		way = namespace_part();
		if (way)
			return way;
		parted = true;
	}
	atomic_store(&record->tid, -1);
	atomic_store(record->word, SENDER_AT_WORK);
	if (!namespace_thread(thread_main, record, &record->stack))
		return SENDER_AT_WORK;
	atomic_store(&record->tid, 0);
	return SENDER_NO_CREATE;
}
