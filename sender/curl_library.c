/*
 * The table of what is used of libcurl, filled once.
 */
#include "sender/curl_library.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sender/library.h"
#include "sender/step.h"

/* OPENSSL_INIT_NO_ATEXIT of openssl/crypto.h */
#define OPENSSL_NO_ATEXIT UINT64_C(0x80000)

static struct curl_library curl;
static bool ready;

/* As a second bar: what it registers to run at exit would run on the host's thread. */
static void no_exit_handlers(void *library)
{
	int (*init)(uint64_t, const void *) =
		(int (*)(uint64_t, const void *))dlsym(library, "OPENSSL_init_crypto");

	if (init)
		init(OPENSSL_NO_ATEXIT, NULL);
}

static int bind_functions(void *library)
{
	bool whole = true;

#define CALL(name)                                                                                 \
	curl.name = (__typeof__(curl.name))dlsym(library, "curl_" #name);                          \
	whole &= curl.name != NULL;
#include "sender/curl_calls.def"
#undef CALL
	return whole ? 0 : -ELIBBAD;
}

/* Its initialisation may load, too. */
static int init_library(void *library)
{
	int r = 0;

	if (!step_begin())
		return -EINTR;
	no_exit_handlers(library);
	if (curl.global_init(CURL_GLOBAL_DEFAULT))
		r = -ENOMEM;
	return step_end() ? r : -EINTR;
}

static int load(void)
{
	void *library;
	int r = library_load("libcurl.so.4", &library);

	if (!r)
		r = bind_functions(library);
	if (!r)
		r = init_library(library);
	if (!r) {
		library_load_names();
		library_let_go_of_pages();
	}
	ready = r == 0;
	library_note(r != 0 && r != -EINTR);
	return r;
}

int curl_library_load(const struct curl_library **into)
{
	int r = ready ? 0 : load();

	if (!r)
		*into = &curl;
	return r;
}

curl_socket_t curl_library_socket(void *context, curlsocktype purpose,
				  struct curl_sockaddr *address)
{
	(void)context;
	(void)purpose;
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}
