/*
 * What a command says, read while its time runs. How it becomes a process is in probe_child.c.
 */
#include "sender/probe_run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/paths.h"
#include "sender/probe_child.h"

#define LOOK_MS	   20
#define CANDIDATES 64

static const char *variable(const struct late_probe *probe, const char *name)
{
	size_t length = strlen(name);

	for (unsigned i = 0; probe->envp[i]; i++)
		if (!strncmp(probe->envp[i], name, length) && probe->envp[i][length] == '=')
			return probe->envp[i] + length + 1;
	return NULL;
}

static void free_candidates(char *path[CANDIDATES + 1])
{
	for (unsigned i = 0; path[i]; i++)
		free(path[i]);
}

/* A name with a slash as it is, others below the absolute folders of PATH. */
static void find_candidates(const struct late_probe *probe, char *path[CANDIDATES + 1])
{
	const char *folders = variable(probe, "PATH");
	const char *name = probe->argv[0];
	unsigned count = 0;

	if (strchr(name, '/')) {
		path[0] = strdup(name);
		return;
	}
	if (!folders)
		folders = "/usr/local/bin:/usr/bin:/bin";
	while (*folders && count < CANDIDATES) {
		size_t length = strcspn(folders, ":");

		if (folders[0] == '/' && length < PATHS_MAX &&
		    asprintf(&path[count], "%.*s/%s", (int)length, folders, name) >= 0)
			count++;
		folders += length + (folders[length] == ':');
	}
	path[count] = NULL;
}

static size_t bytes_of(const char *const *list)
{
	size_t bytes = sizeof(*list);

	for (; *list; list++)
		bytes += sizeof(*list) + strlen(*list) + 8;
	return bytes;
}

static struct probe_child *make_child(const struct late_probe *probe)
{
	char *path[CANDIDATES + 1] = { NULL };
	struct probe_child *c;

	find_candidates(probe, path);
	c = probe_child_new(bytes_of(probe->argv) + bytes_of(probe->envp) +
			    bytes_of((const char *const *)path) + strlen(probe->directory) + 16);
	if (c) {
		c->argv = probe_child_list(c, probe->argv);
		c->envp = probe_child_list(c, probe->envp);
		c->path = probe_child_list(c, (const char *const *)path);
		c->directory = probe_child_text(c, probe->directory);
	}
	free_candidates(path);
	return c;
}

struct reading {
	struct probe_child *child;
	int pipe;
	char *into;
	size_t length, capacity;
	uint64_t until_ns; /* boot time */
	bool ended;
};

/* What is there; false: too much. */
static bool read_some(struct reading *r)
{
	while (!r->ended) {
		char surplus;
		bool full = r->length == r->capacity;
		ssize_t n = full ? read(r->pipe, &surplus, 1)
				 : read(r->pipe, r->into + r->length, r->capacity - r->length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return true;
		if (n > 0 && full)
			return false;
		r->ended = n == 0;
		r->length += (size_t)n;
	}
	return true;
}

static int outcome(const struct reading *r)
{
	int status = atomic_load(&r->child->status);
	int error = atomic_load(&r->child->error);

	if (error)
		return -error;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? (int)r->length : -EIO;
}

/* Until the command ends: who else holds the pipe is not waited for. */
static int follow(struct reading *r, bool *ended, bool (*go_on)(void *), void *context)
{
	struct pollfd look = { .fd = r->pipe, .events = POLLIN };

	for (;;) {
		*ended = probe_child_ended(r->child);
		if (!read_some(r))
			return -EFBIG;
		if (*ended)
			return outcome(r);
		if (clock_boot_ns() >= r->until_ns)
			return -ETIME;
		if (!go_on(context))
			return -EINTR;
		poll(&look, r->ended ? 0 : 1, r->ended ? 1 : LOOK_MS);
	}
}

/* Above the three that a command has: a thread of its own descriptor table gets these, too. */
static int raise_descriptor(int fd)
{
	int high;

	if (fd < 0 || fd > 2)
		return fd;
	high = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	close(fd);
	return high;
}

static int open_descriptors(struct probe_child *c, int *in)
{
	int ends[2];

	c->null = raise_descriptor(open("/dev/null", O_RDWR | O_CLOEXEC));
	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	*in = raise_descriptor(ends[0]);
	c->out = raise_descriptor(ends[1]);
	if (c->null < 0 || *in < 0 || c->out < 0 || fcntl(*in, F_SETFL, O_NONBLOCK))
		return -EMFILE;
	return 0;
}

static void close_open(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* The block is the child's from here on: nothing is written to it. */
static int run(struct reading *r, bool *ended, bool (*go_on)(void *), void *context)
{
	int out, error = open_descriptors(r->child, &r->pipe);

	out = r->child->out;
	if (!error)
		error = probe_child_start(r->child);
	close_open(out);
	if (!error)
		error = follow(r, ended, go_on, context);
	close_open(r->pipe);
	return error;
}

int probe_run(const struct late_probe *probe, bool (*go_on)(void *context), void *context,
	      char *into, size_t capacity)
{
	struct reading r = { .pipe = -1, .into = into, .capacity = capacity };
	bool ended = true;
	int said;

	if (!probe->directory)
		return -ENOTDIR;
	r.child = make_child(probe);
	if (!r.child)
		return -ENOMEM;
	r.until_ns = clock_boot_ns() + probe->timeout_ms * UINT64_C(1000000);
	said = run(&r, &ended, go_on, context);
	if (!ended)
		ended = probe_child_kill(r.child);
	close_open(r.child->null);
	/* Else something in it does not even die: its memory must stay. */
	if (ended)
		probe_child_free(r.child);
	return said;
}
