/*
 * The environment is a fixed one of 20 variables, so that a figure does not depend on who runs the
 * bench.
 */
#include "tests/bench/scene.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/paths.h"
#include "base/pool.h"

static const char *const ordinary[] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	"HOME=/nonexistent",
	"LANG=C.UTF-8",
	"LOGNAME=bench",
	"USER=bench",
	"SHELL=/bin/bash",
	"TERM=xterm-256color",
	"COLORTERM=truecolor",
	"PWD=/",
	"OLDPWD=/tmp",
	"SHLVL=1",
	"MAIL=/var/mail/bench",
	"EDITOR=vi",
	"PAGER=less",
	"LESS=-R",
	"XDG_SESSION_ID=1",
	"XDG_SESSION_TYPE=tty",
	"XDG_RUNTIME_DIR=/run/user/65534",
	"SSH_TTY=/dev/pts/0",
	"HISTSIZE=1000",
};
#define ORDINARY (sizeof(ordinary) / sizeof(ordinary[0]))
static_assert(ORDINARY + 5 <= SCENE_VARIABLES, "room for ours and the NULL");

__attribute__((format(printf, 3, 4))) static void
add_variable(struct scene *scene, enum scene_arm arm, const char *format, ...)
{
	size_t used = ORDINARY;
	char *text = scene->text[scene->texts++];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(scene->text[0]), format, arguments);
	va_end(arguments);
	while (scene->env[arm][used])
		used++;
	scene->env[arm][used] = text;
}

static void make_environments(struct scene *scene)
{
	const char *build = scene->bench->build;

	for (int arm = 0; arm < SCENE_ARMS; arm++)
		memcpy(scene->env[arm], ordinary, sizeof(ordinary));
	add_variable(scene, SCENE_EMPTY, "LD_PRELOAD=%s/bench-empty.so", build);
	add_variable(scene, SCENE_TWIN, "LD_PRELOAD=%s/bench-again.so", build);
	add_variable(scene, SCENE_INERT, "LD_PRELOAD=%s/libbookend.so", build);
	add_variable(scene, SCENE_ENABLED, "LD_PRELOAD=%s/libbookend.so", build);
	add_variable(scene, SCENE_ENABLED, "BOOKEND_SERVICE=bench");
	add_variable(scene, SCENE_ENABLED, "BOOKEND_POLICY=%s", scene->policy);
	add_variable(scene, SCENE_ENABLED, "BOOKEND_STATE=%s", scene->state);
	scene->tool_env[0] = ordinary[0];
	scene->tool_env[1] = ordinary[1];
	scene->tool_env[2] = scene->env[SCENE_ENABLED][ORDINARY + 3];
}

/* The loader passes over an object that is not there, and the row would compare with nothing. */
static int check_objects(const struct bench *bench, struct measured *into)
{
	static const char *const names[] = { "bench-empty.so", "bench-again.so", "libbookend.so",
					     "bookend" };
	char path[1200];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", bench->build, names[i]);
		if (access(path, X_OK) < 0)
			return harness_fail(into, -errno, "%s, which `make bench` builds", path);
	}
	return 0;
}

int scene_open(const struct bench *bench, const char *name, struct scene *scene,
	       struct measured *into)
{
	int error;

	*scene = (struct scene){ .bench = bench };
	error = check_objects(bench, into);
	if (error)
		return error;
	snprintf(scene->folder, sizeof(scene->folder), "%s/%s", bench->folder, name);
	snprintf(scene->state, sizeof(scene->state), "%s/state", scene->folder);
	snprintf(scene->policy, sizeof(scene->policy), "%s/policy.yaml", scene->folder);
	snprintf(scene->events, sizeof(scene->events), "%s/events.ndjson", scene->folder);
	make_environments(scene);
	if (mkdir(scene->folder, 0700) < 0 || mkdir(scene->state, 0700) < 0)
		return harness_fail(into, -errno, "%s", scene->folder);

	char folder[PATHS_MAX];
	if (!paths_pool_folder(geteuid(), folder))
		snprintf(scene->pool, sizeof(scene->pool), "%s", folder);
	return 0;
}

static void write_destination(FILE *file, const struct scene *scene,
			      const struct scene_policy *policy)
{
	fputs("bookend: 1\nname: Bench\ndestinations:\n  out:\n", file);
	if (policy->url)
		fprintf(file, "    format: segment\n    url: %s\n    key: bench\n", policy->url);
	else
		fprintf(file, "    format: ndjson\n    url: file:%s\n", scene->events);
	if (policy->service)
		fputs("    send: { wait: 1ms, timeout: 1s, give_up: 1s }\n", file);
}

/* Services that are in the file but not this process: what an organisation with one policy for all
 * its tools has. */
static void write_others(FILE *file, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		fprintf(file,
			"  other%u:\n    match: { exe: other%u }\n    to: out\n    consent: [ { "
			"allow: always } "
			"]\n"
			"    events:\n      other%u:\n        when: start\n",
			i, i, i);
}

/* Events of the matching service that never hold. */
static void write_silent(FILE *file, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		fprintf(file,
			"      silent%u:\n        when: start\n        if: { flag: --silent-%u }\n",
			i, i);
}

static int write_policy(const struct scene *scene, const struct scene_policy *policy)
{
	FILE *file = fopen(scene->policy, "we");

	if (!file)
		return -errno;
	write_destination(file, scene, policy);
	fputs("services:\n", file);
	write_others(file, policy->services);
	fprintf(file, "  bench:\n    match: { path: [/usr, /bin, %s] }\n", scene->bench->build);
	if (policy->later)
		fputs("    sender: later\n", file);
	else if (!policy->service)
		fputs("    commands: [run, status]\n", file);
	if (policy->measures)
		fprintf(file, "    measures:\n%s", policy->measures);
	fputs("    to: out\n"
	      "    consent:\n"
	      "      - deny: { env: BENCH_OPT_OUT }\n"
	      "      - allow: always\n"
	      "    properties:\n"
	      "      program: ${process.name}\n"
	      "      command: ${command.path}\n"
	      "      os: ${os.name}\n"
	      "      ci: { env: CI }\n"
	      "    events:\n"
	      "      started:\n"
	      "        when: start\n"
	      "      stopped:\n"
	      "        when: stop\n"
	      "        properties:\n"
	      "          how: ${exit.how}\n"
	      "          code: ${exit.code}\n"
	      "          duration_ms: ${exit.duration_ms}\n",
	      file);
	if (policy->calls)
		fputs(policy->calls, file);
	write_silent(file, policy->events);
	for (unsigned i = 0; i < policy->more; i++)
		fprintf(file, "      more%u:\n        when: start\n", i);

	int error = ferror(file) ? -EIO : 0;
	return fclose(file) ? -errno : error;
}

static int run_tool(const struct scene *scene, const char *const *arguments)
{
	char tool[600];
	const char *argv[8] = { tool };
	struct spent spent;

	snprintf(tool, sizeof(tool), "%s/bookend", scene->bench->build);
	for (int i = 0; i < 6 && arguments[i]; i++)
		argv[i + 1] = arguments[i];

	const char *envp[] = { ordinary[0], ordinary[1], scene->env[SCENE_ENABLED][ORDINARY + 3],
			       NULL };
	return spawn_run(argv, envp, &spent);
}

int scene_compile(struct scene *scene, const struct scene_policy *policy, struct measured *into)
{
	int error = write_policy(scene, policy);

	if (error)
		return harness_fail(into, error, "%s", scene->policy);
	error = run_tool(scene, (const char *[]){ "compile", scene->policy, NULL });
	return error ? harness_fail(into, error, "bookend compile failed") : 0;
}

int scene_drain(void *context)
{
	return run_tool(context, (const char *[]){ "flush", "--once", NULL });
}

int scene_drain_briefly(void *context)
{
	/* Its status says that something waits, as it must. */
	run_tool(context, (const char *[]){ "flush", "--once", "--timeout", "100ms", NULL });
	return 0;
}

int scene_hold_helpers(const struct scene *scene)
{
	struct pool pool;
	enum reason why;
	int error = pool_open(&pool, geteuid(), scene->state, true, false, &why);

	if (error < 0)
		return error;
	atomic_store(&pool.header->helper_until_ns, UINT64_MAX);
	pool_close(&pool);
	return 0;
}

uint64_t scene_starts(const struct scene *scene)
{
	struct pool pool;
	enum reason why;

	if (pool_open(&pool, geteuid(), scene->state, false, false, &why) < 0)
		return 0;

	uint64_t starts = pool_counted(&pool, POOL_STARTS);
	pool_close(&pool);
	return starts;
}

uint64_t scene_lines(const struct scene *scene)
{
	FILE *file = fopen(scene->events, "re");
	uint64_t lines = 0;
	static char buffer[65536];
	size_t got;

	if (!file)
		return 0;
	while ((got = fread(buffer, 1, sizeof(buffer), file)) > 0)
		for (size_t i = 0; i < got; i++)
			lines += buffer[i] == '\n';
	fclose(file);
	return lines;
}

void scene_forget_lines(const struct scene *scene)
{
	unlink(scene->events);
}

static void remove_tree(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	char inner[1200];

	while (directory && (entry = readdir(directory)) != NULL) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
		if (unlink(inner) < 0)
			remove_tree(inner);
	}
	if (directory)
		closedir(directory);
	rmdir(path);
}

void scene_close(struct scene *scene)
{
	char name[64], path[1300];

	paths_pool_name(scene->state, name);
	snprintf(path, sizeof(path), "%s/%s", scene->pool, name);
	if (scene->pool[0])
		unlink(path);
	remove_tree(scene->folder);
}

int scene_run(void *context, double *value)
{
	const struct scene_run *run = context;
	struct spent spent;
	int error = spawn_run(run->argv, run->envp, &spent);

	*value = run->wall ? spent.wall_us : spent.cpu_us;
	return error;
}
