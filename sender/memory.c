/*
 * The file is one entry a line, service, name and JSON with tabs between them, and is replaced as a
 * whole. A state directory that can not be written remembers nothing.
 */
#include "sender/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/paths.h"
#include "sender/buffer.h"

#define MEMORY_FILE "remembered"
#define LOCK_TRIES  20
#define LOCK_MS	    50

static void clear(struct memory_entry **list)
{
	while (*list) {
		struct memory_entry *gone = *list;

		*list = gone->next;
		free(gone);
	}
}

/* JSON may have line ends and tabs between its values only: strings escape theirs. */
static char *copy_line(char *into, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		into[i] = text[i] == '\n' || text[i] == '\t' || text[i] == '\r' ? ' ' : text[i];
	into[length] = '\0';
	return into + length + 1;
}

static struct memory_entry *make_entry(const char *service, const char *name, const char *json,
				       size_t length)
{
	size_t services = strlen(service), names = strlen(name);
	struct memory_entry *entry = malloc(sizeof(*entry) + services + names + length + 3);
	char *at;

	if (!entry)
		return NULL;
	entry->next = NULL;
	at = copy_line(entry->service, service, services);
	entry->name = at;
	at = copy_line(at, name, names);
	entry->json = at;
	copy_line(at, json, length);
	return entry;
}

/* Where it hangs, or would. */
static struct memory_entry **find(struct memory_entry **at, const char *service, const char *name)
{
	while (*at && (strcmp((*at)->service, service) || strcmp((*at)->name, name)))
		at = &(*at)->next;
	return at;
}

/* Takes the entry over, in the place of one with the same names. */
static void put(struct memory_entry **list, struct memory_entry *entry)
{
	struct memory_entry **at = find(list, entry->service, entry->name);
	struct memory_entry *old = *at;

	if (old) {
		*at = old->next;
		free(old);
	}
	entry->next = *list;
	*list = entry;
}

static void read_line(struct memory *m, char *line)
{
	char *rest = NULL;
	const char *service = strtok_r(line, "\t", &rest);
	const char *name = strtok_r(NULL, "\t", &rest);
	const char *json = strtok_r(NULL, "\t", &rest);
	struct memory_entry *entry = json ? make_entry(service, name, json, strlen(json)) : NULL;

	if (entry)
		put(&m->first, entry);
}

static void path_of(const struct memory *m, const char *suffix, char into[PATHS_MAX + 32])
{
	snprintf(into, PATHS_MAX + 32, "%s/" MEMORY_FILE "%s", m->state, suffix);
}

static void read_file(struct memory *m)
{
	char path[PATHS_MAX + 32];
	char *line = NULL;
	size_t room = 0;
	FILE *file;
	ssize_t n;

	path_of(m, "", path);
	file = fopen(path, "re");
	if (!file)
		return;
	while ((n = getline(&line, &room, file)) > 0) {
		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		read_line(m, line);
	}
	free(line);
	fclose(file);
	m->changed = false;
}

static bool lock(struct memory *m)
{
	char path[PATHS_MAX + 32];

	path_of(m, ".lock", path);
	m->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (m->lock < 0)
		return true; /* nobody can remember anything here */
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (!flock(m->lock, LOCK_EX | LOCK_NB))
			return true;
		nanosleep(&(struct timespec){ .tv_nsec = LOCK_MS * 1000000L }, NULL);
	}
	close(m->lock);
	m->lock = -1;
	return false;
}

static bool look(struct memory *m)
{
	if (m->open)
		return true;
	if (m->busy || !lock(m)) {
		m->busy = true;
		return false;
	}
	read_file(m);
	m->open = true;
	return true;
}

static const char *remembered(void *context, const char *service, const char *name)
{
	struct memory *m = context;
	const struct memory_entry *entry = look(m) ? *find(&m->first, service, name) : NULL;

	return entry ? entry->json : NULL;
}

static void stage(void *context, const char *service, const char *name, const char *json,
		  size_t length)
{
	struct memory *m = context;
	struct memory_entry *entry = look(m) ? make_entry(service, name, json, length) : NULL;

	if (entry)
		put(&m->staged, entry);
}

void memory_init(struct memory *m, const char *state)
{
	*m = (struct memory){ .state = state, .late = { remembered, stage, m }, .lock = -1 };
}

void memory_fini(struct memory *m)
{
	memory_forget(m);
}

void memory_take(struct memory *m)
{
	while (m->staged) {
		struct memory_entry *entry = m->staged;

		m->staged = entry->next;
		put(&m->first, entry);
		m->changed = true;
	}
}

void memory_drop(struct memory *m)
{
	clear(&m->staged);
}

void memory_put(struct memory *m, const char *service, const char *name, const char *json,
		size_t length)
{
	stage(m, service, name, json, length);
	memory_take(m);
}

static int write_file(const struct memory *m, const struct buffer *text)
{
	char path[PATHS_MAX + 32], next[PATHS_MAX + 32];
	int error = 0;
	int file;

	path_of(m, "", path);
	path_of(m, ".new", next);
	file = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (file < 0)
		return -errno;
	if (write(file, text->data, text->length) != (ssize_t)text->length || fdatasync(file))
		error = -EIO;
	close(file);
	if (!error && rename(next, path))
		error = -errno;
	if (error)
		unlink(next);
	return error;
}

static int write_all(const struct memory *m)
{
	struct buffer text = { 0 };
	int error;

	for (const struct memory_entry *entry = m->first; entry; entry = entry->next) {
		buffer_text(&text, entry->service);
		buffer_add(&text, "\t", 1);
		buffer_text(&text, entry->name);
		buffer_add(&text, "\t", 1);
		buffer_text(&text, entry->json);
		buffer_add(&text, "\n", 1);
	}
	error = text.failed ? -ENOMEM : text.length > MEMORY_BYTES ? -EFBIG : write_file(m, &text);
	buffer_free(&text);
	return error;
}

int memory_commit(struct memory *m)
{
	int error = m->open && m->changed ? write_all(m) : 0;

	memory_forget(m);
	return error;
}

void memory_forget(struct memory *m)
{
	memory_drop(m);
	clear(&m->first);
	if (m->lock >= 0)
		close(m->lock);
	m->lock = -1;
	m->open = m->busy = m->changed = false;
}
