/*
 * State directory, pool folder, pool name, image path.
 */
#include "base/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "base/identity.h"
#include "base/pool_format.h"
#include "base/sys.h"
#include "base/text.h"

static bool is_sticky_directory(const char *path)
{
	struct stat st;

	return sys_fstatat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode) &&
	       (st.st_mode & S_ISVTX) != 0;
}

/* Appends a path without doubled and trailing slashes; what `t` holds already ends without one. */
static void add_clean(struct text *t, const char *path)
{
	while (*path != '\0') {
		size_t length = strcspn(path, "/");

		if (length > 0) {
			text_add_char(t, '/');
			text_add_bytes(t, path, length);
		}
		path += length;
		path += strspn(path, "/");
	}
}

static int finish(struct text *t)
{
	if (t->length == 0)
		text_add_char(t, '/');
	return t->truncated ? -ENAMETOOLONG : 0;
}

/* The variable's value when it is an absolute path. */
static const char *absolute(paths_env_fn env, void *context, const char *name)
{
	const char *value = env(context, name);

	return value != NULL && value[0] == '/' ? value : NULL;
}

static int from_home(struct text *t, paths_env_fn env, void *context)
{
	const char *xdg = absolute(env, context, "XDG_STATE_HOME");
	const char *home = absolute(env, context, "HOME");

	if (xdg == NULL && home == NULL)
		return -ENOENT;
	add_clean(t, xdg != NULL ? xdg : home);
	add_clean(t, xdg != NULL ? "bookend" : ".local/state/bookend");
	return finish(t);
}

int paths_state(unsigned uid, paths_env_fn env, void *context, char into[PATHS_MAX])
{
	struct text t = text_init(into, PATHS_MAX);
	const char *given = env(context, "BOOKEND_STATE");

	if (given != NULL && given[0] != '\0') {
		if (given[0] != '/')
			return -EINVAL;
		add_clean(&t, given);
		return finish(&t);
	}
	if (is_sticky_directory("/var/lib/bookend")) {
		text_add(&t, "/var/lib/bookend/");
		text_add_unsigned(&t, uid);
		return 0;
	}
	return from_home(&t, env, context);
}

int paths_pool_folder(unsigned uid, char into[PATHS_POOL_FOLDER_MAX])
{
	struct text t = text_init(into, PATHS_POOL_FOLDER_MAX);

	text_add(&t, is_sticky_directory("/run/bookend") ? "/run/bookend/" : "/dev/shm/bookend-");
	text_add_unsigned(&t, uid);
	return 0;
}

void paths_pool_name(const char *state, char into[64])
{
	static const uint8_t key[16] =
		"bookend pool nam"; /* only spreads: nothing here is secret */
	uint64_t hash = siphash64(key, state, strlen(state));
	struct text t = text_init(into, 64);

	text_add(&t, "pool-");
	text_add_unsigned(&t, POOL_MAJOR);
	text_add_char(&t, '-');
	text_add_hex(&t, (const uint8_t *)&hash, sizeof(hash));
}

int paths_image(const char *policy, char into[PATHS_MAX])
{
	static const char *const yaml[] = { ".yaml", ".yml" };
	struct text t = text_init(into, PATHS_MAX);
	size_t length = strlen(policy);

	for (size_t i = 0; i < sizeof(yaml) / sizeof(yaml[0]); i++) {
		size_t suffix = strlen(yaml[i]);

		if (length > suffix && memcmp(policy + length - suffix, yaml[i], suffix) == 0) {
			text_add_bytes(&t, policy, length - suffix);
			text_add(&t, ".bki");
			return t.truncated ? -ENAMETOOLONG : 0;
		}
	}
	text_add(&t, policy);
	return t.truncated ? -ENAMETOOLONG : 0;
}
