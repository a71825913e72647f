#include "tools/status.h"
#include "tools/file.h"
#include "tools/place.h"
#include "tools/policy_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/image_file.h"

/* A process reads the part of its service only; a drainer needs all of it. */
static enum reason judge_whole(const char *policy)
{
	enum reason reason = REASON_IMAGE_BAD;
	char path[PATHS_MAX];
	struct image image;
	uint8_t *bytes;
	size_t length;

	if (paths_image(policy, path) != 0 ||
	    file_read(path, IMAGE_BYTES_MAX, &bytes, &length) != 0)
		return REASON_NO_IMAGE;
	if (image_open(bytes, length, &image) == 0)
		reason = REASON_MEASURED;
	free(bytes);
	return reason;
}

/* Why a process that starts here, under this policy, would not be measured; as the shim sees it. */
static enum reason judge(const char *policy)
{
	static _Alignas(16) uint8_t memory[64 * 1024];
	struct arena arena = arena_init(memory, sizeof(memory));
	enum reason reason = place_forbids();
	struct image_file file;

	if (reason != REASON_MEASURED)
		return reason;
	reason = image_file_open(&file, policy, geteuid(), &arena);
	if (reason != REASON_MEASURED)
		return reason;
	image_file_close(&file);
	return judge_whole(policy);
}

static void print_image(struct listing *list, const char *policy)
{
	char path[PATHS_MAX];
	struct image image;
	uint8_t *bytes;
	size_t length;
	char *services;

	if (paths_image(policy, path) != 0)
		return;
	listing_text(list, "image", "compiled", path);
	if (file_read(path, IMAGE_BYTES_MAX, &bytes, &length) != 0)
		return;
	if (image_open(bytes, length, &image) == 0) {
		services = policy_file_services(&image);
		listing_text(list, "services", "services", services);
		free(services);
	}
	free(bytes);
}

void status_policy(struct status *status)
{
	struct listing *list = &status->list;
	const char *policy = place_policy();
	enum reason reason = policy ? judge(policy) : place_forbids();

	listing_section(list, "policy", "Policy");
	listing_text(list, "path", "policy", policy ? policy : "built-in, of `bookend run`");
	if (policy)
		print_image(list, policy);
	listing_text(list, "service", "BOOKEND_SERVICE", getenv("BOOKEND_SERVICE"));
	listing_answer(list, "usable", "usable", reason == REASON_MEASURED, reason_text(reason));
	listing_text(list, "advice", "what to do", status_advice(reason));
	listing_section_end(list);
}
