/*
 * `bookend compile`: the image beside the policy, where processes look for it, and a copy under its
 * hash, where drainers look for it when the one beside the policy has been replaced.
 */
#include "tools/command.h"
#include "tools/file.h"
#include "tools/image_store.h"
#include "tools/message.h"
#include "tools/place.h"
#include "tools/policy_file.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char help[] =
	"usage: bookend compile [-o FILE] POLICY\n"
	"\n"
	"Compiles a policy. The image replaces NAME.bki beside NAME.yaml in one step; running\n"
	"programs keep the policy they started with.\n"
	"\n"
	"  -o, --output FILE  write the image there instead\n"
	"\n"
	"Exit status: 0 compiled, 1 something is wrong, 2 wrong usage.\n";

static const struct option options[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

/* The image holds what the policy holds, keys too: nobody may read it who may not read the policy.
 */
static mode_t mode_like(const char *path)
{
	struct stat stat_now;

	return stat(path, &stat_now) == 0 ? stat_now.st_mode & 0644 : 0600;
}

/*
 * A drainer must find it as long as a record refers to it: this user's in the state directory.
 * Root's policies are for other users too, who look in NAME.images.
 */
static int keep(const char *image, const struct policy_file *policy, mode_t mode)
{
	char folder[PATHS_MAX], state[PATHS_MAX], path[PATHS_MAX];
	int stem = (int)strlen(image);
	int error = place_state(state);

	if (error == 0)
		error = image_store(state, policy->bytes, policy->length, path);
	if (error == 0 && geteuid() != 0)
		return 0;
	if (stem > 4 && strcmp(image + stem - 4, ".bki") == 0)
		stem -= 4;
	if (snprintf(folder, sizeof(folder), "%.*s.images", stem, image) >= (int)sizeof(folder))
		return -ENAMETOOLONG;
	if (mkdir(folder, mode & 0044 ? 0755 : 0700) != 0 && errno != EEXIST)
		return -errno;
	return image_store_into(folder, policy->bytes, policy->length, mode, path);
}

static int compile_to(const char *path, const char *output)
{
	struct policy_file policy;
	char beside[PATHS_MAX];
	mode_t mode = mode_like(path);
	int error;

	if (policy_file_is_image(path)) {
		message("%s is compiled already: name the YAML", path);
		return STATUS_FAILED;
	}
	if (!output && paths_image(path, beside) == 0 && strcmp(beside, path) == 0)
		return message_usage("%s does not end in .yaml: say with -o where the image goes",
				     path);
	if (!output)
		output = beside;
	if (policy_file_load(path, NULL, &policy) != 0)
		return STATUS_FAILED;
	error = file_replace(output, policy.bytes, policy.length, mode);
	if (error == 0)
		error = keep(output, &policy, mode);
	policy_file_free(&policy);
	if (error == 0)
		return STATUS_OK;
	message("%s can not be written: %s: use -o to write elsewhere", output, strerror(-error));
	return STATUS_FAILED;
}

int compile_command(int argc, char **argv)
{
	const char *output = NULL;
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":ho:", options, NULL)) != -1) {
		if (option == 'h') {
			fputs(help, stdout);
			return STATUS_OK;
		}
		if (option != 'o')
			return message_option(option, argv);
		output = optarg;
	}
	if (!argv[optind])
		return message_usage("there is no policy to compile");
	if (argv[optind + 1])
		return message_surplus(argv[optind + 1]);
	return compile_to(argv[optind], output);
}
