#include "tools/collector/exit_facts.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *ending_name(enum ending ending)
{
	static const char *const names[] = { "open",	 "clean", "failed", "crashed",
					     "vanished", "exec",  "unknown" };

	return names[ending];
}

static const json_t *spelled(const json_t *object, const char *name)
{
	static const char *const before[] = { "", "exit_", "exit." };
	char key[40];

	for (size_t i = 0; i < sizeof(before) / sizeof(*before); i++) {
		snprintf(key, sizeof(key), "%s%s", before[i], name);
		const json_t *value = json_object_get(object, key);
		if (value && !json_is_null(value))
			return value;
	}
	return json_object_get(json_object_get(object, "exit"), name);
}

static const json_t *fact(const json_t *const objects[2], const char *name)
{
	const json_t *value = spelled(objects[0], name);

	return value ? value : spelled(objects[1], name);
}

static double number(const json_t *value, double otherwise)
{
	const char *text = json_string_value(value);
	char *end;

	if (json_is_number(value))
		return json_number_value(value);
	if (!text || !*text)
		return otherwise;
	const double read = strtod(text, &end);
	return *end ? otherwise : read;
}

/* Given as a number or as a name, with or without SIG. */
static void signal_name(const json_t *value, char into[16])
{
	const char *text = json_string_value(value);
	const double given = number(value, 0);
	const int signal = given > 0 && given < NSIG ? (int)given : 0;
	const char *name = signal ? sigabbrev_np(signal) : NULL;

	into[0] = '\0';
	if (name)
		snprintf(into, 16, "SIG%s", name);
	else if (signal)
		snprintf(into, 16, "signal %d", signal);
	else if (text && *text && strspn(text, "0123456789") == 0)
		snprintf(into, 16, "%s%s", strncmp(text, "SIG", 3) == 0 ? "" : "SIG", text);
}

static bool is(const char *text, const char *word)
{
	return text && strcmp(text, word) == 0;
}

static enum ending ending_of(const struct exit_facts *facts, const char *how, const char *reason)
{
	if (is(how, "vanished") || is(reason, "vanished") || is(reason, "host_reset"))
		return ENDING_VANISHED;
	if (is(reason, "exec"))
		return ENDING_EXEC;
	if (is(how, "crashed") || facts->signal[0])
		return ENDING_CRASHED;
	if (is(how, "failed") || facts->code > 0)
		return ENDING_FAILED;
	if (is(how, "clean") || facts->code == 0)
		return ENDING_CLEAN;
	return ENDING_UNKNOWN;
}

bool exit_facts_read(const json_t *properties, const json_t *context, struct exit_facts *into)
{
	const json_t *const objects[2] = { properties, context };
	const char *how = json_string_value(fact(objects, "how"));
	const char *reason = json_string_value(fact(objects, "reason"));
	const double code = number(fact(objects, "code"), -1);

	*into = (struct exit_facts){ .code = code >= 0 && code < 256 ? (int)code : -1 };
	const double duration = number(fact(objects, "duration_ms"), -1);
	into->duration_ms = duration >= 0 && duration < EXIT_FACTS_LONGEST_MS ? duration : -1;
	signal_name(fact(objects, "signal"), into->signal);
	signal_name(fact(objects, "after_signal"), into->after);
	if (is(reason, "abort") && !into->signal[0])
		strcpy(into->signal, "SIGABRT");
	into->ending = ending_of(into, how, reason);
	return into->ending != ENDING_UNKNOWN;
}

static void with_code(const struct exit_facts *facts, const char *otherwise,
		      char into[EXIT_FACTS_TEXT])
{
	const bool failed = facts->ending == ENDING_FAILED;
	char code[32];

	snprintf(code, sizeof(code), failed ? "failed (exit %d)" : "exit %d", facts->code);
	snprintf(into, EXIT_FACTS_TEXT, "%s%s%s", facts->code < 0 ? otherwise : code,
		 facts->after[0] ? " after " : "", facts->after);
}

void exit_facts_text(const struct exit_facts *facts, char into[EXIT_FACTS_TEXT])
{
	switch (facts->ending) {
	case ENDING_OPEN:
		snprintf(into, EXIT_FACTS_TEXT, "running or unknown");
		break;
	case ENDING_CLEAN:
		with_code(facts, "clean", into);
		break;
	case ENDING_FAILED:
		with_code(facts, "failed", into);
		break;
	case ENDING_CRASHED:
		snprintf(into, EXIT_FACTS_TEXT, "%s%s", facts->signal[0] ? "killed by " : "crashed",
			 facts->signal);
		break;
	case ENDING_VANISHED:
		snprintf(into, EXIT_FACTS_TEXT, "vanished");
		break;
	case ENDING_EXEC:
		snprintf(into, EXIT_FACTS_TEXT, "became another program");
		break;
	case ENDING_UNKNOWN:
		snprintf(into, EXIT_FACTS_TEXT, "ended");
		break;
	}
}
