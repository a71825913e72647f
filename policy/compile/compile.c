/*
 * A policy from its first line to its image.
 */
#include "policy/compile/compile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/sys.h"
#include "policy/compile/compiler.h"
#include "policy/compile/destinations.h"

static const struct mark whole = { 0, 0 };

static void check_version(struct compiler *c, const struct yaml *y)
{
	if (y == NULL)
		diagnose(&c->d, (struct mark){ 1, 1 },
			 "the policy does not begin with `bookend: 1`, the version of its grammar");
	else if (strcmp(y->text, "1") != 0)
		diagnose(&c->d, y->at,
			 "this bookend knows `bookend: 1`: a policy of version '%.20s' needs a "
			 "newer one",
			 y->text);
}

/* Named now, read when somebody refers to them, and at last all of them for their mistakes. */
static void name_values(struct compiler *c, const struct yaml *y)
{
	if (y->kind != YAML_MAP) {
		diagnose(&c->d, y->at, "values: is a mapping of names to sources");
		return;
	}
	c->value = heap_take(&c->heap, y->count * sizeof(*c->value));
	c->values = y->count;
	for (unsigned i = 0; i < y->count; i++) {
		const struct yaml *key = yaml_key(y, i);

		c->value[i].name = key->text;
		c->value[i].yaml = yaml_value(y, i);
		if (strchr(key->text, '.') != NULL || key->text[0] == '\0')
			diagnose(&c->d, key->at,
				 "the name of a value has no dot: dots are for facts");
		if (strcmp(key->text, "events") == 0)
			diagnose(&c->d, key->at,
				 "events is a fact, the events of a request: take another name");
	}
}

static void read_defaults(struct compiler *c, const struct yaml *y)
{
	if (y != NULL && keys_check(&c->d, y, KEYS_DEFAULTS, "defaults"))
		services_scope(c, y, &c->defaults);
}

static void read_policy(struct compiler *c, const struct yaml *root)
{
	if (!keys_check(&c->d, root, KEYS_POLICY, "a policy"))
		return;
	check_version(c, yaml_get(root, "bookend"));
	if (yaml_get(root, "values") != NULL)
		name_values(c, yaml_get(root, "values"));
	destinations_of(c, yaml_get(root, "destinations"));
	read_defaults(c, yaml_get(root, "defaults"));
	services_of(c, yaml_get(root, "services"));
	reach_check_places(c);
	for (unsigned i = 0; i < c->values; i++)
		template_value(c, c->value[i].name, c->value[i].yaml->at);
}

static int compile_root(struct compiler *c, const struct yaml *root, struct compiled *into)
{
	if (c->options->tool != NULL && strlen(c->options->tool) >= IMAGE_TOOL_MAX) {
		diagnose(&c->d, whole, "the path of bookend itself is too long: %.200s...",
			 c->options->tool);
		return -EINVAL;
	}
	read_policy(c, root);
	if (c->d.count == 0 && c->options->to != NULL)
		destinations_override(c);
	return c->d.count == 0 ? layout_image(c, into) : -EINVAL;
}

/* heap_take() comes back here when there is no more memory. */
static int compile_all(struct compiler *c, struct compiled *into)
{
	const struct yaml *root;

	if (setjmp(c->heap.full) != 0) {
		diagnose(&c->d, whole, "not enough memory to compile the policy");
		return -ENOMEM;
	}
	root = yaml_load(&c->heap, &c->d, c->d.text, c->d.length);
	return root != NULL ? compile_root(c, root, into) : -EINVAL;
}

static int compile_bytes(struct compiler *c, struct compiled *into)
{
	int error;

	if (c->d.length > YAML_BYTES_MAX) {
		diagnose(&c->d, whole, "a policy has at most 1 MiB; this one has %zu bytes",
			 c->d.length);
		return -EINVAL;
	}
	error = compile_all(c, into);
	heap_fini(&c->heap);
	return error;
}

static void init(struct compiler *c, const char *name, const struct compile_options *options)
{
	memset(c, 0, sizeof(*c));
	c->options = options;
	c->d.file = name;
	c->d.say = options->say;
	c->d.context = options->context;
}

int compile_text(const char *name, const char *yaml, size_t length,
		 const struct compile_options *options, struct compiled *into)
{
	struct compiler *c = malloc(sizeof(*c));
	int error;

	if (c == NULL)
		return -ENOMEM;
	init(c, name, options);
	c->d.text = yaml;
	c->d.length = length;
	error = compile_bytes(c, into);
	diagnose_say(&c->d);
	free(c);
	return error;
}

/* The whole file in *text, malloc'd. */
static int read_all(struct compiler *c, int file, char **text)
{
	struct stat st;
	size_t got = 0;

	if (fstat(file, &st) != 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	c->d.length = (size_t)st.st_size;
	c->source_bytes = (uint64_t)st.st_size;
	c->source_mtime_ns =
		(uint64_t)st.st_mtim.tv_sec * 1000000000u + (uint64_t)st.st_mtim.tv_nsec;
	if (c->d.length > YAML_BYTES_MAX)
		return 0;
	*text = malloc(c->d.length + 1);
	while (*text != NULL && got < c->d.length) {
		ssize_t more = read(file, *text + got, c->d.length - got);

		if (more < 0)
			return -errno;
		if (more == 0)
			break;
		got += (size_t)more;
	}
	c->d.length = got;
	c->d.text = *text;
	return *text != NULL ? 0 : -ENOMEM;
}

int compile_file(const char *path, const struct compile_options *options, struct compiled *into)
{
	struct compiler *c = malloc(sizeof(*c));
	char *text = NULL;
	int file, error;

	if (c == NULL)
		return -ENOMEM;
	init(c, path, options);
	file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	error = file >= 0 ? read_all(c, file, &text) : -errno;
	if (error != 0)
		diagnose(&c->d, whole, "can not be read: %s",
			 error == -EINVAL ? "not a regular file" : strerror(-error));
	else
		error = compile_bytes(c, into);
	if (file >= 0)
		close(file);
	diagnose_say(&c->d);
	free(text);
	free(c);
	return error;
}
