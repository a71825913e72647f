/*
 * Opening in order, closing in the other. The words in the pool's header that tell others of us are
 * written here.
 */
#include "sender/flush.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "sender/bounds.h"
#include "sender/say.h"

#define HELPER_NS (10 * CLOCK_SECOND) /* how far ahead a drainer at work announces itself */

bool flush_stopped(const struct flush *f)
{
	return (f->options->stop && *f->options->stop) || clock_boot_ns() >= f->deadline_ns;
}

/* No pool yet: there may still be segments to deliver. Anything else wrong with it is said. */
static void open_pool(struct flush *f)
{
	enum reason why;
	int r = pool_open(&f->pool, f->options->uid, f->options->state, false, true, &why);

	if (!r) {
		pool_close_file(&f->pool);
		f->has_pool = true;
	} else if (r != -ENOENT) {
		say(f->options, SAY_ERROR, "%s", reason_text(why));
		f->error = r;
	}
}

int flush_open(struct flush *f, const struct sender_options *options)
{
	int r;

	*f = (struct flush){ .options = options, .deadline_ns = UINT64_MAX };
	if (options->timeout_ms >= 0)
		f->deadline_ns = clock_boot_ns() + (uint64_t)options->timeout_ms * 1000000;
	open_pool(f);
	r = spool_open(&f->spool, options, f->has_pool ? &f->pool : NULL,
		       f->has_pool ? drain_number(&f->pool) : (uint32_t)clock_boot_ns() & 0xffffff);
	if (r) {
		say(options, SAY_ERROR, "no folder for the spool: %s", strerror(-r));
		if (f->has_pool)
			pool_close(&f->pool);
		return r;
	}
	images_open(&f->images, options);
	stats_open(&f->stats, options->state);
	deliver_open(&f->deliver, options, &f->spool, &f->images, &f->stats);
	if (!f->has_pool)
		return 0;
	r = drain_open(&f->drain, options, &f->pool, &f->spool, &f->images, &f->stats);
	if (r) {
		flush_close(f);
		return r;
	}
	f->drain.probes.deadline_ns = f->deadline_ns;
	f->spool.settle = drain_settle;
	f->spool.context = &f->drain;
	return 0;
}

bool flush_pool_is_there(const struct flush *f)
{
	enum reason why;
	struct pool pool;

	if (pool_open(&pool, f->options->uid, f->options->state, false, false, &why))
		return false;
	pool_close_file(&pool);
	pool_close(&pool);
	return true;
}

void flush_close(struct flush *f)
{
	deliver_close(&f->deliver);
	if (f->has_pool)
		drain_close(&f->drain);
	spool_close(&f->spool);
	images_close(&f->images);
	stats_close(&f->stats);
	if (f->has_pool)
		pool_close(&f->pool);
}

void flush_announce(struct flush *f, bool at_work)
{
	if (f->has_pool && !f->options->only)
		atomic_store_explicit(&f->pool.header->helper_until_ns,
				      at_work ? clock_boot_ns() + HELPER_NS : 0,
				      memory_order_relaxed);
}

void flush_drain(struct flush *f)
{
	uint64_t stops;
	int r;

	if (!f->has_pool)
		return;
	stops = pool_counted(&f->pool, POOL_STOPS);
	r = drain_pass(&f->drain, &f->found);
	if (r)
		say(f->options, SAY_ERROR,
		    "the spool can not be written: %s; records stay in the pool", strerror(-r));
	else if (!f->options->only)
		atomic_store_explicit(&f->pool.header->drained_stops, stops, memory_order_relaxed);
	f->error = r;
	f->drained_ns = clock_boot_ns();
	flush_announce(f, true);
}

void flush_deliver(struct flush *f)
{
	if (f->has_pool)
		drain_erase(&f->drain);
	bounds_apply(&f->spool, &f->images, &f->stats);
	deliver_run(&f->deliver, f->deadline_ns);
}
