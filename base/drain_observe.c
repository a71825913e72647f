/*
 * Is a lifecycle over, and how did it end? Every stop is provisional until the death is observed:
 * by a waiter's note or in /proc. What could not be looked at is not dead.
 */
#include "base/drain_claim.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/drain_worker.h"
#include "base/foreign.h"
#include "base/process.h"

/* The claim word changes under us at most a few times in a process's life. */
#define OBSERVE_TRIES 8

/* What the slot says at one moment, copied and checked. */
struct view {
	uint64_t word;
	uint64_t seen_ns;
	uint64_t now_ns;
	bool has_start;
	struct start_block start;
	bool has_own;	 /* of the pid that the claim word names */
	bool has_waited; /* likewise */
	unsigned damaged;
	int status;	  /* of an owner that is a zombie; or as process_end() says */
	uint64_t foreign; /* the pid namespace that it was recorded in, if that is not ours */
	struct note own;
	struct note waited;
};

static void view_note(struct view *view, int error, const struct note *note, bool *has)
{
	*has = error == 0 && note->pid == CLAIM_PID(view->word);
	view->damaged += error == -EBADMSG;
}

static void view_start(const struct slot_ref *ref, struct view *view)
{
	int error = slot_read_start(ref, &view->start, NULL, 0);

	view->has_start = error == 0;
	view->damaged += error == -EBADMSG;
	if (error == 0 && view->start.pid_namespace != pool_pid_namespace(ref->pool))
		view->foreign = view->start.pid_namespace;
}

static void view_slot(const struct slot_ref *ref, struct view *view)
{
	*view = (struct view){ .status = PROCESS_GONE };
	view->word = atomic_load_explicit(ref->claim, memory_order_acquire);
	view->seen_ns = atomic_load_explicit(&ref->slot->seen_ns, memory_order_acquire);
	view->now_ns = clock_boot_ns();
	view_start(ref, view);
	view_note(view, slot_read_own(ref, &view->own), &view->own, &view->has_own);
	view_note(view, slot_read_waited(ref, &view->waited), &view->waited, &view->has_waited);
}

static bool waits_for_heirs(const struct view *view)
{
	unsigned state = CLAIM_STATE(view->word);

	return state == CLAIM_EXIT_PENDING || state == CLAIM_DAEMONIZING;
}

static enum process_life owner_life(const struct slot_ref *ref, struct view *view)
{
	uint64_t seen_ns = view->seen_ns != 0 ? view->seen_ns : UINT64_MAX;
	int pid = (int)CLAIM_PID(view->word);

	if (ref->pool->other_boot)
		return PROCESS_DEAD;
	if (view->foreign != 0 && waits_for_heirs(view))
		return PROCESS_UNKNOWN; /* they are not looked for */
	if (view->foreign != 0)
		return foreign_end(view->foreign, pid, seen_ns, &view->status);
	return process_end(pid, seen_ns, &view->status);
}

/* A parent need not ever wait, or the kernel reaped for it (SIGCHLD ignored). */
static bool parent_may_report(const struct slot_ref *ref, const struct view *view)
{
	uint64_t grace = view->status == PROCESS_GONE ? DRAIN_REAPED_NS : DRAIN_ZOMBIE_NS;
	uint64_t missed_ns = atomic_load_explicit(&ref->slot->missed_ns, memory_order_relaxed);

	return missed_ns == 0 || view->now_ns < missed_ns + grace;
}

/* May a waiter still report? One in another pid namespace can not be told from a stranger: it gets
 * the time that a parent has. */
static bool waiter_lives(const struct slot_ref *ref, const struct view *view)
{
	/* Pairs with the release in slot_set_waiter(). */
	uint32_t waiter = atomic_load_explicit(&ref->slot->waiter, memory_order_acquire);
	uint64_t since = atomic_load_explicit(&ref->slot->waiter_ns, memory_order_relaxed);

	if (waiter == 0 || ref->pool->other_boot)
		return false;
	if (((waiter & WAITER_PARENT) != 0 || view->foreign != 0) && !parent_may_report(ref, view))
		return false;
	if (view->foreign != 0)
		return true;
	return process_life((int)(waiter & ~WAITER_PARENT), since) != PROCESS_DEAD;
}

static bool older_than(const struct view *view, uint64_t ns)
{
	return !view->has_own || view->own.boot_ns + ns <= view->now_ns;
}

/* Does a child of the owner that has not registered yet still count? One that was killed never
 * will. */
static bool fork_is_recent(const struct view *view)
{
	return CLAIM_STATE(view->word) == CLAIM_EXIT_PENDING ||
	       view->seen_ns + DRAIN_HEIR_WAIT_NS > view->now_ns;
}

static bool fork_is_pending(const struct slot *slot, const struct view *view)
{
	return atomic_load_explicit(&slot->pending_forks, memory_order_seq_cst) > 0 &&
	       fork_is_recent(view);
}

static bool any_lives(const uint64_t heirs[SLOT_HEIRS])
{
	for (unsigned i = 0; i < SLOT_HEIRS; i++)
		if (HEIR_PID(heirs[i]) != 0 && (heirs[i] & HEIR_GONE) == 0 &&
		    process_life((int)HEIR_PID(heirs[i]), HEIR_SEEN_NS(heirs[i])) != PROCESS_DEAD)
			return true;
	return false;
}

static void copy_heirs(const struct slot *slot, uint64_t into[SLOT_HEIRS])
{
	for (unsigned i = 0; i < SLOT_HEIRS; i++)
		into[i] = atomic_load_explicit(&slot->heirs[i], memory_order_seq_cst);
}

/*
 * Could a descendant still take over what its parent left with exit(0), or in daemon(3)? An heir
 * may fork and die while we look, and its child enter behind us: the answer is no only when the
 * list was the same before and after.
 */
static bool heir_lives(const struct slot_ref *ref, const struct view *view)
{
	uint64_t before[SLOT_HEIRS], after[SLOT_HEIRS];

	if (view->foreign != 0 || ref->pool->other_boot)
		return false;
	if (CLAIM_STATE(view->word) == CLAIM_EXIT_PENDING && older_than(view, DRAIN_HEIR_WAIT_NS))
		return false;
	copy_heirs(ref->slot, before);
	if (fork_is_pending(ref->slot, view) || any_lives(before))
		return true;
	if (fork_is_pending(ref->slot, view))
		return true;
	copy_heirs(ref->slot, after);
	return memcmp(before, after, sizeof(before)) != 0;
}

/* Claimed, and nothing committed. */
static enum drain_end judge_taken(const struct slot_ref *ref, struct view *view)
{
	uint64_t none = 0;

	if (owner_life(ref, view) != PROCESS_DEAD)
		return DRAIN_LIVES;
	/* Killed, or just now, between its claim and its first store: the grace begins here. */
	if (view->seen_ns == 0) {
		atomic_compare_exchange_strong_explicit(&ref->slot->seen_ns, &none, view->now_ns,
							memory_order_relaxed, memory_order_relaxed);
		return DRAIN_LIVES;
	}
	return view->seen_ns + DRAIN_TAKEN_GRACE_NS > view->now_ns ? DRAIN_LIVES : DRAIN_EMPTY;
}

/* The owner has noted an exec as its end. It was none if the process still says so in a while. */
static enum drain_end judge_executed(const struct slot_ref *ref, struct view *view)
{
	if (view->has_waited || older_than(view, DRAIN_EXEC_NS) ||
	    owner_life(ref, view) == PROCESS_DEAD)
		return DRAIN_OVER;
	return DRAIN_LIVES;
}

static enum drain_end judge_owner(const struct slot_ref *ref, struct view *view)
{
	unsigned state = CLAIM_STATE(view->word);
	bool stopped = state == CLAIM_STOPPED || state == CLAIM_EXIT_PENDING;
	enum process_life life;

	if (state == CLAIM_EXECUTING && view->has_own && view->own.reason == EXIT_EXEC)
		return judge_executed(ref, view);
	life = view->has_waited ? PROCESS_DEAD : owner_life(ref, view);
	if (life == PROCESS_ALIVE)
		return DRAIN_LIVES;
	if (life == PROCESS_UNKNOWN && !(stopped && older_than(view, DRAIN_UNKNOWN_NS)))
		return DRAIN_LIVES;
	if (waits_for_heirs(view) && heir_lives(ref, view))
		return DRAIN_WAITING;
	/* Of a zombie the kernel tells us what it will tell the waiter. */
	if (!view->has_waited && view->status < 0 && waiter_lives(ref, view))
		return DRAIN_WAITING;
	return DRAIN_OVER;
}

static bool start_was_told(const struct slot_ref *ref)
{
	uint64_t word = atomic_load_explicit(&ref->slot->drain, memory_order_relaxed);

	return (DRAIN_DONE(word) & DRAIN_DONE_START) != 0;
}

static enum drain_end judge_worker(const struct slot_ref *ref, struct view *view)
{
	enum drain_end end = judge_owner(ref, view);
	bool over = end == DRAIN_OVER;

	switch (drain_worker_judge(ref, &view->start, over && view->has_own ? &view->own : NULL)) {
	case DRAIN_WORKER_NO:
		return DRAIN_VOID;
	case DRAIN_WORKER_PERHAPS:
		return over ? DRAIN_WAITING : end;
	default:
		return end;
	}
}

static enum drain_end judge(const struct slot_ref *ref, struct view *view)
{
	unsigned state = CLAIM_STATE(view->word);

	if (state == CLAIM_ENDED || state == CLAIM_FINAL)
		return DRAIN_OVER;
	if (state == CLAIM_VOID)
		return start_was_told(ref) ? DRAIN_OVER : DRAIN_VOID;
	if (state == CLAIM_FREE || state > CLAIM_VOID)
		return DRAIN_LIVES;
	if (state == CLAIM_TAKEN && !view->has_start)
		return judge_taken(ref, view);
	if (view->has_start && (view->start.flags & START_WORKER) != 0)
		return judge_worker(ref, view);
	return judge_owner(ref, view);
}

/* As the waiter would have noted it. False: there is nothing to note. */
static bool waited_from_kernel(struct view *view, struct note_facts *facts)
{
	int signal = view->status & 0x7f;

	if (view->has_waited || view->status < 0)
		return false;
	*facts = (struct note_facts){
		.reason = signal != 0 ? EXIT_SIGNAL : EXIT_EXIT,
		.code = signal != 0 ? -1 : view->status >> 8 & 0xff,
		.signal = signal,
		.pid = CLAIM_PID(view->word),
	};
	view->has_waited = true;
	view->waited = (struct note){ .reason = (uint16_t)facts->reason,
				      .code = facts->code,
				      .signal = signal,
				      .boot_ns = view->now_ns,
				      .real_ns = clock_real_ns() };
	return true;
}

/* The grace of parent_may_report() begins. */
static void miss_waiter(const struct slot_ref *ref, const struct view *view)
{
	uint64_t none = 0;

	atomic_compare_exchange_strong_explicit(&ref->slot->missed_ns, &none, view->now_ns,
						memory_order_relaxed, memory_order_relaxed);
}

static void take_note(const struct note *note, struct stop_facts *stop)
{
	stop->reason = note->reason < EXIT_REASON_COUNT ? note->reason : EXIT_UNKNOWN;
	stop->code = note->code;
	stop->signal = note->signal;
	stop->boot_ns = note->boot_ns;
	stop->real_ns = note->real_ns;
}

/* The waiter knows code and signal; the process knows the way it took, if it came out there. */
static void take_waited(const struct view *view, struct stop_facts *stop)
{
	const struct note *waited = &view->waited;
	struct stop_facts own = *stop;
	bool own_ended = view->has_own && own.reason != EXIT_VANISHED;

	take_note(waited, stop);
	if (waited->signal != 0) {
		bool aborted = own_ended && own.reason == EXIT_ABORT && waited->signal == SIGABRT;

		stop->reason = aborted ? EXIT_ABORT : EXIT_SIGNAL;
		return;
	}
	stop->reason = EXIT_EXIT;
	if (own_ended && own.signal == 0 && own.code == waited->code) {
		stop->reason = own.reason;
		stop->boot_ns = own.boot_ns;
		stop->real_ns = own.real_ns;
	}
}

/* Into what could not say so itself, and nobody knew beforehand. */
static bool executed_unforeseen(const struct view *view)
{
	bool noted = view->has_own &&
		     (view->own.reason != EXIT_UNKNOWN || view->own.flags & NOTE_GOES_ON);

	return CLAIM_STATE(view->word) == CLAIM_EXECUTING && !view->has_waited && !noted;
}

static void fill_reason(const struct slot_ref *ref, const struct view *view,
			struct stop_facts *stop)
{
	*stop = (struct stop_facts){
		.reason = ref->pool->other_boot ? EXIT_HOST_RESET : EXIT_VANISHED,
		.code = -1,
		.boot_ns = view->now_ns,
		.real_ns = clock_real_ns(),
	};
	if (view->has_own) {
		stop->after_signal = view->own.after_signal;
		stop->untrusted = (view->own.flags & NOTE_UNTRUSTED) != 0;
		/* A note without a reason only tells of a signal that a handler got. */
		if (view->own.reason != EXIT_UNKNOWN)
			take_note(&view->own, stop);
	}
	if (CLAIM_STATE(view->word) == CLAIM_ENDED || CLAIM_STATE(view->word) == CLAIM_VOID)
		stop->reason = EXIT_EXEC;
	/* Noted as the end: whoever waits tells of the program that came then. */
	else if (view->has_own && view->own.reason == EXIT_EXEC)
		return;
	else if (view->has_waited)
		take_waited(view, stop);
	else if (executed_unforeseen(view))
		stop->reason = EXIT_EXEC;
}

static void fill_stop(const struct slot_ref *ref, const struct view *view, struct stop_facts *stop)
{
	fill_reason(ref, view, stop);
	stop->untrusted |= slot_untrusted_at(ref, stop->boot_ns);
}

/* False: the claim word has changed meanwhile. */
static bool make_void(struct slot_ref *ref, const struct view *view)
{
	unsigned state = CLAIM_STATE(view->word);

	return state == CLAIM_VOID || slot_change(ref, CLAIM_PID(view->word), state, CLAIM_VOID);
}

/* Likewise. */
static bool finish(struct slot_ref *ref, const struct view *view)
{
	unsigned state = CLAIM_STATE(view->word);

	if (state == CLAIM_ENDED || state == CLAIM_FINAL || state == CLAIM_VOID)
		return true;
	if (view->has_start && (view->start.flags & START_WORKER) == 0)
		drain_worker_settle(ref);
	/* The state is what tells the next drainer of it, if we are killed. */
	if (!slot_change(ref, CLAIM_PID(view->word), state,
			 executed_unforeseen(view) ? CLAIM_ENDED : CLAIM_FINAL))
		return false;
	/* Killed after its start's commit word and before its claim word. */
	if (state == CLAIM_TAKEN)
		pool_count(ref->pool, POOL_STARTS, 1);
	if (view->damaged > 0)
		pool_count(ref->pool, POOL_DAMAGED, view->damaged);
	return true;
}

/* The drain word is let go first: a next tenant that is killed before it resets the word would
 * inherit our lease. */
static enum drain_end free_taken(struct drain_claim *claim, const struct view *view)
{
	uint64_t seen_ns = view->seen_ns;
	uint64_t word = view->word;
	uint64_t free_word = CLAIM_WORD(CLAIM_GENERATION(word) + 1, 0, CLAIM_FREE);
	struct slot_ref *ref = &claim->ref;

	drain_abandon(claim);
	atomic_compare_exchange_strong_explicit(&ref->slot->seen_ns, &seen_ns, 0,
						memory_order_relaxed, memory_order_relaxed);
	if (!atomic_compare_exchange_strong_explicit(ref->claim, &word, free_word,
						     memory_order_release, memory_order_relaxed))
		return DRAIN_LIVES;
	return DRAIN_EMPTY;
}

enum drain_end drain_observe(struct drain_claim *claim, struct stop_facts *stop)
{
	struct slot_ref *ref = &claim->ref;

	for (int i = 0; i < OBSERVE_TRIES; i++) {
		struct note_facts facts;
		struct view view;
		enum drain_end end;

		view_slot(ref, &view);
		if (CLAIM_GENERATION(view.word) != ref->lifecycle >> 16)
			return DRAIN_LIVES;
		end = judge(ref, &view);
		if (end == DRAIN_WAITING)
			miss_waiter(ref, &view);
		if (end == DRAIN_EMPTY)
			return free_taken(claim, &view);
		/* Another look says what becomes of it when its start was told. */
		if (end == DRAIN_VOID && CLAIM_STATE(view.word) != CLAIM_VOID) {
			make_void(ref, &view);
			continue;
		}
		if (end == DRAIN_OVER) {
			/* For the next drainer, if we are killed before we commit. */
			if (waited_from_kernel(&view, &facts))
				slot_note_waited(ref, &facts);
			if (!finish(ref, &view))
				continue;
			fill_stop(ref, &view, stop);
		}
		return end;
	}
	return DRAIN_LIVES;
}

bool drain_start_settled(const struct start_block *start)
{
	return (start->flags & (START_WORKER | START_BY_PARENT)) == 0 ||
	       start->boot_ns + START_SETTLES_NS <= clock_boot_ns();
}

enum drain_end drain_peek(const struct slot_ref *ref, struct stop_facts *stop)
{
	struct note_facts facts;
	struct view view;
	enum drain_end end;

	view_slot(ref, &view);
	if (CLAIM_GENERATION(view.word) != ref->lifecycle >> 16 || !view.has_start)
		return DRAIN_LIVES;
	end = judge(ref, &view);
	if (end != DRAIN_OVER)
		return end;
	waited_from_kernel(&view, &facts);
	fill_stop(ref, &view, stop);
	return end;
}
