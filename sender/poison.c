/*
 * One line an event: {"destination","status","answer","event":{native}}.
 */
#include "sender/poison.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sender/encode.h"

static int append(int file, const struct buffer *line)
{
	struct stat st;

	if (fstat(file, &st))
		return -errno;
	if ((uint64_t)st.st_size + line->length > POISON_BYTES)
		return -EFBIG;
	if (write(file, line->data, line->length) == (ssize_t)line->length)
		return 0;
	return ftruncate(file, st.st_size) ? -EIO : -ENOSPC;
}

int poison_keep(int folder, const char *destination, const struct event *event, int status,
		const char *answer)
{
	struct buffer line = { 0 };
	int file, r;

	buffer_text(&line, "{\"destination\":");
	buffer_json(&line, destination, strlen(destination));
	buffer_text(&line, ",\"status\":");
	buffer_unsigned(&line, (uint64_t)status);
	buffer_text(&line, ",\"answer\":");
	buffer_json(&line, answer, strlen(answer));
	buffer_text(&line, ",\"event\":");
	encode_native(&line, event);
	buffer_text(&line, "}\n");
	file = openat(folder, "poison.ndjson",
		      O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	r = file < 0 ? -errno : 0;
	if (!r && flock(file, LOCK_EX))
		r = -errno;
	if (!r)
		r = line.failed ? -ENOMEM : append(file, &line);
	if (file >= 0)
		close(file);
	buffer_free(&line);
	return r;
}
