/*
 * Lines are read under the lock that writers hold. When the file has become shorter its older half
 * is gone: what of the rest was printed already is told by its last line.
 */
#include "tools/tail_sent.h"
#include "tools/command.h"
#include "tools/message.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/paths.h"

#define LOOK_NS 100000000

struct sent {
	char path[PATHS_MAX + 8];
	char *last; /* line that was printed; NULL: none */
	off_t size;
};

/* The whole file, malloc'd; NULL: it is not there or can not be read. */
static char *read_all(struct sent *s)
{
	int file = open(s->path, O_RDONLY | O_CLOEXEC);
	char *text = NULL;
	struct stat st;
	ssize_t n = -1;

	if (file < 0)
		return NULL;
	if (flock(file, LOCK_SH) == 0 && fstat(file, &st) == 0 && st.st_size != s->size)
		text = malloc((size_t)st.st_size + 1);
	if (text) {
		n = read(file, text, (size_t)st.st_size);
		s->size = st.st_size;
		text[n > 0 ? n : 0] = '\0';
	}
	close(file);
	return text;
}

/* What stands behind the last line that was printed. */
static char *find_new(const struct sent *s, char *text)
{
	char *found = s->last ? strstr(text, s->last) : NULL;

	return found ? found + strlen(s->last) : text;
}

static void print_new(struct sent *s)
{
	char *text = read_all(s);
	const char *new, *end;

	if (!text)
		return;
	new = find_new(s, text);
	for (end = strchr(new, '\n'); end; end = strchr(new, '\n')) {
		fwrite(new, 1, (size_t)(end + 1 - new), stdout);
		free(s->last);
		s->last = strndup(new, (size_t)(end + 1 - new));
		new = end + 1;
	}
	fflush(stdout);
	free(text);
}

int tail_sent(const char *state, bool follow, const volatile int *stop)
{
	struct sent s = { .size = -1 };

	snprintf(s.path, sizeof(s.path), "%s/sent", state);
	if (access(s.path, R_OK) != 0 && errno != ENOENT) {
		message("%s: %s", s.path, strerror(errno));
		return STATUS_FAILED;
	}
	print_new(&s);
	while (follow && !(stop && *stop)) {
		nanosleep(&(struct timespec){ .tv_nsec = LOOK_NS }, NULL);
		print_new(&s);
	}
	free(s.last);
	return STATUS_OK;
}
