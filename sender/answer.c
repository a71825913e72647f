/*
 * 2xx is an acknowledgement. 400, 413 and 422 speak of the events: the batch is halved until the
 * culprit stands alone and is kept aside. Every other refusal speaks of us (key, path, rights):
 * nothing is lost, the route rests. The rest is tried again.
 */
#include "sender/answer.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "sender/poison.h"
#include "sender/say.h"
#include "sender/sent_log.h"

#define RETRY_AFTER_MOST 300 /* seconds */
#define GIVE_UP_MS	 60000

enum verdict { VERDICT_ACCEPTED, VERDICT_AGAIN, VERDICT_EVENTS, VERDICT_OFF };

static enum verdict judge_status(const struct route *route, int status)
{
	if (status >= 200 && status < 300)
		return VERDICT_ACCEPTED;
	if (status > 0 && status < 600 && route->to.retry_status[status])
		return VERDICT_AGAIN;
	if (status == 400 || status == 413 || status == 422)
		return VERDICT_EVENTS;
	return VERDICT_OFF;
}

static enum verdict judge(const struct route *route)
{
	switch (route->request.result) {
	case TRANSPORT_STATUS:
		return judge_status(route, route->request.status);
	case TRANSPORT_NETWORK:
		return route->to.retry_network ? VERDICT_AGAIN : VERDICT_OFF;
	case TRANSPORT_TIMEOUT:
		return route->to.retry_timeout ? VERDICT_AGAIN : VERDICT_OFF;
	case TRANSPORT_REFUSED:
		break;
	}
	return VERDICT_OFF;
}

static const char *advice(int status)
{
	switch (status) {
	case 401:
	case 403:
		return ": check the key";
	case 404:
	case 405:
	case 410:
		return ": check the url";
	default:
		return status >= 300 && status < 400
			       ? ": redirects are not followed, put the new url"
			       : "";
	}
}

static void describe(const struct route *route, char *into, size_t capacity)
{
	const struct transport_request *request = &route->request;

	if (request->result == TRANSPORT_STATUS)
		snprintf(into, capacity, "%d from %s%s%s%s", request->status, route->label,
			 advice(request->status), request->message[0] ? ": " : "",
			 request->message);
	else
		snprintf(into, capacity, "%s: %s", route->label, request->message);
}

static void fresh_batch(struct route *route)
{
	route->tries = 0;
	route->first_try_ns = 0;
	route->not_before_ns = 0;
}

void answer_off(struct deliver *d, struct route *route, const char *why)
{
	uint32_t failures = stats_outcome(d->stats, route->to.name, why);

	route->off = true;
	route->off_until_ns = clock_boot_ns() + deliver_backoff_ns(failures);
	fresh_batch(route);
	if (failures > d->failures)
		d->failures = failures;
	if (route->request.retry_after > d->rest_s)
		d->rest_s = route->request.retry_after;
	say(d->options, SAY_WARNING, "destination %s: %s", route->to.name, why);
}

void answer_refuse(void *context, struct route *route, const struct event *event, const char *why)
{
	struct deliver *d = context;
	int folder = d->spool->folder[d->spool->on_tmpfs];
	int r = poison_keep(folder, route->to.name, event,
			    route->request.result == TRANSPORT_STATUS ? route->request.status : 0,
			    why);

	stats_add(d->stats, STATS_POISONED, 1);
	say(d->options, SAY_WARNING, "destination %s refuses an event \"%.*s\" for good (%s)%s",
	    route->to.name, (int)event->name.length, event->name.text, why,
	    r ? "; it could not be kept" : "; it is kept in poison.ndjson");
}

static void accepted(struct deliver *d, struct route *route)
{
	stats_add(d->stats, STATS_ACKNOWLEDGED, route->parts);
	stats_outcome(d->stats, route->to.name, NULL);
	route->suspects = route->suspects > route->parts ? route->suspects - route->parts : 0;
	route->limit = route->suspects ? (route->suspects + 1) / 2 : 0;
	route_advance(route);
	fresh_batch(route);
}

static void bisect(struct deliver *d, struct route *route)
{
	char why[512];
	struct event event;

	fresh_batch(route);
	if (route->parts > 1) {
		if (route->request.status == 413)
			route->ceiling = route->parts / 2;
		route->suspects = route->parts;
		route->limit = route->parts / 2;
		return;
	}
	describe(route, why, sizeof(why));
	stats_outcome(d->stats, route->to.name, why);
	if (!route_only(route, &event))
		answer_refuse(d, route, &event, why);
	route->suspects = 0;
	route->limit = 0;
	route_advance(route);
}

/* Exponential with jitter, between the destination's bounds; Retry-After counts when it is more. */
static uint64_t wait_ms(const struct route *route)
{
	uint64_t least = route->to.wait_min_ms ? route->to.wait_min_ms : 500;
	uint64_t most = route->to.wait_max_ms > least ? route->to.wait_max_ms : least;
	uint64_t wait = least << (route->tries < 16 ? route->tries - 1 : 15);
	uint64_t after = route->request.retry_after;

	if (wait > most)
		wait = most;
	wait = wait / 2 + clock_boot_ns() / 1000 % (wait / 2 + 1);
	if (after > RETRY_AFTER_MOST)
		after = RETRY_AFTER_MOST;
	return after * 1000 > wait ? after * 1000 : wait;
}

static void again(struct deliver *d, struct route *route)
{
	uint64_t now = clock_boot_ns();
	uint64_t wait = wait_ms(route) * 1000000;
	/* Without any bound of its own a batch is given up after a minute. */
	uint64_t give_up = (uint64_t)(route->to.give_up_ms || route->to.tries ? route->to.give_up_ms
									      : GIVE_UP_MS) *
			   1000000;
	char why[512];

	describe(route, why, sizeof(why));
	if ((route->to.tries && route->tries >= route->to.tries) ||
	    (give_up && now + wait > route->first_try_ns + give_up)) {
		answer_off(d, route, why);
		return;
	}
	stats_outcome(d->stats, route->to.name, why);
	route->not_before_ns = now + wait;
}

/* Is the destination done with the processes of this batch? */
static bool stops(const struct route *route)
{
	const struct transport_request *request = &route->request;

	if (route->to.stop_failures && route->failed >= route->to.stop_failures)
		return true;
	return request->result == TRANSPORT_STATUS && request->status > 0 &&
	       request->status < 600 && route->to.stop_status[request->status];
}

static void stop_processes(struct deliver *d, struct route *route)
{
	char why[512];

	describe(route, why, sizeof(why));
	stats_outcome(d->stats, route->to.name, why);
	say(d->options, SAY_WARNING,
	    "destination %s: %s: nothing more of these processes is sent there, as its stop: says",
	    route->to.name, why);
	route_stop_batch(route, &d->stopped);
	route->failed = 0;
	route->suspects = 0;
	route->limit = 0;
	fresh_batch(route);
}

void answer_take(struct deliver *d, struct route *route)
{
	enum verdict verdict = judge(route);
	char why[512];

	sent_log_add(d->options->state, route);
	route->failed = verdict == VERDICT_ACCEPTED ? 0 : route->failed + 1;
	if (verdict != VERDICT_ACCEPTED && stops(route)) {
		stop_processes(d, route);
		return;
	}
	switch (verdict) {
	case VERDICT_ACCEPTED:
		accepted(d, route);
		break;
	case VERDICT_EVENTS:
		bisect(d, route);
		break;
	case VERDICT_AGAIN:
		again(d, route);
		break;
	case VERDICT_OFF:
		describe(route, why, sizeof(why));
		answer_off(d, route, why);
		break;
	}
}
