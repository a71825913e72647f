/*
 * Facts of the living process.
 */
#include "policy/subject_world.h"

#include <string.h>
#include <sys/utsname.h>

#include "base/paths.h"
#include "base/sys.h"
#include "policy/subject_facts.h"
#include "policy/words.h"

const char *subject_env(const struct subject *subject, const char *name)
{
	size_t length = strlen(name);

	for (const char *const *e = subject->envp; e != NULL && *e != NULL; e++) {
		if (strncmp(*e, name, length) == 0 && (*e)[length] == '=')
			return *e + length + 1;
	}
	return NULL;
}

bool subject_uname(struct arena *arena, const char *field[FACTS_UNAME])
{
	struct utsname *name = arena_take(arena, sizeof(*name));

	if (name == NULL || sys_call(SYS_uname, name, 0, 0, 0) != 0)
		return false;
	field[0] = name->sysname;
	field[1] = name->nodename;
	field[2] = name->release;
	field[3] = name->version;
	field[4] = name->machine;
	return true;
}

const char *subject_cwd(struct arena *arena)
{
	char *path = arena_take(arena, PATHS_MAX);

	if (path == NULL || sys_call(SYS_getcwd, path, PATHS_MAX, 0, 0) <= 0 || path[0] != '/')
		return NULL;
	return path;
}

static struct value env(struct eval *e, uint32_t number, const char *name)
{
	(void)number;
	return value_text(subject_env(e->context, name));
}

static struct value os_fact(struct eval *e, enum fact fact)
{
	const char *field[FACTS_UNAME];

	if (!subject_uname(e->arena, field))
		return value_unreadable();
	return facts_os(e->arena, field, fact);
}

static struct value fact(struct eval *e, enum fact which)
{
	const struct subject *s = e->context;

	switch (which) {
	case FACT_PROCESS_EXE:
		return value_text(s->exe);
	case FACT_PROCESS_NAME:
		return value_text(words_basename(e->words.program));
	case FACT_PROCESS_PID:
		return facts_number(e->arena, s->pid);
	case FACT_PROCESS_PPID:
		return facts_number(e->arena, s->parent);
	case FACT_PROCESS_USER_CLASS:
		return facts_user_class(s->uid);
	case FACT_PROCESS_CWD:
		return value_text(subject_cwd(e->arena));
	case FACT_CI_NAME:
	case FACT_PROCESS_BUILD_ID:
	case FACT_PROCESS_PACKAGE:
	case FACT_PROCESS_TERMINAL:
		return subject_fact(e->arena, s, which);
	default:
		return which >= FACT_OS_NAME ? os_fact(e, which) : value_unreadable();
	}
}

/* The compiler refuses ids where only this world can answer. */
static struct value id(struct eval *e, const struct eval_id *which)
{
	(void)e;
	(void)which;
	return value_unreadable();
}

void subject_world_init(struct eval *e, const struct subject *subject, const struct section *now,
			struct arena *arena)
{
	static const struct eval_world world = { .env = env, .fact = fact, .id = id };
	const struct image_now *h = (const void *)now->bytes;

	*e = (struct eval){ .section = *now, .arena = arena, .world = &world, .steps = EVAL_STEPS };
	e->context = subject;
	e->words.argc = subject->argc;
	e->words.argv = subject->argv;
	e->words.first = words_first(subject->argc, subject->argv, subject->script);
	e->words.program = subject->script != NULL ? subject->script : subject->exe;
	e->words.commands = h->commands;
	e->words.value_options = h->value_options;
}
