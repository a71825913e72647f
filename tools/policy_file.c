#include "tools/policy_file.h"
#include "tools/diagnostic.h"
#include "tools/file.h"
#include "tools/message.h"
#include "tools/self.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/late.h"

static bool ends_in(const char *path, const char *end)
{
	size_t length = strlen(path);

	return length > strlen(end) && strcmp(path + length - strlen(end), end) == 0;
}

bool policy_file_is_image(const char *path)
{
	char magic[8] = "";
	int fd;

	if (ends_in(path, ".yaml") || ends_in(path, ".yml"))
		return false;
	if (ends_in(path, ".bki"))
		return true;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return false;
	if (read(fd, magic, sizeof(magic)) != sizeof(magic))
		magic[0] = '\0';
	close(fd);
	return memcmp(magic, IMAGE_MAGIC, sizeof(magic)) == 0;
}

bool policy_file_is_builtin(const char *path)
{
	struct image_header header;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t length = fd < 0 ? -1 : read(fd, &header, sizeof(header));

	if (fd >= 0)
		close(fd);
	return length == sizeof(header) &&
	       memcmp(header.magic, IMAGE_MAGIC, sizeof(header.magic)) == 0 &&
	       header.source_bytes == 0;
}

static int open_image(const char *name, struct policy_file *into)
{
	int error = image_open(into->bytes, into->length, &into->image);

	if (error == -EPROTO)
		message("%s was compiled by another version of bookend: compile the policy again",
			name);
	else if (error)
		message("%s is truncated, damaged, or no compiled policy: compile the policy again",
			name);
	return error;
}

static int read_image(const char *path, struct policy_file *into)
{
	int error = file_read(path, IMAGE_BYTES_MAX, &into->bytes, &into->length);

	if (error)
		message("%s can not be read: %s", path, strerror(-error));
	return error ? error : open_image(path, into);
}

static struct compile_options compile_with(const char *to, char tool[PATHS_MAX])
{
	return (struct compile_options){
		.tool = self_program(tool) == 0 ? tool : NULL,
		.to = to,
		.say = diagnostic_print,
	};
}

static int opened(int error, const char *name, const struct compiled *compiled,
		  struct policy_file *into)
{
	if (error)
		return error;
	into->bytes = compiled->bytes;
	into->length = compiled->length;
	into->compiled = true;
	return open_image(name, into);
}

int policy_file_load(const char *path, const char *to, struct policy_file *into)
{
	struct compile_options options;
	struct compiled compiled;
	char tool[PATHS_MAX];
	int error;

	memset(into, 0, sizeof(*into));
	if (policy_file_is_image(path)) {
		if (to) {
			message("%s is compiled, its destinations can not be replaced: "
				"name the YAML together with --to",
				path);
			return -EINVAL;
		}
		error = read_image(path, into);
	} else {
		options = compile_with(to, tool);
		error = opened(compile_file(path, &options, &compiled), path, &compiled, into);
	}
	if (error)
		policy_file_free(into);
	return error;
}

int policy_file_builtin(const char *program, const char *state, const char *to, char service[64],
			struct policy_file *into)
{
	struct compile_options options;
	struct compiled compiled;
	char tool[PATHS_MAX];
	int error;

	memset(into, 0, sizeof(*into));
	options = compile_with(to, tool);
	error = compile_builtin(program, state, &options, &compiled, service);
	error = opened(error, "the built-in policy", &compiled, into);
	if (error)
		policy_file_free(into);
	return error;
}

void policy_file_free(struct policy_file *policy)
{
	free(policy->bytes);
	policy->bytes = NULL;
}

int policy_file_safe(const char *path)
{
	struct stat stat_now;

	if (stat(path, &stat_now) != 0)
		return -errno;
	if (stat_now.st_uid != 0 && stat_now.st_uid != geteuid()) {
		message("%s belongs to another user: make it yours or root's", path);
		return -EPERM;
	}
	if (stat_now.st_mode & (S_IWGRP | S_IWOTH)) {
		message("others may write %s: chmod go-w it", path);
		return -EPERM;
	}
	return 0;
}

char *policy_file_services(const struct image *image)
{
	size_t bytes = 1;
	char *list;

	for (uint32_t i = 0; i < image->tables->service_count; i++)
		bytes += strlen(late_service(image, i)) + 1;
	list = calloc(1, bytes);
	for (uint32_t i = 0; list && i < image->tables->service_count; i++) {
		if (i > 0)
			strcat(list, ",");
		strcat(list, late_service(image, i));
	}
	return list;
}

bool policy_file_has_service(const struct image *image, const char *name, size_t length)
{
	for (uint32_t i = 0; i < image->tables->service_count; i++) {
		const char *service = late_service(image, i);

		if (service && strlen(service) == length && memcmp(service, name, length) == 0)
			return true;
	}
	return false;
}
