/*
 * Facts that are worked out the same way inside and late.
 */
#include "policy/facts.h"

#include <string.h>

static const struct {
	const char *machine, *go, *node;
} arch[] = {
	{ "x86_64", "amd64", "x64" },
	{ "aarch64", "arm64", "arm64" },
};

static struct value arch_name(const char *machine, bool go)
{
	for (unsigned i = 0; i < sizeof(arch) / sizeof(arch[0]); i++) {
		if (strcmp(arch[i].machine, machine) == 0)
			return value_text(go ? arch[i].go : arch[i].node);
	}
	return value_text(machine);
}

static struct value whole_uname(struct arena *arena, const char *const field[FACTS_UNAME])
{
	struct text t = arena_text(arena);
	char *kept;

	for (unsigned i = 0; i < FACTS_UNAME; i++) {
		text_add(&t, field[i]);
		text_add_char(&t, ' ');
	}
	text_add(&t, "GNU/Linux");
	kept = arena_keep(arena, &t);
	return kept != NULL ? value_text(kept) : value_unreadable();
}

struct value facts_os(struct arena *arena, const char *const field[FACTS_UNAME], enum fact fact)
{
	switch (fact) {
	case FACT_OS_NAME:
		return value_text(field[0]);
	case FACT_OS_RELEASE:
		return value_text(field[2]);
	case FACT_OS_UNAME:
		return whole_uname(arena, field);
	case FACT_OS_ARCH:
		return value_text(field[4]);
	case FACT_OS_GO_NAME:
	case FACT_OS_NODE_NAME:
		return value_text("linux");
	case FACT_OS_GO_ARCH:
	case FACT_OS_NODE_ARCH:
		return arch_name(field[4], fact == FACT_OS_GO_ARCH);
	default:
		return value_absent();
	}
}

struct value facts_user_class(uint32_t uid)
{
	/* Debian's policy and login.defs: users begin at 1000; 65534 is nobody. */
	if (uid == 0)
		return value_text("root");
	return value_text(uid < 1000 || uid == 65534 ? "system" : "user");
}

struct value facts_number(struct arena *arena, uint64_t number)
{
	char digits[24];
	struct text t = text_init(digits, sizeof(digits));
	char *kept;

	text_add_unsigned(&t, number);
	kept = arena_copy(arena, digits, t.length);
	return kept != NULL ? value_of(VALUE_NUMBER, kept, t.length) : value_unreadable();
}
