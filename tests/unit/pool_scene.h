/*
 * A pool of one's own for a unit test: a folder on /dev/shm with a new pool in it, mapped whole,
 * and processes to kill. Include cmocka first.
 */
#ifndef BOOKEND_TESTS_UNIT_POOL_SCENE_H
#define BOOKEND_TESTS_UNIT_POOL_SCENE_H

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/paths.h"
#include "base/pool.h"

#define SCENE_STATE    "/state/of/a/test"
#define SCENE_DEADLINE (60 * CLOCK_SECOND)

struct scene {
	char folder[64];
	char file[PATHS_MAX]; /* the pool's path */
	struct pool pool;
};

static inline int scene_reopen(struct scene *scene, bool make, bool whole, enum reason *why)
{
	return pool_open_in(&scene->pool, scene->folder, geteuid(), SCENE_STATE, make, whole, why);
}

/* The folder only. */
static inline void scene_init(struct scene *scene)
{
	char name[64];

	*scene = (struct scene){ .folder = "/dev/shm/bookend-test-XXXXXX", .pool.file = -1 };
	assert_non_null(mkdtemp(scene->folder));
	paths_pool_name(SCENE_STATE, name);
	snprintf(scene->file, sizeof(scene->file), "%s/%s", scene->folder, name);
}

static inline void scene_open(struct scene *scene, bool whole)
{
	enum reason why;

	scene_init(scene);
	assert_int_equal(scene_reopen(scene, true, whole, &why), 0);
}

static inline void scene_fini(struct scene *scene)
{
	DIR *dir = opendir(scene->folder);
	struct dirent *entry;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	rmdir(scene->folder);
}

static inline void scene_close(struct scene *scene)
{
	pool_close(&scene->pool);
	scene_fini(scene);
}

/* A page that a test shares with its children, zeroed. */
static inline void *scene_shared(size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(at != MAP_FAILED);
	return at;
}

static inline void scene_reap(pid_t pid)
{
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* A process that has ended and was reaped: a pid that nobody has. */
static inline pid_t scene_dead_pid(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	scene_reap(pid);
	return pid;
}

/* How often a storm kills: BOOKEND_TEST_KILLS, for longer runs by hand. */
static inline unsigned scene_kills(unsigned usual)
{
	const char *given = getenv("BOOKEND_TEST_KILLS");

	return given != NULL ? (unsigned)strtoul(given, NULL, 10) : usual;
}

#endif
