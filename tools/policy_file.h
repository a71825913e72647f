/*
 * A policy as a user names it, YAML or image, made into a checked image in memory. What is wrong
 * with it is said on stderr.
 */
#ifndef BOOKEND_TOOLS_POLICY_FILE_H
#define BOOKEND_TOOLS_POLICY_FILE_H

#include <stdbool.h>

#include "policy/compile/compile.h"
#include "policy/image.h"

struct policy_file {
	uint8_t *bytes; /* the whole image; policy_file_free() */
	size_t length;
	struct image image; /* a view into bytes */
	bool compiled;	    /* from YAML, just now; else it was an image already */
};

/* Is it the image of a built-in policy, as a launcher leaves it in its command's environment? */
bool policy_file_is_builtin(const char *path);

/* NAME.yaml and NAME.yml are YAML, any other file is what its first bytes say. */
bool policy_file_is_image(const char *path);

/*
 * Reads or compiles. to: as --to, or NULL; an image's destinations can not be replaced. 0, or
 * -errno after messages.
 */
int policy_file_load(const char *path, const char *to, struct policy_file *into);
/* The built-in policy; the name of its service in `service`. */
int policy_file_builtin(const char *program, const char *state, const char *to, char service[64],
			struct policy_file *into);
void policy_file_free(struct policy_file *policy);

/* May others than the user and root write it? Then nobody is measured under it. 0, -EPERM (said),
 * or another -errno. */
int policy_file_safe(const char *path);

/* The names of its services, comma-separated; malloc'd, NULL without memory. */
char *policy_file_services(const struct image *image);
bool policy_file_has_service(const struct image *image, const char *name, size_t length);

#endif
