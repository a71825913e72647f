/*
 * The policy that a command runs under: what --policy names, else what the environment or the
 * system has, else the built-in one. The program gets it as an image with a fixed name, so that a
 * YAML that changes later changes nothing for it.
 */
#include "tools/run.h"
#include "tools/image_store.h"
#include "tools/message.h"
#include "tools/place.h"
#include "tools/policy_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *run_policy_to(const char *to)
{
	char here[PATHS_MAX], *whole = NULL;

	if (strncmp(to, "file:", 5) == 0 && to[5] != '/' && to[5] != '\0') {
		if (!getcwd(here, sizeof(here)) || asprintf(&whole, "file:%s/%s", here, to + 5) < 0)
			return NULL;
	} else {
		whole = strdup(to);
	}
	if (whole && compile_check_to(whole) == 0)
		return whole;
	free(whole);
	return NULL;
}

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Says which of the wanted names are unknown; false when none is known. */
static bool services_known(const struct image *image, const char *wanted)
{
	bool known = false;

	while (*wanted) {
		size_t length = strcspn(wanted, ",");
		char *all;

		if (policy_file_has_service(image, wanted, length)) {
			known = true;
		} else {
			all = policy_file_services(image);
			message("the policy has no service \"%.*s\": it has %s", (int)length,
				wanted, all ? all : "others");
			free(all);
		}
		wanted += length + (wanted[length] == ',');
	}
	return known;
}

/* --service, else what the environment has, else all of the policy's: there is always an answer. */
static char *choose_services(const struct run_request *request, const struct image *image)
{
	const char *inherited = getenv("BOOKEND_SERVICE");

	if (request->service)
		return services_known(image, request->service) ? strdup(request->service) : NULL;
	if (inherited && *inherited)
		return strdup(inherited);
	return policy_file_services(image);
}

/* Kept under its hash in either case: drainers look for it there. */
static int take_image(const char *path, const struct policy_file *policy, const char *state,
		      char into[PATHS_MAX])
{
	int error = policy->compiled ? 0 : policy_file_safe(path);

	if (error)
		return error;
	error = image_store(state, policy->bytes, policy->length, into);
	if (error)
		message("%s can not be kept in %s/images: %s: make room, or set BOOKEND_STATE to a "
			"folder of yours",
			path ? path : "the built-in policy", state, strerror(-error));
	return error;
}

static int load(const struct run_request *request, const char *path, const char *state,
		struct policy_file *policy, struct run_policy *into)
{
	char service[64];
	int error;

	if (path) {
		error = policy_file_load(path, request->to, policy);
		if (error == 0)
			into->services = choose_services(request, &policy->image);
	} else {
		error = policy_file_builtin(request->service ? request->service
							     : file_name(request->command[0]),
					    state, request->to, service, policy);
		if (error == 0)
			into->services = strdup(service);
	}
	if (error == 0 && !into->services)
		error = -ENOENT;
	return error;
}

/* A launcher inside another's command: the outer one's built-in policy names the outer command. */
static const char *choose_policy(const struct run_request *request)
{
	const char *path = request->policy ? request->policy : place_policy();

	return path && !request->policy && policy_file_is_builtin(path) ? NULL : path;
}

int run_policy_find(const struct run_request *request, const char *state, struct run_policy *into)
{
	const char *path = choose_policy(request);
	struct policy_file policy;
	int error;

	memset(into, 0, sizeof(*into));
	error = load(request, path, state, &policy, into);
	if (error == 0)
		error = take_image(path, &policy, state, into->image);
	policy_file_free(&policy);
	if (error == 0)
		return 0;
	message("%s runs without telemetry", file_name(request->command[0]));
	free(into->services);
	into->services = NULL;
	return -1;
}
