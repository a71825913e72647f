#include "tests/bench/flush_child.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "sender/sender.h"

static void say_nothing(void *context, int level, const char *line)
{
	(void)context;
	(void)level;
	(void)line;
}

static double clock_us(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* In a child, so that nothing of it is left in the bench. */
static void flush_here(const struct scene *scene, struct flushed *into)
{
	const struct sender_options options = {
		.state = scene->state,
		.uid = geteuid(),
		.timeout_ms = 60000,
		.say = say_nothing,
	};
	struct sender_report report = { 0 };

	if (into->pinned)
		spawn_pin(spawn_cores() - 1);

	double cpu = clock_us(CLOCK_PROCESS_CPUTIME_ID), wall = clock_us(CLOCK_MONOTONIC);
	into->error = bookend_sender()->flush(&options, &report);
	into->cpu_us = clock_us(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	into->wall_us = clock_us(CLOCK_MONOTONIC) - wall;
	into->events = report.acknowledged;
}

int flush_child(const struct scene *scene, struct flushed *into)
{
	int pipes[2];

	if (pipe(pipes) < 0)
		return -errno;

	pid_t pid = fork();
	if (!pid) {
		flush_here(scene, into);
		_exit(write(pipes[1], into, sizeof(*into)) != sizeof(*into));
	}
	close(pipes[1]);

	ssize_t got = pid < 0 ? 0 : read(pipes[0], into, sizeof(*into));
	close(pipes[0]);
	if (pid < 0)
		return -EAGAIN;

	int error = spawn_wait(pid);
	return error ? error : got == sizeof(*into) ? into->error : -EPIPE;
}
