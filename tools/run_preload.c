#include "tools/run.h"
#include "base/elf_file.h"
#include "tools/message.h"
#include "tools/self.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEPARATORS ": " /* ld.so(8) */

/* Is a sanitizer's runtime in the list already? It has to stay in front of us. */
static bool names_sanitizer(const char *list)
{
	while (*list) {
		size_t length = strcspn(list, SEPARATORS);
		const char *name = list;

		for (size_t i = 0; i < length; i++)
			if (list[i] == '/')
				name = list + i + 1;
		if (elf_file_is_sanitizer(name))
			return true;
		list += length + strspn(list + length, SEPARATORS);
	}
	return false;
}

static bool names(const char *list, const char *path)
{
	size_t wanted = strlen(path);

	while (*list) {
		size_t length = strcspn(list, SEPARATORS);

		if (length == wanted && memcmp(list, path, length) == 0)
			return true;
		list += length + strspn(list + length, SEPARATORS);
	}
	return false;
}

static bool set_list(const char *first, const char *second, const char *third)
{
	size_t bytes = strlen(first) + strlen(second) + strlen(third) + 3;
	char *list = malloc(bytes);
	bool done;

	if (!list)
		return false;
	snprintf(list, bytes, "%s%s%s%s%s", first, *first ? ":" : "", second, *third ? ":" : "",
		 third);
	done = setenv("LD_PRELOAD", list, 1) == 0;
	free(list);
	return done;
}

bool run_preload(const struct program *program)
{
	const char *before = getenv("LD_PRELOAD");
	char shim[PATHS_MAX];

	if (program->file.elf.foreign)
		return false;
	if (self_find(SELF_SHIM, shim)) {
		message("%s is not there: only the program's start and end are recorded",
			self_name(SELF_SHIM));
		return false;
	}
	if (strpbrk(shim, SEPARATORS)) {
		message("%s can not be preloaded, its path has a space or a colon: "
			"only the program's start and end are recorded",
			shim);
		return false;
	}
	if (!before)
		before = "";
	if (names(before, shim))
		return true;
	if (names_sanitizer(before))
		return set_list(before, shim, "");
	return set_list(program->file.elf.sanitizer, shim, before);
}
