/*
 * Newest to oldest with a running total: a route whose destination's bound the total has passed is
 * acknowledged to its end.
 */
#include "sender/bounds.h"

#include "base/clock.h"
#include "sender/say.h"

static uint64_t count_unsent(struct segment *segment, uint32_t route)
{
	uint64_t unsent = 0;

	if (segment_load(segment))
		return 0;
	for (uint32_t i = 0; i < segment->items; i++)
		if (segment->item[i].routes >> route & 1 &&
		    segment->item[i].end > segment->route[route].acked)
			unsent++;
	return unsent;
}

static void bounds_of(const struct spool *spool, struct images *images,
		      const struct segment *segment, uint32_t route, uint64_t *bytes, uint64_t *age)
{
	const struct image *image = images_get(images, segment->image, NULL);
	struct late_destination to = { 0 };

	if (image && late_destination(image, segment->route[route].destination, &to))
		to = (struct late_destination){ 0 };
	*bytes = to.spool_bytes ? to.spool_bytes : SPOOL_STATE_BYTES;
	*age = to.spool_age_ns ? to.spool_age_ns : SPOOL_AGE_NS;
	if (segment->folder == spool->folder[1] && *bytes > SPOOL_TMPFS_BYTES)
		*bytes = SPOOL_TMPFS_BYTES;
}

static uint64_t drop_from(struct spool *spool, struct images *images, struct segment *segment,
			  uint64_t total, uint64_t now)
{
	uint64_t age = now > segment->created_ns ? now - segment->created_ns : 0;
	uint64_t dropped = 0;

	for (uint32_t i = 0; i < segment->routes; i++) {
		uint64_t most_bytes, most_age;

		if (segment->route[i].acked >= segment->end)
			continue;
		bounds_of(spool, images, segment, i, &most_bytes, &most_age);
		if (total <= most_bytes && age <= most_age)
			continue;
		dropped += count_unsent(segment, i);
		segment_acknowledge(segment, i, segment->end);
	}
	segment_unload(segment);
	return dropped;
}

void bounds_apply(struct spool *spool, struct images *images, struct stats *stats)
{
	uint64_t total[2] = { 0, 0 };
	uint64_t now = clock_real_ns();
	uint64_t dropped = 0;

	for (uint32_t i = spool->count; i-- > 0;) {
		struct segment *segment = spool->held[i];
		int which = segment->folder == spool->folder[1];

		total[which] += segment->end;
		dropped += drop_from(spool, images, segment, total[which], now);
	}
	if (!dropped)
		return;
	stats_add(stats, STATS_DROPPED, dropped);
	say(spool->options, SAY_WARNING,
	    "%llu events dropped: the spool is full, or they are too old",
	    (unsigned long long)dropped);
	spool_retire(spool);
}
