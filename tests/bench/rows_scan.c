/*
 * What hooking costs at a start: hooks_install() with 20 symbols of libc that programs call often,
 * in the constructor of watch.so (tests/hooks), which tells the time.
 */
#include "tests/bench/rows.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/bench/scene.h"
#include "tests/hooks/watch.h"

static const char symbols[] =
	"WATCH=count:malloc count:free count:calloc count:realloc count:memcpy count:memset "
	"count:strlen count:strcmp count:strchr count:read count:write count:open64 count:close "
	"count:fstat count:mmap count:munmap count:getenv count:pthread_mutex_lock "
	"count:clock_gettime count:qsort";

struct scanned {
	const char *const *argv;
	const char *envp[5];
	struct watch_file *file;
};

static int start(void *context, double *value)
{
	struct scanned *scanned = context;
	struct spent spent;
	int error;

	memset(scanned->file, 0, sizeof(*scanned->file));
	error = spawn_run(scanned->argv, scanned->envp, &spent);
	*value = (double)scanned->file->took / 1000;
	if (!error && (!scanned->file->here || scanned->file->installed))
		error = -ENODATA;
	return error;
}

static int measure(const struct bench *bench, struct scanned *scanned, struct measured *into)
{
	const struct arm arms[] = { { start, scanned }, { start, scanned } };
	const struct plan plan = {
		.arms = arms,
		.arm_count = 2,
		.rounds = bench->quick ? 40 : 200,
		.warm_up = 3,
	};
	struct rounds rounds;
	int error;

	spawn_pin(spawn_cores() - 1);
	error = harness_rounds(&plan, &rounds);
	spawn_unpin();
	if (error)
		harness_fail(into, error, "%s, or nothing was hooked in it", scanned->argv[0]);
	else
		error = harness_absolute(&rounds, into);
	harness_describe(into, "20 symbols of libc, counted");
	harness_free(&rounds);
	return error;
}

ROW_FUNCTION(scan_start)
{
	static const char *const commands[][4] = {
		{ "/usr/bin/git", "--version" },
		{ "/usr/bin/python3", "-c", "pass" },
		{ "/usr/sbin/mariadbd", "--version" },
	};
	char path[600], library[600], file[640];
	struct scanned scanned = { .envp = { "PATH=/usr/bin", library, symbols, file } };
	size_t i = 0;
	int fd, error;

	while (strcmp(commands[i][0], row->variant) != 0)
		if (++i == sizeof(commands) / sizeof(commands[0]))
			return harness_fail(into, -EINVAL, "%s", row->variant);
	scanned.argv = commands[i];
	snprintf(path, sizeof(path), "%s/watched", bench->folder);
	snprintf(library, sizeof(library), "LD_PRELOAD=%s/watch.so", bench->build);
	snprintf(file, sizeof(file), "WATCH_FILE=%s", path);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, sizeof(*scanned.file)) < 0)
		return harness_fail(into, -errno, "%s", path);
	scanned.file = mmap(NULL, sizeof(*scanned.file), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (scanned.file == MAP_FAILED)
		return harness_fail(into, -errno, "%s", path);
	error = measure(bench, &scanned, into);
	munmap(scanned.file, sizeof(*scanned.file));
	unlink(path);
	return error;
}
