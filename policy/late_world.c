/*
 * Facts of the recorded process.
 */
#include "policy/late_world.h"

#include <string.h>

#include "base/clock.h"
#include "policy/late_large.h"
#include "policy/late_probe.h"
#include "policy/subject_facts.h"
#include "policy/words.h"

static const char *const exit_reason_text[] = {
#define EXIT(name, text) text,
#include "base/exit_reasons.def"
#undef EXIT
};

unsigned late_how(const struct stop_facts *stop)
{
	if (stop->reason == EXIT_VANISHED || stop->reason == EXIT_HOST_RESET)
		return HOW_VANISHED;
	if (stop->reason == EXIT_EXEC)
		return HOW_CLEAN;
	if (stop->signal != 0 || stop->reason == EXIT_ABORT)
		return HOW_CRASHED;
	if (stop->code < 0)
		return HOW_VANISHED;
	return stop->code == 0 ? HOW_CLEAN : HOW_FAILED;
}

static struct value how(const struct stop_facts *stop)
{
	switch (late_how(stop)) {
	case HOW_CLEAN:
		return value_text("clean");
	case HOW_FAILED:
		return value_text("failed");
	case HOW_CRASHED:
		return value_text("crashed");
	default:
		return value_text("vanished");
	}
}

static struct value reason(const struct stop_facts *stop)
{
	if ((unsigned)stop->reason >= EXIT_REASON_COUNT)
		return value_absent();
	return value_text(exit_reason_text[stop->reason]);
}

static struct value lived_until(struct eval *e, const struct late_process *p, uint64_t boot_ns)
{
	uint64_t from = p->start->boot_ns;

	if (boot_ns < from)
		return value_absent();
	return facts_number(e->arena, (boot_ns - from) / (CLOCK_SECOND / 1000));
}

/* Across a reset of the host the two boot clocks do not compare. */
static struct value duration(struct eval *e, const struct late_process *p)
{
	return p->stop->reason == EXIT_HOST_RESET ? value_absent()
						  : lived_until(e, p, p->stop->boot_ns);
}

static struct value positive(struct eval *e, int number, int least)
{
	return number >= least ? facts_number(e->arena, (uint64_t)number) : value_absent();
}

static struct value exit_fact(struct eval *e, const struct late_world *w, enum fact fact)
{
	const struct stop_facts *stop = w->process->stop;

	if (w->moment != LATE_STOP || stop == NULL)
		return value_absent();
	switch (fact) {
	case FACT_EXIT_HOW:
		return how(stop);
	case FACT_EXIT_REASON:
		return reason(stop);
	case FACT_EXIT_CODE:
		return positive(e, stop->code, 0);
	case FACT_EXIT_SIGNAL:
		return positive(e, stop->signal, 1);
	case FACT_EXIT_AFTER_SIGNAL:
		return positive(e, stop->after_signal, 1);
	case FACT_EXIT_FAILED:
		return value_bool(late_how(stop) != HOW_CLEAN);
	default:
		return duration(e, w->process);
	}
}

static struct value copied(struct eval *e, const struct text *t)
{
	char *copy = arena_copy(e->arena, t->data, t->length);

	return copy != NULL ? value_of(VALUE_TEXT, copy, t->length) : value_unreadable();
}

static struct value event_text(struct eval *e, const struct late_event *event, enum fact fact)
{
	char memory[64];
	struct text t = text_init(memory, sizeof(memory));

	if (fact == FACT_EVENT_TIME)
		text_add_time(&t, event->time_ns, e->precise ? 9 : 6);
	else {
		identity_text(&event->id, memory);
		t.length = IDENTITY_TEXT - 1;
	}
	return copied(e, &t);
}

static struct value object_of(const char *text)
{
	return text != NULL ? value_of(VALUE_JSON, text, strlen(text)) : value_absent();
}

/* Without what a destination does not get. */
static struct value made_fact(const struct late_world *w, enum fact fact)
{
	switch (fact) {
	case FACT_EVENT_NAME:
		return value_text(w->event->name);
	case FACT_EVENT_USER:
		return value_text(w->event->user);
	case FACT_EVENT_CONTEXT:
		return object_of(w->event->context);
	default:
		return object_of(w->event->properties);
	}
}

static struct value event_fact(struct eval *e, const struct late_world *w, enum fact fact)
{
	struct value v;

	switch (fact) {
	case FACT_EVENT_NAME:
		v = eval_source(e, w->rule->name);
		return value_present(&v) ? v
					 : value_text(node_text_at(&e->section, w->rule->label));
	case FACT_EVENT_USER:
		return eval_source(e, w->rule->user);
	case FACT_EVENT_SESSION:
		return value_text(w->made ? w->event->session : w->session);
	case FACT_EVENT_SERVICE:
		return value_text(w->event->service);
	case FACT_EVENT_KIND:
		return value_text(w->event->kind);
	default:
		return event_text(e, w->event, fact);
	}
}

static struct value process_fact(struct eval *e, const struct late_world *w, enum fact fact)
{
	const struct start_block *start = w->process->start;

	switch (fact) {
	case FACT_PROCESS_EXE:
		return value_text(w->snapshot.exe);
	case FACT_PROCESS_NAME:
		return value_text(words_basename(w->snapshot.script != NULL ? w->snapshot.script
									    : w->snapshot.exe));
	case FACT_PROCESS_PID:
		return facts_number(e->arena, start->pid);
	case FACT_PROCESS_PPID:
		return facts_number(e->arena, start->parent);
	case FACT_PROCESS_USER_CLASS:
		return facts_user_class(start->uid);
	default:
		return value_text(w->snapshot.cwd);
	}
}

/* The process of a child's event is the one that ran it, and of that no more is known here. */
static struct value uptime(struct eval *e, const struct late_world *w)
{
	const struct late_process *p = w->process;

	if (w->role == LATE_CHILD)
		return value_absent();
	switch (w->moment) {
	case LATE_STOP:
		return duration(e, p);
	case LATE_CALL:
		return lived_until(e, p, p->call->boot_ns);
	case LATE_TICK:
		return lived_until(e, p, p->tick->boot_ns);
	default:
		return lived_until(e, p, p->start->boot_ns);
	}
}

/* A handler of SIGABRT may have jumped out, and the process have ended otherwise. */
static struct value crash_frames(struct eval *e, const struct late_world *w)
{
	const struct stop_facts *stop = w->process->stop;

	if (stop == NULL || w->process->frames == NULL || late_how(stop) != HOW_CRASHED)
		return value_absent();
	return late_lines(e->arena, w->process->frames);
}

static struct value host_fact(struct eval *e, const struct late_world *w, enum fact fact)
{
	char memory[256];

	if (w->process->host == NULL ||
	    w->process->host(fact == FACT_OS_CPU, memory, sizeof(memory)) != 0)
		return value_absent();
	return value_text(arena_copy(e->arena, memory, strlen(memory)));
}

/* The probability with which the event is made. */
static struct value sample_fact(struct eval *e, const struct late_world *w)
{
	char memory[16];
	struct text t = text_init(memory, sizeof(memory));

	text_add_decimal(&t, w->rule->sample != 0 ? w->rule->sample : 1000000, 6);
	return value_of(VALUE_NUMBER, arena_copy(e->arena, memory, t.length), t.length);
}

static struct value item(struct eval *e)
{
	const struct late_world *w = e->context;

	return w->item;
}

static struct value fact(struct eval *e, enum fact which)
{
	const struct late_world *w = e->context;

	if (which == FACT_EVENT_CONTEXT || which == FACT_EVENT_PROPERTIES ||
	    (w->made && (which == FACT_EVENT_NAME || which == FACT_EVENT_USER)))
		return w->made ? made_fact(w, which) : value_absent();
	if (which == FACT_EVENTS || which == FACT_SEND_TIME)
		return value_absent();
	if (which >= FACT_PROCESS_BUILD_ID && which <= FACT_CI_NAME)
		return subject_fact_of_text(which, snapshot_fact(&w->snapshot, which, e->arena));
	if (which == FACT_CRASH_FRAMES)
		return crash_frames(e, w);
	if (which == FACT_PROCESS_UPTIME_MS)
		return uptime(e, w);
	if (which == FACT_HOST_MACHINE_ID || which == FACT_OS_CPU)
		return host_fact(e, w, which);
	if (which == FACT_RUN_ID)
		return value_text(w->run);
	if (which == FACT_PARENT_ID)
		return value_text(w->parent[0] != '\0' ? w->parent : NULL);
	if (which <= FACT_EVENT_KIND)
		return event_fact(e, w, which);
	if (which <= FACT_PROCESS_CWD)
		return process_fact(e, w, which);
	if (which >= FACT_EXIT_HOW && which <= FACT_EXIT_DURATION_MS)
		return exit_fact(e, w, which);
	if (which >= FACT_CALL_NAME && which <= FACT_CALL_DURATION_NS)
		return late_call_fact(e, which);
	if (which == FACT_EVENT_SAMPLE)
		return sample_fact(e, w);
	if (which > FACT_OS_NODE_ARCH || w->snapshot.uname[0] == NULL)
		return value_absent();
	return facts_os(e->arena, w->snapshot.uname, which);
}

static struct value env(struct eval *e, uint32_t number, const char *name)
{
	const struct late_world *w = e->context;

	(void)name;
	return value_text(snapshot_env(&w->snapshot, number, e->arena));
}

static struct value id(struct eval *e, const struct eval_id *id)
{
	const struct late_world *w = e->context;
	const struct late_process *p = w->process;
	char memory[256];

	if (id->kind[0] == 'r')
		return value_text(w->session);
	if (p->id == NULL || (p->untrusted && id->file != NULL) ||
	    p->id(p->context, id, memory, sizeof(memory)) != 0)
		return value_absent();
	return value_text(arena_copy(e->arena, memory, strlen(memory)));
}

const struct eval_world late_world_sources = { .env = env,
					       .fact = fact,
					       .id = id,
					       .parameter = late_call_parameter,
					       .remembered = late_remembered,
					       .item = item,
					       .measure = late_measure,
					       .probe = late_probe,
					       .large = late_large };
