#include "tools/sender_library.h"
#include "tools/message.h"
#include "tools/self.h"

#include <dlfcn.h>

const struct sender_api *sender_library(void)
{
	const struct sender_api *(*get)(void);
	const struct sender_api *api;
	char path[PATHS_MAX];
	void *library;

	if (self_find(SELF_SENDER, path)) {
		message("%s is not there: install it, or build it with make",
			self_name(SELF_SENDER));
		return NULL;
	}
	library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		message("%s can not be loaded: %s", path, dlerror());
		return NULL;
	}
	*(void **)&get = dlsym(library, "bookend_sender");
	api = get ? get() : NULL;
	if (!api || api->abi != SENDER_ABI) {
		message("%s belongs to another version of bookend: install both together", path);
		return NULL;
	}
	return api;
}
