/*
 * What the launcher writes into the hot pool about its command. The start is committed before the
 * program runs, so that the shim adopts it, and a program that can not be preloaded has one too;
 * the end is the truth of wait(2).
 */
#include "tools/run.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/switches.h"
#include "base/process.h"

static bool stands_alone(const struct subject *subject)
{
	(void)subject;
	return true;
}

void run_record_subject(const struct program *program, pid_t pid, struct subject *subject)
{
	memset(subject, 0, sizeof(*subject));
	subject->exe = program->file.exe;
	subject->script = program->file.script[0] ? program->file.script : NULL;
	subject->argc = program->argc;
	subject->argv = program->argv;
	subject->envp = (const char *const *)environ;
	subject->pid = (uint32_t)pid;
	subject->parent = (uint32_t)getpid();
	subject->uid = geteuid();
	subject->stands_alone = stands_alone;
}

/* Its losses are counted by the shim. */
static bool carries_shim(const struct program *program)
{
	return program_file_carries_shim(&program->file);
}

static void lost(const struct run_record *record, const struct program *program, enum reason why)
{
	if (!carries_shim(program))
		pool_tally_loss(record->state, why);
}

static bool claim(struct run_record *record, const struct decision *decision,
		  const struct program *program, pid_t pid)
{
	enum reason why;

	if (pool_open(&record->pool, geteuid(), record->state, true, false, &why) != 0) {
		lost(record, program, why);
		return false;
	}
	record->open = true;
	if (switches_off(record->pool.header,
			 switches_hash(decision->name, strlen(decision->name))))
		return false;
	if (slot_claim(&record->pool, (uint32_t)pid, decision->payload_bytes,
		       decision->counter_bytes, decision->ring_bytes, &record->slot) != 0) {
		if (!carries_shim(program))
			pool_count(&record->pool, POOL_NO_SLOT, 1);
		return false;
	}
	return true;
}

static void commit(struct run_record *record, const struct decision *decision,
		   const struct subject *subject)
{
	struct start_block facts = {
		.boot_ns = clock_boot_ns(),
		.real_ns = clock_real_ns(),
		.pid = subject->pid,
		.parent = subject->parent,
		.uid = subject->uid,
		.service = decision->service,
		.pid_namespace = process_pid_namespace(),
		.flags = START_BY_LAUNCHER | (decision->command ? START_COMMAND : 0),
	};
	bool truncated = false;

	memcpy(facts.image, decision->image, sizeof(facts.image));
	facts.payload = policy_snapshot(decision, subject, slot_payload(&record->slot),
					record->slot.class.payload_bytes, &truncated);
	if (truncated)
		pool_count(&record->pool, POOL_TRUNCATED, 1);
	slot_set_waiter(&record->slot, (uint32_t)getpid());
	slot_commit_start(&record->slot, &facts);
}

void run_record_start(struct run_record *record, const struct run_policy *policy,
		      const struct program *program, pid_t pid)
{
	static _Alignas(16) uint8_t arena[DECIDE_ARENA];
	struct decision decision;
	struct subject subject;

	run_record_subject(program, pid, &subject);
	if (policy_decide(policy->image, policy->services, &subject, arena, sizeof(arena),
			  &decision, NULL) != REASON_MEASURED)
		return;
	record->claimed = claim(record, &decision, program, pid);
	if (record->claimed)
		commit(record, &decision, &subject);
	if (record->open)
		pool_close_file(&record->pool);
}

void run_record_withdraw(struct run_record *record)
{
	if (record->claimed)
		slot_withdraw(&record->slot);
}

/* The command was not measured; what it started, or became by exec, may have been. */
static bool open_again(struct run_record *record)
{
	enum reason why;

	if (record->open)
		return true;
	if (pool_open(&record->pool, geteuid(), record->state, false, false, &why) != 0)
		return false;
	record->open = true;
	pool_close_file(&record->pool);
	return true;
}

/* The child may have become another service by exec, with a lifecycle of its own. */
static void note_others(struct run_record *record, const struct note_facts *facts)
{
	uint32_t at = 0;
	struct pool pool;

	if (!open_again(record) || !slot_names(&record->pool, facts->pid, &at) ||
	    pool_reopen(&record->pool, geteuid(), record->state, &pool) != 0)
		return;
	for (; slot_names(&pool, facts->pid, &at); at++) {
		struct start_block start;
		struct slot_ref slot;

		if (slot_map(&pool, at, &slot) != 0)
			break;
		if (slot_read_start(&slot, &start, NULL, 0) == 0 &&
		    start.parent == (uint32_t)getpid())
			slot_note_waited(&slot, facts);
		slot_unmap(&slot);
	}
	pool_close_file(&pool);
}

void run_record_end(struct run_record *record, pid_t pid, int status)
{
	struct note_facts facts = {
		.reason = WIFSIGNALED(status) ? EXIT_SIGNAL : EXIT_EXIT,
		.code = WIFSIGNALED(status) ? -1 : WEXITSTATUS(status),
		.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
		.pid = (uint32_t)pid,
	};

	if (record->claimed)
		slot_note_waited(&record->slot, &facts);
	note_others(record, &facts);
}

bool run_record_pending(struct run_record *record)
{
	uint32_t taken, slots;

	if (!open_again(record))
		return false;
	pool_usage(&record->pool, &taken, &slots);
	return taken > 0;
}
