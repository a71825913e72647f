/*
 * Scalars, read by the type of their key and not by their look.
 */
#include <stdlib.h>
#include <string.h>

#include "policy/compile/compiler.h"

static bool is_scalar(struct compiler *c, const struct yaml *y, const char *expected)
{
	char found[80];

	if (y->kind == YAML_SCALAR && y->text[0] != '\0')
		return true;
	diagnose(&c->d, y->at, "%s is expected here, not %s", expected, yaml_describe(y, found));
	return false;
}

bool scalar_text(struct compiler *c, const struct yaml *y, const char **into)
{
	if (!is_scalar(c, y, "a text"))
		return false;
	*into = y->text;
	return true;
}

bool scalar_bool(struct compiler *c, const struct yaml *y, bool *into)
{
	bool truth = strcmp(y->text, "true") == 0;

	if (!is_scalar(c, y, "true or false"))
		return false;
	if (!truth && strcmp(y->text, "false") != 0) {
		diagnose(&c->d, y->at, "true or false is expected here, not '%.60s'", y->text);
		return false;
	}
	*into = truth;
	return true;
}

/* Digits only; the rest of the text, or NULL when there are none or too many. */
static const char *read_digits(const char *text, uint64_t *into)
{
	char *end;

	if (text[0] < '0' || text[0] > '9' || strspn(text, "0123456789") > 15)
		return NULL;
	*into = strtoull(text, &end, 10);
	return end;
}

bool scalar_number(struct compiler *c, const struct yaml *y, uint32_t least, uint32_t most,
		   uint32_t *into)
{
	uint64_t number;
	const char *rest;

	if (!is_scalar(c, y, "a whole number"))
		return false;
	rest = read_digits(y->text, &number);
	if (rest == NULL || *rest != '\0' || number < least || number > most) {
		diagnose(&c->d, y->at, "a whole number from %u to %u is expected here, not '%.60s'",
			 least, most, y->text);
		return false;
	}
	*into = (uint32_t)number;
	return true;
}

struct unit {
	const char *name;
	uint64_t size;
};

static bool read_units(const char *text, const struct unit *unit, uint64_t *into)
{
	uint64_t number;
	const char *rest = read_digits(text, &number);

	for (; rest != NULL && unit->name != NULL; unit++) {
		if (strcmp(rest, unit->name) != 0 || number > UINT64_MAX / 2 / unit->size)
			continue;
		*into = number * unit->size;
		return true;
	}
	return false;
}

bool scalar_bytes(struct compiler *c, const struct yaml *y, uint64_t *into)
{
	static const struct unit units[] = {
		{ "", 1 },	     { "KiB", 1u << 10 }, { "MiB", 1u << 20 },
		{ "GiB", 1u << 30 }, { NULL, 0 },
	};

	if (!is_scalar(c, y, "a size (65536, 64KiB, 16MiB)"))
		return false;
	if (read_units(y->text, units, into))
		return true;
	diagnose(&c->d, y->at,
		 "a size is a number with nothing, KiB, MiB or GiB behind it, not '%.60s'",
		 y->text);
	return false;
}

static bool read_duration(const char *text, uint64_t *ns)
{
	static const struct unit units[] = {
		{ "ns", 1 },
		{ "us", 1000 },
		{ "ms", 1000000 },
		{ "s", UINT64_C(1000000000) },
		{ "m", UINT64_C(60000000000) },
		{ "h", UINT64_C(3600000000000) },
		{ "d", UINT64_C(86400000000000) },
		{ NULL, 0 },
	};

	return read_units(text, units, ns);
}

static void refuse_duration(struct compiler *c, const struct yaml *y)
{
	diagnose(&c->d, y->at,
		 "a duration is a number with ns, us, ms, s, m, h or d behind it, not '%.60s'",
		 y->text);
}

bool scalar_duration(struct compiler *c, const struct yaml *y, uint64_t *ns)
{
	if (!is_scalar(c, y, "a duration (500ms, 2s, 24h)"))
		return false;
	if (read_duration(y->text, ns))
		return true;
	refuse_duration(c, y);
	return false;
}

static bool to_milliseconds(struct compiler *c, const struct yaml *y, uint64_t ns, uint32_t *ms)
{
	if (ns < 1000000 || ns / 1000000 > UINT32_MAX / 2) {
		diagnose(&c->d, y->at, "a duration from 1ms to 24d is expected here, not '%.60s'",
			 y->text);
		return false;
	}
	*ms = (uint32_t)(ns / 1000000);
	return true;
}

bool scalar_milliseconds(struct compiler *c, const struct yaml *y, uint32_t *ms)
{
	uint64_t ns;

	return scalar_duration(c, y, &ns) && to_milliseconds(c, y, ns, ms);
}

bool scalar_range(struct compiler *c, const struct yaml *y, uint32_t *least, uint32_t *most)
{
	const char *to = strstr(y->text, " to ");
	uint64_t from_ns, to_ns;

	if (to == NULL) {
		if (!scalar_milliseconds(c, y, least))
			return false;
		*most = *least;
		return true;
	}
	if (!read_duration(heap_text(&c->heap, y->text, (size_t)(to - y->text)), &from_ns) ||
	    !read_duration(to + 4, &to_ns) || from_ns > to_ns) {
		diagnose(&c->d, y->at, "write `500ms to 30s`, the shorter one first, not '%.60s'",
			 y->text);
		return false;
	}
	return to_milliseconds(c, y, from_ns, least) && to_milliseconds(c, y, to_ns, most);
}

void scalar_each(struct compiler *c, const struct yaml *y,
		 void (*each)(struct compiler *c, const struct yaml *one, void *context),
		 void *context)
{
	if (y->kind == YAML_LIST && y->count == 0)
		diagnose(&c->d, y->at, "the list is empty");
	if (y->kind != YAML_LIST) {
		if (is_scalar(c, y, "a text or a list of texts"))
			each(c, y, context);
		return;
	}
	for (unsigned i = 0; i < y->count; i++) {
		if (is_scalar(c, y->item[i], "a text"))
			each(c, y->item[i], context);
	}
}

static void add_text(struct compiler *c, const struct yaml *one, void *list)
{
	expr_add(&c->heap, list, expr_text(&c->heap, NODE_TEXT, one->text, one->at));
}

bool scalar_choice(struct compiler *c, const struct yaml *y, const char *what,
		   const char *const *names, uint32_t *into)
{
	const char *text = "";

	if (!scalar_text(c, y, &text))
		return false;
	for (unsigned i = 0; names[i] != NULL; i++) {
		if (strcmp(names[i], text) == 0) {
			*into = i;
			return true;
		}
	}
	diagnose_unknown(&c->d, y->at, what, text, names);
	return false;
}

struct expr *scalar_texts(struct compiler *c, const struct yaml *y, enum node_op op)
{
	struct expr *list = expr_new(&c->heap, op, 0, y->at);

	scalar_each(c, y, add_text, list);
	return list;
}
