/*
 * Objects that come, go, and live in link namespaces of their own; symbols asked for by name.
 */
#include "cases.h"

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "callee.h"
#include "plugin.h"

typedef int (*int_fn)(int);

int plugin_whose(void)
{
	return 1;
}

static void *load(const char *name, int flags)
{
	char path[4200];
	void *handle;

	snprintf(path, sizeof(path), "%s%s", cases_folder, name);
	handle = dlopen(path, flags);
	if (!handle)
		puts(dlerror());
	CHECK(handle);
	return handle;
}

static void *symbol(void *handle, const char *name)
{
	void *at = dlsym(handle, name);

	CHECK(at && !dlerror());
	return at;
}

static void run(void *handle)
{
	CHECK(((int_fn)symbol(handle, "plugin_run"))(10) == 10);
}

void case_load_lazy(void)
{
	run(load("plugin.so", RTLD_LAZY | RTLD_LOCAL));
}

void case_load_now(void)
{
	run(load("plugin.so", RTLD_NOW | RTLD_LOCAL));
}

void case_load_global(void)
{
	run(load("plugin.so", RTLD_LAZY | RTLD_GLOBAL));
	CHECK(((int_fn)symbol(RTLD_DEFAULT, "plugin_within"))(4) == 50);
}

void case_load_twice(void)
{
	void *first = load("plugin.so", RTLD_LAZY), *second = load("plugin.so", RTLD_LAZY);

	CHECK(first == second);
	run(first);
	CHECK(dlclose(first) == 0);
	run(second);
}

static void ask_whose(int flags)
{
	void *handle = load("plugin.so", flags);

	printf("%d %d\n", ((int_fn)symbol(handle, "plugin_ask_whose"))(0),
	       ((int_fn)symbol(handle, "plugin_whose"))(0));
	run(handle);
}

void case_load_deep(void)
{
	ask_whose(RTLD_LAZY | RTLD_DEEPBIND);
}

void case_load_whose(void)
{
	ask_whose(RTLD_LAZY);
}

void case_reload(void)
{
	uintptr_t place[2];

	for (int i = 0; i < 2; i++) {
		void *handle = load("plugin.so", RTLD_LAZY);

		place[i] = ((struct link_map *)handle)->l_addr;
		run(handle);
		CHECK(dlclose(handle) == 0);
	}
	printf("%d\n", place[0] == place[1]);
}

void case_space(void)
{
	char path[4200];
	void *handle;

	snprintf(path, sizeof(path), "%splugin.so", cases_folder);
	handle = dlmopen(LM_ID_NEWLM, path, RTLD_LAZY);
	if (!handle)
		puts(dlerror());
	CHECK(handle);
	run(handle);
	CHECK(((int_fn)symbol(handle, "plugin_run"))(10) == 10);
}

/* Errno of another libc. */
void case_space_errno(void)
{
	void *handle = dlmopen(LM_ID_NEWLM, "libc.so.6", RTLD_NOW);
	int_fn away = (int_fn)symbol(handle, "close");
	int *(*place)(void) = (int *(*)(void))symbol(handle, "__errno_location");

	CHECK(away(-1) == -1 && *place() == 9);
}

void case_symbol(void)
{
	void *handle = load("libcallee.so", RTLD_LAZY), *self = dlopen(NULL, RTLD_LAZY);
	int (*add)(int, int) = (int (*)(int, int))symbol(handle, "callee_add");
	int (*add_self)(int, int) = (int (*)(int, int))symbol(self, "callee_add");
	int (*add_any)(int, int) = (int (*)(int, int))symbol(RTLD_DEFAULT, "callee_add");

	CHECK(add(1, 2) == 3 && add_self(3, 4) == 7 && add_any(5, 6) == 11);
	printf("%d %d\n", dlsym(handle, "no_such_function") == NULL, dlerror() != NULL);
	printf("%d\n", dlsym(RTLD_NEXT, "main") == NULL);
	printf("%d\n", dlerror() != NULL);
}

void case_symbol_version(void)
{
	void *handle = load("libcallee.so", RTLD_LAZY);

	CHECK(((int_fn)dlvsym(handle, "callee_versioned", "OLD"))(0) == 1);
	CHECK(((int_fn)dlvsym(handle, "callee_versioned", "NEW"))(0) == 2);
	CHECK(((int_fn)symbol(handle, "callee_versioned"))(0) == 2);
	CHECK(!dlvsym(handle, "callee_versioned", "NONE"));
}

/* environ is no function, whatever a policy says. */
void case_symbol_data(void)
{
	extern char **environ;
	void *self = dlopen(NULL, RTLD_LAZY);

	CHECK(*(char ***)symbol(self, "environ") == environ);
}

/* A name without a slash is looked for in the runpath of who calls dlopen(). */
void case_runpath(void)
{
	void *handle = dlopen("only_by_runpath.so", RTLD_LAZY);

	CHECK(handle);
	run(handle);
}

static void *load_and_run(void *name)
{
	for (int i = 0; i < 100; i++) {
		void *handle = load(name, RTLD_LAZY);

		run(handle);
		CHECK(dlclose(handle) == 0);
	}
	return name;
}

static volatile int stop;

static void *call_all_the_time(void *context)
{
	while (!stop)
		CHECK(callee_add(1, 2) == 3);
	return context;
}

/* Objects that come and go in two threads, and lazy binding, at once. */
void case_load_race(void)
{
	static char names[2][16] = { "plugin.so", "other.so" };
	pthread_t thread[3];
	void *result;

	CHECK(pthread_create(&thread[2], NULL, call_all_the_time, NULL) == 0);
	for (int i = 0; i < 2; i++)
		CHECK(pthread_create(&thread[i], NULL, load_and_run, names[i]) == 0);
	for (int i = 0; i < 2; i++)
		CHECK(pthread_join(thread[i], &result) == 0 && result == names[i]);
	stop = 1;
	CHECK(pthread_join(thread[2], &result) == 0);
}
