/*
 * The face: a flush is wait, drain, deliver, and the words in the pool's header that tell others
 * when the next one is due.
 */
#include "sender/sender.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "sender/flush.h"
#include "sender/open.h"
#include "sender/say.h"
#include "sender/spool_look.h"
#include "sender/tail.h"
#include "sender/wait.h"

#define WAIT_FOR_MS	60000
#define DUE_NS		(60 * CLOCK_SECOND)
#define SETTLE_ROUND_MS 50
#define SETTLE_MS	2500 /* for slots whose end is about to be known */
#define FOLLOW_MS	500

static void nap(int ms)
{
	nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000L }, NULL);
}

/* What the kernel said of a process whose parent may never tell us. */
static void note_end(struct pool *pool, uint32_t pid, int status)
{
	int signal = status & 0x7f;
	struct note_facts facts = {
		.reason = signal ? EXIT_SIGNAL : EXIT_EXIT,
		.code = signal ? -1 : status >> 8 & 0xff,
		.signal = signal,
		.pid = pid,
	};
	struct slot_ref newest = { .slot = NULL };

	/* Older ones are former processes with its pid. */
	for (uint32_t at = 0; slot_names(pool, pid, &at); at++) {
		struct slot_ref ref;

		slot_view(pool, at, &ref);
		if (!newest.slot ||
		    atomic_load(&ref.slot->seen_ns) > atomic_load(&newest.slot->seen_ns))
			newest = ref;
	}
	if (newest.slot)
		slot_note_waited(&newest, &facts);
}

/* What is about to be known is waited for a moment: a waiter's word, an heir, another drainer's
 * commit. */
static void drain_settled(struct flush *f)
{
	uint64_t begun = clock_boot_ns();

	flush_drain(f);
	while (!flush_stopped(f) && f->found.waiting + f->found.busy > 0 &&
	       clock_boot_ns() - begun < SETTLE_MS * UINT64_C(1000000)) {
		nap(SETTLE_ROUND_MS);
		flush_drain(f);
	}
}

static void follow_tick(void *context)
{
	struct flush *f = context;

	if (clock_boot_ns() - f->drained_ns < FOLLOW_MS * UINT64_C(1000000))
		return;
	spool_adopt(&f->spool);
	flush_drain(f);
}

static void once_tick(void *context)
{
	flush_announce(context, true);
}

/* A drainer that was there before the first program: does it have a pool by now? The report goes
 * on. */
static bool find_pool(struct flush *f)
{
	uint64_t count[STATS_COUNT_LAST];
	bool found = f->has_pool || flush_pool_is_there(f);

	if (found == f->has_pool)
		return true;
	memcpy(count, f->stats.count, sizeof(count));
	flush_close(f);
	if (flush_open(f, f->options))
		return false;
	memcpy(f->stats.count, count, sizeof(count));
	return true;
}

/* False: nothing is open any more. */
static bool follow(struct flush *f)
{
	while (!flush_stopped(f)) {
		if (!find_pool(f))
			return false;
		f->deliver.tick = follow_tick;
		f->deliver.context = f;
		follow_tick(f);
		flush_deliver(f);
		nap(DELIVER_LOOK_MS);
	}
	return true;
}

static void report_on(struct flush *f, struct sender_report *report)
{
	const uint64_t *count = f->stats.count;

	*report = (struct sender_report){ .recorded = count[STATS_RECORDED],
					  .sent = count[STATS_SENT],
					  .acknowledged = count[STATS_ACKNOWLEDGED],
					  .retried = count[STATS_RETRIED],
					  .poisoned = count[STATS_POISONED],
					  .dropped = count[STATS_DROPPED],
					  .waiting = deliver_waiting(&f->deliver),
					  .living = f->found.living };
}

static int outcome(struct flush *f, const struct sender_report *report)
{
	uint64_t rest = deliver_rest_ns(&f->deliver);
	bool later = report->waiting || f->found.waiting || f->found.busy || f->found.stuck;

	if (f->has_pool)
		atomic_store_explicit(&f->pool.header->due_ns,
				      clock_boot_ns() + (rest ? rest : DUE_NS),
				      memory_order_relaxed);
	if (f->error)
		return f->error;
	return later ? -EAGAIN : 0;
}

/* TLS writes to closed connections raise it; a handler is not ours to set. */
static void block_sigpipe(sigset_t *before)
{
	sigset_t pipe;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, before);
}

static void restore_sigpipe(const sigset_t *before)
{
	const struct timespec now = { 0 };
	sigset_t pipe;

	if (sigismember(before, SIGPIPE))
		return;
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	while (sigtimedwait(&pipe, NULL, &now) == SIGPIPE)
		;
	pthread_sigmask(SIG_SETMASK, before, NULL);
}

/* False: nothing is open any more. */
static bool work(struct flush *f)
{
	flush_announce(f, true);
	spool_adopt(&f->spool);
	open_reset(f->options, f->has_pool ? &f->pool : NULL, &f->spool, &f->images, &f->stats);
	f->drain.tick = once_tick;
	f->drain.context = f;
	if (f->options->follow)
		return follow(f);
	f->deliver.tick = once_tick;
	f->deliver.context = f;
	drain_settled(f);
	do {
		flush_deliver(f);
	} while (!flush_stopped(f) && spool_adopt(&f->spool));
	return true;
}

static int sender_flush(const struct sender_options *options, struct sender_report *report)
{
	sigset_t before;
	struct flush f;
	int status = -1;
	int r;

	*report = (struct sender_report){ 0 };
	if (options->wait_for)
		status = wait_for_death(options->wait_for, options->wait_file, WAIT_FOR_MS,
					options->stop);
	r = flush_open(&f, options);
	if (r)
		return r;
	if (status >= 0 && f.has_pool)
		note_end(&f.pool, options->wait_for, status);
	block_sigpipe(&before);
	if (work(&f)) {
		report_on(&f, report);
		r = outcome(&f, report);
		flush_announce(&f, false);
		flush_close(&f);
	} else {
		r = -EIO; /* what was wrong was said */
	}
	restore_sigpipe(&before);
	return r;
}

static int sender_spool(const struct sender_options *options, struct sender_spool *into)
{
	*into = (struct sender_spool){ 0 };
	return spool_look(options, into);
}

static int sender_tail(const struct sender_options *options,
		       void (*line)(void *context, const char *json, uint32_t length))
{
	return tail_run(options, line);
}

const struct sender_api *bookend_sender(void)
{
	static const struct sender_api api = { SENDER_ABI, sender_flush, sender_tail,
					       sender_spool };

	return &api;
}
