/*
 * Commands and documents: `run`, `get`, and the facts of a git repository, which are commands.
 */
#include <string.h>
#include <strings.h>

#include "policy/compile/source.h"
#include "policy/facts.h"

#define TIMEOUT_MS   5000
#define TIMEOUT_MOST 60000

/* What a command gets of the process's own environment. */
static const char *const inherited[] = { "PATH", "HOME", "USER", "LANG" };

static struct expr *small_number(struct compiler *c, uint32_t number, struct mark at)
{
	return expr_new(&c->heap, NODE_INTEGER, number, at);
}

static struct expr *environment_of(struct compiler *c, struct mark at)
{
	struct expr *pairs = expr_new(&c->heap, NODE_OBJECT, 0, at);

	for (unsigned i = 0; i < sizeof(inherited) / sizeof(inherited[0]); i++) {
		const struct yaml name = { .kind = YAML_SCALAR, .at = at, .text = inherited[i] };

		expr_add(&c->heap, pairs, expr_text(&c->heap, NODE_TEXT, inherited[i], at));
		expr_add(&c->heap, pairs, source_env(c, &name, NULL));
	}
	return pairs;
}

static bool is_ours(const char *name)
{
	return strncmp(name, "BOOKEND_", 8) == 0 || strcmp(name, "LD_PRELOAD") == 0 ||
	       strcmp(name, "LD_AUDIT") == 0;
}

static struct expr *read_environment(struct compiler *c, const struct yaml *given, struct mark at)
{
	struct expr *pairs = environment_of(c, at);
	struct expr *more;

	if (given == NULL)
		return pairs;
	more = source_pairs(c, given, "with_env");
	for (unsigned i = 0; i < more->count; i += 2) {
		const char *name = more->operand[i]->text;

		if (name[0] == '\0' || strchr(name, '=') != NULL || is_ours(name))
			diagnose(&c->d, more->operand[i]->at,
				 "with_env: takes names of variables, but LD_PRELOAD, LD_AUDIT and "
				 "BOOKEND_...; not '%.60s'",
				 name);
		if (more->operand[i + 1]->op == NODE_OBJECT)
			diagnose(&c->d, more->operand[i + 1]->at,
				 "a variable is a text, not an object");
	}
	return expr_merge(&c->heap, pairs, more);
}

static uint32_t read_timeout(struct compiler *c, const struct yaml *map)
{
	const struct yaml *y = yaml_get(map, "timeout");
	uint32_t ms = TIMEOUT_MS;

	if (y != NULL && scalar_milliseconds(c, y, &ms) && (ms == 0 || ms > TIMEOUT_MOST))
		diagnose(&c->d, y->at, "timeout: is at most 60s");
	return ms;
}

static uint32_t read_cache(struct compiler *c, const struct yaml *map, uint32_t *seconds)
{
	const struct yaml *y = yaml_get(map, "cache");
	uint64_t ns = 0;

	*seconds = 0;
	if (y == NULL)
		return PROBE_MOMENT;
	if (strcmp(y->text, "process") == 0)
		return PROBE_PROCESS;
	if (strcmp(y->text, "executable") == 0)
		return PROBE_EXECUTABLE;
	if (y->kind != YAML_SCALAR || y->text[0] < '0' || y->text[0] > '9') {
		diagnose(&c->d, y->at,
			 "cache: takes process, executable or a duration (24h), not '%.60s'",
			 y->text);
		return PROBE_MOMENT;
	}
	if (scalar_duration(c, y, &ns) && (ns < 1000000000 || ns / 1000000000 > UINT32_MAX))
		diagnose(&c->d, y->at, "cache: for a second at least, and a century at most");
	*seconds = (uint32_t)(ns / 1000000000);
	return PROBE_DURATION;
}

/* The four operands of a probe. */
static struct expr *make_probe(struct compiler *c, enum node_op op, struct expr *what,
			       struct expr *with, const struct yaml *map)
{
	uint32_t seconds;
	struct expr *e = expr_new(&c->heap, op, 0, what->at);

	e->value = PROBE_VALUE(read_cache(c, map, &seconds), PROBE_TEXT);
	expr_add(&c->heap, e, what);
	expr_add(&c->heap, e, with);
	expr_add(&c->heap, e, small_number(c, read_timeout(c, map), what->at));
	expr_add(&c->heap, e, small_number(c, seconds, what->at));
	return e;
}

struct expr *source_run(struct compiler *c, const struct yaml *argument, const struct yaml *map)
{
	struct expr *words = expr_new(&c->heap, NODE_LIST, 0, argument->at);

	if (argument->kind != YAML_LIST || argument->count == 0) {
		diagnose(&c->d, argument->at,
			 "run: takes a list, [program, word, ...]: there is no shell");
		return source_nothing(c, argument->at);
	}
	for (unsigned i = 0; i < argument->count; i++) {
		struct expr *word = source_of(c, argument->item[i]);

		if (word->op == NODE_OBJECT)
			diagnose(&c->d, word->at, "a word is a text, not an object");
		expr_add(&c->heap, words, word);
	}
	return make_probe(c, NODE_RUN, words,
			  read_environment(c, yaml_get(map, "with_env"), argument->at), map);
}

struct expr *source_get(struct compiler *c, const struct yaml *argument, const struct yaml *map)
{
	const struct yaml *bearer = yaml_get(map, "bearer");
	struct expr *url = source_of(c, argument);
	const char *constant = expr_constant(url);

	if (constant != NULL && strncasecmp(constant, "http://", 7) != 0 &&
	    strncasecmp(constant, "https://", 8) != 0)
		diagnose(&c->d, argument->at,
			 "get: takes a URL that begins with http:// or https://, not '%.60s'",
			 constant);
	return make_probe(c, NODE_GET, url, bearer != NULL ? source_of(c, bearer) : NULL, map);
}

/* No locks in the user's repository, nothing that its configuration names is run. */
#define GIT                                                                                        \
	"git", "--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"

static const struct {
	enum fact fact;
	enum probe_form form;
	const char *words[12];
} commands[] = {
	{ FACT_GIT_REV, PROBE_TEXT, { GIT, "rev-parse", "HEAD" } },
	{ FACT_GIT_BRANCH, PROBE_TEXT, { GIT, "symbolic-ref", "--short", "--quiet", "HEAD" } },
	{ FACT_GIT_REMOTES, PROBE_LINES, { GIT, "remote", "--verbose" } },
	{ FACT_GIT_DIRTY,
	  PROBE_PRESENCE,
	  { GIT, "status", "--porcelain", "--untracked-files=no" } },
};

struct expr *source_of_fact(struct compiler *c, unsigned fact, struct mark at)
{
	static const struct yaml nothing = { .kind = YAML_MAP };

	for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		struct expr *words = expr_new(&c->heap, NODE_LIST, 0, at);
		struct expr *e;

		if (commands[i].fact != fact)
			continue;
		for (unsigned j = 0; commands[i].words[j] != NULL; j++)
			expr_add(&c->heap, words,
				 expr_text(&c->heap, NODE_TEXT, commands[i].words[j], at));
		e = make_probe(c, NODE_RUN, words, environment_of(c, at), &nothing);
		e->value = PROBE_VALUE(PROBE_MOMENT, commands[i].form);
		return e;
	}
	return expr_new(&c->heap, NODE_FACT, fact, at);
}
