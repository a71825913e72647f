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

static void free_entry(struct memory_entry *entry)
{
	free(entry->service);
	free(entry->name);
	free(entry->json);
}

static void clear(struct memory_entry *entry, uint32_t *count)
{
	for (uint32_t i = 0; i < *count; i++)
		free_entry(&entry[i]);
	*count = 0;
}

/* JSON may have line ends and tabs between its values only: strings escape theirs. */
static char *copy_line(const char *text, size_t length)
{
	char *copy = malloc(length + 1);

	for (size_t i = 0; copy && i < length; i++)
		copy[i] = text[i] == '\n' || text[i] == '\t' || text[i] == '\r' ? ' ' : text[i];
	if (copy)
		copy[length] = '\0';
	return copy;
}

static bool make_entry(struct memory_entry *into, const char *service, const char *name,
		       const char *json, size_t length)
{
	*into = (struct memory_entry){ copy_line(service, strlen(service)),
				       copy_line(name, strlen(name)), copy_line(json, length) };
	if (into->service && into->name && into->json)
		return true;
	free_entry(into);
	return false;
}

static bool add(struct memory_entry **list, uint32_t *count, uint32_t *room,
		const struct memory_entry *entry)
{
	struct memory_entry *more;

	if (*count == *room) {
		*room = *room ? 2 * *room : 16;
		more = realloc(*list, *room * sizeof(*more));
		if (!more)
			return false;
		*list = more;
	}
	(*list)[(*count)++] = *entry;
	return true;
}

static struct memory_entry *find(struct memory *m, const char *service, const char *name)
{
	for (uint32_t i = 0; i < m->entries; i++)
		if (!strcmp(m->entry[i].service, service) && !strcmp(m->entry[i].name, name))
			return &m->entry[i];
	return NULL;
}

/* Takes the entry over. */
static void set(struct memory *m, struct memory_entry *entry)
{
	struct memory_entry *old = find(m, entry->service, entry->name);

	m->changed = true;
	if (old) {
		free_entry(old);
		*old = *entry;
	} else if (!add(&m->entry, &m->entries, &m->room, entry)) {
		free_entry(entry);
	}
}

static void read_line(struct memory *m, char *line)
{
	char *rest = NULL;
	const char *service = strtok_r(line, "\t", &rest);
	const char *name = strtok_r(NULL, "\t", &rest);
	const char *json = strtok_r(NULL, "\t", &rest);
	struct memory_entry entry;

	if (json && make_entry(&entry, service, name, json, strlen(json)))
		set(m, &entry);
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
	const struct memory_entry *entry = look(m) ? find(m, service, name) : NULL;

	return entry ? entry->json : NULL;
}

static void stage(void *context, const char *service, const char *name, const char *json,
		  size_t length)
{
	struct memory *m = context;
	struct memory_entry entry;

	if (!look(m) || !make_entry(&entry, service, name, json, length))
		return;
	if (!add(&m->staged, &m->stages, &m->stage_room, &entry))
		free_entry(&entry);
}

void memory_init(struct memory *m, const char *state)
{
	*m = (struct memory){ .state = state, .late = { remembered, stage, m }, .lock = -1 };
}

void memory_fini(struct memory *m)
{
	memory_forget(m);
	free(m->entry);
	free(m->staged);
	m->entry = m->staged = NULL;
	m->room = m->stage_room = 0;
}

void memory_take(struct memory *m)
{
	for (uint32_t i = 0; i < m->stages; i++)
		set(m, &m->staged[i]);
	m->stages = 0;
}

void memory_drop(struct memory *m)
{
	clear(m->staged, &m->stages);
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

	for (uint32_t i = 0; i < m->entries; i++) {
		buffer_text(&text, m->entry[i].service);
		buffer_add(&text, "\t", 1);
		buffer_text(&text, m->entry[i].name);
		buffer_add(&text, "\t", 1);
		buffer_text(&text, m->entry[i].json);
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
	clear(m->entry, &m->entries);
	if (m->lock >= 0)
		close(m->lock);
	m->lock = -1;
	m->open = m->busy = m->changed = false;
}
