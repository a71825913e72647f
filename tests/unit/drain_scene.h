/* A pool, a process with a slot in it, a drainer: for tests of drain_claim.h. cmocka comes first.
 */
#ifndef BOOKEND_TESTS_UNIT_DRAIN_SCENE_H
#define BOOKEND_TESTS_UNIT_DRAIN_SCENE_H

#include <sys/prctl.h>

#include "base/checksum.h"
#include "base/drain_claim.h"
#include "base/process.h"
#include "pool_scene.h"

struct fixture {
	struct scene scene;
	struct slot_ref ref; /* the owner's */
	struct drain_claim claim;
	struct stop_facts stop;
	pid_t owner;
	pid_t other; /* a second process, where a test needs one */
};

static inline int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	scene_open(&f->scene, true);
	*state = f;
	return 0;
}

static inline pid_t spawn(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test leaves none behind */
		for (;;)
			pause();
	}
	assert_true(pid > 0);
	return pid;
}

static inline void end(pid_t *pid)
{
	if (*pid <= 0)
		return;
	kill(*pid, SIGKILL);
	scene_reap(*pid);
	*pid = 0;
}

static inline int tear_down(void **state)
{
	struct fixture *f = *state;

	end(&f->owner);
	end(&f->other);
	scene_close(&f->scene);
	free(f);
	return 0;
}

static inline uint32_t pid_of(const struct fixture *f)
{
	return CLAIM_PID(*f->ref.claim);
}

/* A living process with a claimed slot. */
static inline void begin(struct fixture *f)
{
	f->owner = spawn();
	assert_int_equal(slot_claim(&f->scene.pool, (uint32_t)f->owner, 0, 0, 0, &f->ref), 0);
}

static inline void commit(struct fixture *f)
{
	struct start_block start = { .pid = (uint32_t)f->owner,
				     .pid_namespace = process_pid_namespace() };

	slot_commit_start(&f->ref, &start);
}

static inline void begin_running(struct fixture *f)
{
	begin(f);
	commit(f);
}

static inline void note_of(struct fixture *f, struct note_facts facts)
{
	facts.pid = pid_of(f);
	slot_note_own(&f->ref, &facts);
}

/* As if it had been stamped earlier. */
static inline void age_own_note(struct fixture *f, uint64_t by_ns)
{
	struct note *note = &f->ref.slot->own[f->ref.slot->notes % SLOT_NOTES];

	note->boot_ns -= by_ns;
	note->check = checksum((uint8_t *)note + 12, sizeof(*note) - 12, note->commit);
}

static inline void note_exit(struct fixture *f, int code)
{
	note_of(f, (struct note_facts){ .reason = EXIT_EXIT, .code = code });
}

static inline void note_waited(struct fixture *f, int code, int signal)
{
	slot_note_waited(&f->ref, &(struct note_facts){ .reason = EXIT_EXIT,
							.code = code,
							.signal = signal,
							.pid = pid_of(f) });
}

static inline void change(struct fixture *f, enum claim_state to)
{
	assert_true(slot_change(&f->ref, pid_of(f), CLAIM_STATE(*f->ref.claim), to));
}

static inline enum drain_end observe(struct fixture *f)
{
	enum drain_end how;
	uint32_t holder = 0;

	assert_int_equal(drain_claim(&f->scene.pool, f->ref.number, 1, false, &f->claim, &holder),
			 0);
	how = drain_observe(&f->claim, &f->stop);
	drain_abandon(&f->claim);
	return how;
}

static inline void assert_over(struct fixture *f, enum exit_reason reason, int code, int signal)
{
	/* Twice: who observes FINAL later must come to the same. */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(observe(f), DRAIN_OVER);
		assert_int_equal(f->stop.reason, reason);
		assert_int_equal(f->stop.code, code);
		assert_int_equal(f->stop.signal, signal);
		assert_in_range(f->stop.boot_ns, 1, clock_boot_ns());
		assert_in_range(f->stop.real_ns, 1, clock_real_ns());
	}
	assert_int_equal(pool_counted(&f->scene.pool, POOL_STARTS), 1);
	assert_int_equal(pool_counted(&f->scene.pool, POOL_STOPS), 1);
}

#endif
