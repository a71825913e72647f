/*
 * Notes of the executable, its streams, and whose machine this is.
 */
#include "policy/subject_facts.h"

#include <asm/termbits.h>
#include <asm/ioctls.h>
#include <string.h>

#include "base/sys.h"
#include "policy/image_format.h"
#include "policy/read.h"
#include "policy/subject_world.h"

#define BUILD_ID_MOST 64
#define PACKAGE_MOST  1024

const struct subject_fact_capture subject_facts[SUBJECT_FACTS] = {
	{ CAPTURE_CI, FACT_CI_NAME },
	{ CAPTURE_TERMINAL, FACT_PROCESS_TERMINAL },
	{ CAPTURE_NOTES, FACT_PROCESS_BUILD_ID },
	{ CAPTURE_NOTES, FACT_PROCESS_PACKAGE },
};

static const char *env(const void *subject, const char *name)
{
	return subject_env(subject, name);
}

static struct value build_id(struct arena *arena, const struct subject_notes *notes)
{
	char digits[2 * BUILD_ID_MOST + 1];
	struct text t = text_init(digits, sizeof(digits));

	if (notes->build_id == NULL || notes->build_id_bytes > BUILD_ID_MOST)
		return value_absent();
	text_add_hex(&t, notes->build_id, notes->build_id_bytes);
	return value_text(arena_copy(arena, digits, t.length));
}

static bool go_on(void *context, const struct read_item *item)
{
	(void)context;
	(void)item;
	return true;
}

/* As large as it should be, and JSON. */
static struct value package(struct arena *arena, const struct subject_notes *notes)
{
	uint32_t length = notes->package_bytes;
	char *copy, *kept;

	while (length > 0 && notes->package[length - 1] == '\0')
		length--;
	if (notes->package == NULL || length == 0 || length > PACKAGE_MOST ||
	    notes->package[0] != '{')
		return value_absent();
	kept = arena_copy(arena, notes->package, length);
	copy = arena_copy(arena, notes->package, length);
	if (copy == NULL || kept == NULL || read_events(READ_json, copy, length, go_on, NULL) != 0)
		return value_absent();
	return value_of(VALUE_JSON, kept, length);
}

static bool is_terminal(void)
{
	struct termios settings;

	for (int stream = 0; stream < 3; stream++) {
		if (sys_call(SYS_ioctl, stream, TCGETS, &settings, 0) == 0)
			return true;
	}
	return false;
}

struct value subject_fact(struct arena *arena, const struct subject *subject, enum fact fact)
{
	struct subject_notes notes = { .build_id = NULL };

	if (fact == FACT_CI_NAME)
		return value_text(facts_ci(env, subject));
	if (fact == FACT_PROCESS_TERMINAL)
		return value_bool(is_terminal());
	if (subject->notes == NULL)
		return value_absent();
	if (fact != FACT_PROCESS_BUILD_ID && fact != FACT_PROCESS_PACKAGE)
		return value_absent();
	subject->notes(&notes);
	return fact == FACT_PROCESS_BUILD_ID ? build_id(arena, &notes) : package(arena, &notes);
}

struct value subject_fact_of_text(enum fact fact, const char *text)
{
	if (text == NULL)
		return value_absent();
	if (fact == FACT_PROCESS_TERMINAL)
		return value_bool(text[0] == 't');
	return fact == FACT_PROCESS_PACKAGE ? value_of(VALUE_JSON, text, strlen(text))
					    : value_text(text);
}
