/*
 * Only the order is found here, by reading the files; the loader decides which file a name means.
 * Where the two disagree a step is larger than it could be, and nothing else.
 */
#include "sender/library.h"

#include <ctype.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/elf_file.h"
#include "base/paths.h"
#include "sender/step.h"

#define LIBRARIES 128
#define NEEDED	  64 /* of one */
#define DEPTH	  16

static bool missing;

struct order {
	char folder[PATHS_MAX]; /* where our libc lies: so do the distribution's libraries */
	char seen[LIBRARIES][ELF_FILE_NAME];
	unsigned count;
	unsigned depth;
	bool refused;
};

struct needed {
	struct elf_file file;
	char name[NEEDED][ELF_FILE_NAME];
	unsigned count;
};

static bool find_folder(char into[PATHS_MAX])
{
	Dl_info info;
	char *slash;

	if (!dladdr((void *)(uintptr_t)getpid, &info) || !info.dli_fname)
		return false;
	snprintf(into, PATHS_MAX, "%s", info.dli_fname);
	slash = strrchr(into, '/');
	if (slash)
		slash[1] = '\0';
	return slash != NULL;
}

static bool is_seen(const struct order *order, const char *name)
{
	for (unsigned i = 0; i < order->count; i++)
		if (!strcmp(order->seen[i], name))
			return true;
	return false;
}

static bool take_needed(void *context, const char *name)
{
	struct needed *needed = context;

	snprintf(needed->name[needed->count++], ELF_FILE_NAME, "%s", name);
	return needed->count == NEEDED;
}

static void load_step(struct order *order, const char *name)
{
	if (order->refused || !step_begin()) {
		order->refused = true;
		return;
	}
	/* It stays: nothing is unloaded in a host, at its end or before. */
	dlopen(name, RTLD_NOW | RTLD_LOCAL);
	if (!step_end())
		order->refused = true;
}

/* Post order: what it needs, then itself. */
static void load_all(struct order *order, const char *name)
{
	char path[PATHS_MAX + ELF_FILE_NAME];
	struct needed *needed;

	if (order->refused || is_seen(order, name) || order->count == LIBRARIES ||
	    order->depth == DEPTH)
		return;
	snprintf(order->seen[order->count++], ELF_FILE_NAME, "%s", name);
	needed = calloc(1, sizeof(*needed));
	if (!needed)
		return;
	snprintf(path, sizeof(path), "%s%s", order->folder, name);
	order->depth++;
	if (!elf_file_needed(path, &needed->file, take_needed, needed)) {
		for (unsigned i = 0; i < needed->count; i++)
			load_all(order, needed->name[i]);
		load_step(order, name);
	}
	order->depth--;
	free(needed);
}

static int load_in_steps(const char *name)
{
	struct order *order = calloc(1, sizeof(*order));
	bool refused;

	if (!order)
		return -ENOMEM;
	if (find_folder(order->folder))
		load_all(order, name);
	refused = order->refused;
	free(order);
	return refused ? -EINTR : 0;
}

int library_load(const char *name, void **into)
{
	int r = step_is_needed() ? load_in_steps(name) : 0;

	if (!r && !step_begin())
		r = -EINTR;
	if (r)
		return r;
	*into = dlopen(name, RTLD_NOW | RTLD_LOCAL);
	if (!step_end())
		return -EINTR;
	return *into ? 0 : -ELIBACC;
}

/* hosts: files mdns4_minimal [NOTFOUND=return] dns: nsswitch.conf(5). files and dns are libc's own.
 */
static void load_services(char *line)
{
	char name[ELF_FILE_NAME];
	char *rest = line;
	const char *word;
	void *library;

	while ((word = strtok_r(rest, " \t\n", &rest)) != NULL && *word != '#') {
		if (!isalpha((unsigned char)*word) || !strcmp(word, "files") ||
		    !strcmp(word, "dns"))
			continue;
		snprintf(name, sizeof(name), "libnss_%s.so.2", word);
		library_load(name, &library);
	}
}

void library_load_names(void)
{
	FILE *file = step_is_needed() ? fopen("/etc/nsswitch.conf", "re") : NULL;
	char line[512];

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, "hosts:", 6))
			load_services(line + 6);
	if (file)
		fclose(file);
}

void library_note(bool is_missing)
{
	missing = is_missing;
}

bool library_is_missing(void)
{
	return missing;
}
