/*
 * Gathering what is to be known of a process from /proc, or of a command from its file, in the form
 * in which the policy asks for it.
 */
#include "tools/doctor.h"
#include "tools/file.h"
#include "tools/place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROC_MOST (4u << 20)

static int proc_read(uint32_t pid, const char *what, char **text, size_t *length)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/%s", pid, what);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	*text = malloc(PROC_MOST + 1);
	*length = *text ? fread(*text, 1, PROC_MOST, file) : 0;
	if (*text)
		(*text)[*length] = '\0';
	fclose(file);
	return *text ? 0 : -ENOMEM;
}

/* Texts that end with a NUL each, as a list that ends with NULL; malloc'd. */
static const char **split(const char *text, size_t length, int *count)
{
	const char **list;
	int at = 0;

	*count = 0;
	for (size_t i = 0; i < length; i++)
		*count += text[i] == '\0';
	list = calloc((size_t)*count + 1, sizeof(*list));
	for (size_t i = 0; list && at < *count; i += strlen(text + i) + 1)
		list[at++] = text + i;
	return list;
}

static bool maps_shim(uint32_t pid)
{
	size_t length;
	char *maps;
	bool maps_it;

	if (proc_read(pid, "maps", &maps, &length))
		return false;
	maps_it = strstr(maps, "/libbookend.so") != NULL;
	free(maps);
	return maps_it;
}

static const char *variable(void *context, const char *name)
{
	const struct patient *p = context;
	size_t length = strlen(name);

	for (const char **at = p->envp; at && *at; at++)
		if (!strncmp(*at, name, length) && (*at)[length] == '=')
			return *at + length + 1;
	return NULL;
}

static int read_identity(uint32_t pid, struct patient *p)
{
	char path[64];
	struct stat st;
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%u", pid);
	if (stat(path, &st) != 0)
		return -errno;
	p->uid = st.st_uid;
	snprintf(path, sizeof(path), "/proc/%u/exe", pid);
	length = readlink(path, p->exe, sizeof(p->exe) - 1);
	if (length < 0)
		return -errno;
	p->exe[length] = '\0';
	return 0;
}

int patient_of_process(uint32_t pid, struct patient *p)
{
	size_t words, variables;
	int unused;
	int error;

	*p = (struct patient){ .pid = pid };
	error = read_identity(pid, p);
	if (!error)
		error = proc_read(pid, "cmdline", &p->words, &words);
	if (!error)
		error = proc_read(pid, "environ", &p->variables, &variables);
	if (!error) {
		p->argv = split(p->words, words, &p->argc);
		p->envp = split(p->variables, variables, &unused);
		error = p->argv && p->envp ? 0 : -ENOMEM;
	}
	if (error) {
		patient_free(p);
		return error;
	}
	p->carries = maps_shim(pid);
	paths_state(p->uid, variable, p, p->state);
	return 0;
}

int patient_of_command(char **command, struct patient *p)
{
	int error;

	*p = (struct patient){ .uid = geteuid() };
	error = program_find(command, &p->program);
	if (error)
		return error;
	program_follow_env(&p->program);
	snprintf(p->exe, sizeof(p->exe), "%s", p->program.file.exe);
	p->carries = program_file_carries_shim(&p->program.file);
	place_state(p->state);
	return 0;
}

void patient_free(struct patient *p)
{
	if (!p->pid)
		program_free(&p->program);
	free(p->words);
	free(p->variables);
	free(p->argv);
	free(p->envp);
	p->words = p->variables = NULL;
	p->argv = p->envp = NULL;
}

static bool stands_alone(const struct subject *subject)
{
	(void)subject;
	return true;
}

/* The second word of a process that an interpreter runs for the sake of its first line. */
static const char *script_of(const struct patient *p)
{
	char first[2] = "";
	FILE *file = p->argc > 1 ? fopen(p->argv[1], "re") : NULL;
	bool script;

	if (!file)
		return NULL;
	script = fread(first, 1, 2, file) == 2 && first[0] == '#' && first[1] == '!';
	fclose(file);
	return script ? p->argv[1] : NULL;
}

static void fill_subject(const struct patient *p, struct subject *into)
{
	*into = (struct subject){ .exe = p->exe,
				  .argc = p->argc,
				  .argv = p->argv,
				  .envp = p->envp,
				  .pid = p->pid,
				  .uid = p->uid,
				  .stands_alone = stands_alone };
	if (p->pid) {
		into->script = script_of(p);
		return;
	}
	into->script = p->program.file.script[0] ? p->program.file.script : NULL;
	into->argc = p->program.argc;
	into->argv = p->program.argv;
	into->envp = (const char *const *)environ;
	into->pid = (uint32_t)getpid();
}

enum reason patient_decide(const struct patient *p, struct decision *into)
{
	static _Alignas(16) uint8_t arena[DECIDE_ARENA];
	struct patient *self = (struct patient *)(uintptr_t)p;
	const char *policy = p->pid ? variable(self, "BOOKEND_POLICY") : getenv("BOOKEND_POLICY");
	const char *services =
		p->pid ? variable(self, "BOOKEND_SERVICE") : getenv("BOOKEND_SERVICE");
	struct subject subject;

	*into = (struct decision){ .reason = REASON_INERT };
	if (!services || !*services)
		return REASON_INERT;
	fill_subject(p, &subject);
	return policy_decide(policy && *policy ? policy : PATHS_DEFAULT_POLICY, services, &subject,
			     arena, sizeof(arena), into, NULL);
}
