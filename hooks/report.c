/*
 * Where the specs' functions are defined and what became of the slots, found anew. Under the
 * loader's lock.
 */
#include "hooks/report.h"

#include <string.h>

#include "hooks/engine.h"
#include "hooks/locked.h"
#include "hooks/scan.h"
#include "hooks/symbol.h"

struct report {
	struct engine *engine;
	hooks_finding_fn *found;
	void *context;
};

static void report_tally(void *context, const struct hooks_spec *spec, enum hooks_outcome outcome)
{
	struct engine *engine = context;
	size_t number = (size_t)(spec - engine->setup.specs);

	if (spec >= engine->setup.specs && number < engine->setup.count)
		engine->tally[number].slots[outcome]++;
}

static void report_slots(struct report *report, const struct loaded *object)
{
	struct engine *engine = report->engine;
	uint32_t count = engine->setup.count;

	memset(engine->tally, 0, count * sizeof(*engine->tally));
	scan_tell(engine, object, report_tally, engine);
	for (uint32_t i = 0; i < count; i++)
		for (unsigned outcome = 0; outcome < HOOKS_OUTCOMES; outcome++) {
			struct hooks_finding finding = {
				.spec = &engine->setup.specs[i],
				.object = object->name,
				.outcome = (enum hooks_outcome)outcome,
				.slots = engine->tally[i].slots[outcome],
			};

			if (finding.slots)
				report->found(report->context, &finding);
		}
}

static void report_definitions(struct report *report, const struct loaded *object)
{
	const struct hooks_setup *setup = &report->engine->setup;
	struct tables t;

	if (!object->has_symbols)
		return;
	tables_open(&object->object, object->dynamic, &t);
	for (uint32_t i = 0; i < setup->count; i++) {
		const struct hooks_spec *spec = &setup->specs[i];
		const ElfW(Sym) *s = object_find_bound(&t.object, spec->name, spec->version);
		struct hooks_finding finding = {
			.spec = spec,
			.object = object->name,
			.outcome = HOOKS_DEFINED,
		};

		if (!s)
			continue;
		finding.version = tables_version(&t, (uint32_t)(s - t.object.symbols));
		report->found(report->context, &finding);
	}
}

static void report_all(struct engine *engine, void *context)
{
	const struct loaded_list *list;
	struct report *report = context;

	if (!look_again(engine))
		return;
	list = engine_list(engine);
	for (uint32_t i = 0; i < list->count; i++) {
		report_definitions(report, &list->object[i]);
		if (!list->object[i].apart)
			report_slots(report, &list->object[i]);
	}
}

struct report_objects {
	hooks_object_fn *found;
	void *context;
};

static void report_objects(struct engine *engine, void *context)
{
	const struct report_objects *report = context;
	const struct loaded_list *list;

	if (!look_again(engine))
		return;
	list = engine_list(engine);
	for (uint32_t i = 0; i < list->count; i++)
		if (!list->object[i].apart)
			report->found(report->context, list->object[i].name);
}

const char *hooks_outcome_text(enum hooks_outcome outcome)
{
	switch (outcome) {
#define OUTCOME(name, text)                                                                        \
	case HOOKS_##name:                                                                         \
		return text;
#include "hooks/outcomes.def"
#undef OUTCOME
	case HOOKS_OUTCOMES:
		break;
	}
	return "";
}

bool hooks_report(hooks_finding_fn *found, void *context)
{
	struct engine *engine = engine_here();
	struct report report = { .engine = engine, .found = found, .context = context };

	return engine && locked(report_all, &report);
}

bool hooks_objects(hooks_object_fn *found, void *context)
{
	struct report_objects report = { .found = found, .context = context };

	return engine_here() && locked(report_objects, &report);
}
