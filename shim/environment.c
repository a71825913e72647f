/*
 * Look-ups in envp; see environment.h.
 */
#include "shim/environment.h"

#include <stddef.h>
#include <string.h>
#include <sys/auxv.h>

#include "shim/auxiliary.h"

const char *environment_value(char **envp, const char *name)
{
	size_t length = strlen(name);

	for (; *envp; envp++)
		if (**envp == *name && !strncmp(*envp, name, length) && (*envp)[length] == '=')
			return *envp + length + 1;
	return NULL;
}

const char *environment_lookup(void *context, const char *name)
{
	return environment_value(context, name);
}

static bool environment_is_on(char **envp, const char *name)
{
	const char *value = environment_value(envp, name);

	return value && value[0] && strcmp(value, "0") && strcmp(value, "false");
}

enum reason environment_forbids(char **envp)
{
	if (auxiliary_value(AT_SECURE))
		return REASON_SECURE;
	if (environment_is_on(envp, "BOOKEND_DISABLE"))
		return REASON_DISABLED;
	if (environment_is_on(envp, "DO_NOT_TRACK"))
		return REASON_DO_NOT_TRACK;
	return REASON_MEASURED;
}

bool environment_from_systemd(char **envp, int pid)
{
	const char *text = environment_value(envp, "SYSTEMD_EXEC_PID");
	long number = 0;

	if (!text || !text[0])
		return false;
	for (; *text >= '0' && *text <= '9' && number < 1L << 30; text++)
		number = number * 10 + (*text - '0');
	return !*text && number == pid;
}
