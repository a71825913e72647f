/*
 * Judged by the slot of the service, which names the owner and when it took over, as long as that
 * slot is not freed; whoever ends it settles its workers first.
 */
#include "base/drain_worker.h"

#include "base/clock.h"

static bool worker_ended_young(const struct start_block *start, const struct note *own)
{
	return own && own->boot_ns < start->boot_ns + START_SETTLES_NS;
}

/* It forked and left with status 0, soon: so does the middle of a double fork. */
static bool worker_is_step(const struct start_block *start, const struct note *own)
{
	return worker_ended_young(start, own) && own->flags & NOTE_FORKED && own->code == 0;
}

/* The service's slot; false: it is another's by now. */
static bool worker_service(const struct slot_ref *worker, uint64_t lifecycle, struct slot_ref *into)
{
	uint32_t number = lifecycle & 0xffff;

	if (number >= worker->pool->slots)
		return false;
	slot_view(worker->pool, number, into);
	return into->lifecycle == lifecycle;
}

/* Did the lifecycle move to a process that the worker came before? */
static bool worker_service_moved(const struct slot_ref *service, uint64_t since_ns)
{
	uint64_t word = atomic_load_explicit(service->claim, memory_order_acquire);
	struct start_block start;

	return slot_read_start(service, &start, NULL, 0) == 0 && start.pid != CLAIM_PID(word) &&
	       atomic_load_explicit(&service->slot->seen_ns, memory_order_relaxed) > since_ns;
}

static enum drain_worker worker_beside(const struct slot_ref *service,
				       const struct start_block *start, const struct note *own)
{
	uint64_t word = atomic_load_explicit(service->claim, memory_order_acquire);

	if (CLAIM_PID(word) == start->pid)
		return DRAIN_WORKER_NO;
	if (!worker_is_step(start, own))
		return DRAIN_WORKER_YES;
	if (worker_service_moved(service, start->boot_ns))
		return DRAIN_WORKER_NO;
	return own->boot_ns + START_SETTLES_NS > clock_boot_ns() ? DRAIN_WORKER_PERHAPS
								 : DRAIN_WORKER_YES;
}

enum drain_worker drain_worker_judge(const struct slot_ref *worker, const struct start_block *start,
				     const struct note *own)
{
	struct slot_ref service;

	if (worker_ended_young(start, own) && own->reason == EXIT_EXEC)
		return DRAIN_WORKER_NO;
	if (!worker_service(worker, start->ancestor, &service))
		return DRAIN_WORKER_YES;
	return worker_beside(&service, start, own);
}

static void worker_settle(const struct slot_ref *service, uint32_t number)
{
	struct start_block start;
	struct slot_ref worker;
	struct note own;
	uint64_t word;
	bool noted;

	slot_view(service->pool, number, &worker);
	if (slot_read_start(&worker, &start, NULL, 0) != 0 || !(start.flags & START_WORKER) ||
	    start.ancestor != service->lifecycle)
		return;
	noted = slot_read_own(&worker, &own) == 0 && own.pid == start.pid;
	word = atomic_load_explicit(worker.claim, memory_order_acquire);
	if (CLAIM_STATE(word) < CLAIM_ENDED &&
	    worker_beside(service, &start, noted ? &own : NULL) == DRAIN_WORKER_NO)
		slot_change(&worker, start.pid, CLAIM_STATE(word), CLAIM_VOID);
}

void drain_worker_settle(const struct slot_ref *service)
{
	if (!worker_service_moved(service, 0))
		return;
	for (uint32_t i = 0; i < service->pool->slots; i++) {
		uint64_t word =
			atomic_load_explicit(&service->pool->claims[i], memory_order_relaxed);

		if (CLAIM_STATE(word) != CLAIM_FREE)
			worker_settle(service, i);
	}
}
