#include "tools/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/paths.h"

static int fill(int fd, uint8_t *bytes, size_t length)
{
	for (size_t done = 0; done < length;) {
		ssize_t more = read(fd, bytes + done, length - done);

		if (more < 0 && errno != EINTR)
			return -errno;
		if (more == 0)
			return -EIO; /* it shrank while we read it */
		if (more > 0)
			done += (size_t)more;
	}
	return 0;
}

int file_read(const char *path, size_t most, uint8_t **bytes, size_t *length)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	uint8_t *memory = NULL;
	struct stat stat_now;
	int error = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &stat_now) != 0)
		error = -errno;
	else if (!S_ISREG(stat_now.st_mode))
		error = S_ISDIR(stat_now.st_mode) ? -EISDIR : -EINVAL;
	else if ((uint64_t)stat_now.st_size > most)
		error = -EFBIG;
	if (error)
		goto out;
	memory = malloc((size_t)stat_now.st_size + 1);
	error = memory ? fill(fd, memory, (size_t)stat_now.st_size) : -ENOMEM;
	if (error) {
		free(memory);
		goto out;
	}
	*bytes = memory;
	*length = (size_t)stat_now.st_size;
out:
	close(fd);
	return error;
}

static int write_all(int fd, const uint8_t *bytes, size_t length)
{
	for (size_t done = 0; done < length;) {
		ssize_t more = write(fd, bytes + done, length - done);

		if (more < 0 && errno != EINTR)
			return -errno;
		if (more > 0)
			done += (size_t)more;
	}
	return 0;
}

int file_replace(const char *path, const void *bytes, size_t length, mode_t mode)
{
	char temporary[PATHS_MAX];
	int fd, error;

	if (snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) >= (int)sizeof(temporary))
		return -ENAMETOOLONG;
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	error = write_all(fd, bytes, length);
	if (error == 0 && (fchmod(fd, mode) != 0 || fdatasync(fd) != 0))
		error = -errno;
	if (close(fd) != 0 && error == 0)
		error = -errno;
	if (error == 0 && rename(temporary, path) != 0)
		error = -errno;
	if (error)
		unlink(temporary);
	return error;
}
