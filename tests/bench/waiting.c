#include "tests/bench/waiting.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/spawn.h"

int waiting_private_kb(pid_t pid, double *into)
{
	char path[64], line[256];

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);

	FILE *file = fopen(path, "re");
	if (!file)
		return -errno;
	*into = 0;
	while (fgets(line, sizeof(line), file)) {
		long kb;

		if (sscanf(line, "Private_Clean: %ld kB", &kb) == 1 ||
		    sscanf(line, "Private_Dirty: %ld kB", &kb) == 1)
			*into += (double)kb;
	}
	fclose(file);
	return 0;
}

/* The path in a line that begins a mapping. */
static bool begins_mapping(const char *line, char path[256])
{
	unsigned long from, to;

	path[0] = '\0';
	return sscanf(line, "%lx-%lx %*s %*s %*s %*s %255[^\n]", &from, &to, path) >= 2;
}

int waiting_alone_kb(pid_t pid, const char *maps, double *into)
{
	char name[64], line[512], path[256];
	bool own = false;

	snprintf(name, sizeof(name), "/proc/%d/smaps", pid);

	FILE *file = fopen(name, "re");
	if (!file)
		return -errno;
	*into = 0;
	while (fgets(line, sizeof(line), file)) {
		long kb;

		if (begins_mapping(line, path))
			own = path[0] == '/' && !strstr(maps, path);
		else if (sscanf(line, "Private_Clean: %ld kB", &kb) == 1 ||
			 sscanf(line, "Private_Dirty: %ld kB", &kb) == 1 ||
			 (own && (sscanf(line, "Shared_Clean: %ld kB", &kb) == 1 ||
				  sscanf(line, "Shared_Dirty: %ld kB", &kb) == 1)))
			*into += (double)kb;
	}
	fclose(file);
	return 0;
}

int waiting_start(const char *const *argv, const char *const *envp, struct waiting *cat)
{
	int in[2], out[2];
	char byte = 'x';

	if (pipe2(in, O_CLOEXEC) < 0)
		return -errno;
	if (pipe2(out, O_CLOEXEC) < 0) {
		close(in[0]);
		close(in[1]);
		return -errno;
	}
	*cat = (struct waiting){ spawn_start(argv, envp, in[0], out[1], spawn_null()), in[1],
				 out[0] };
	close(in[0]);
	close(out[1]);
	if (cat->pid < 0)
		return cat->pid;
	return write(cat->in, &byte, 1) == 1 && read(cat->out, &byte, 1) == 1 ? 0 : -EIO;
}

int waiting_end(const struct waiting *cat)
{
	close(cat->in);
	close(cat->out);
	return cat->pid > 0 ? spawn_wait(cat->pid) : cat->pid;
}
