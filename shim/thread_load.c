/*
 * The first thread, from its making to the start of the second. It runs the host's libc, so it does
 * little: system calls of ours, dlmopen and dlsym. Its own descriptor table is what keeps both
 * sides apart: the host's descriptors and POSIX locks are untouched by it, and nothing that the
 * host closes or forks touches its.
 */
#include "shim/thread_private.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/elf_file.h"
#include "base/futex.h"
#include "base/sys.h"
#include "base/text.h"
#include "hooks/hooks.h"
#include "hooks/symbol.h"

#define LOAD_STACK	 (256 * 1024)
#define LOAD_REST_MS	 250
#define LOAD_OWNER_RESTS 8 /* in which a child that called setsid becomes the owner, or never */
#define LOAD_GENERATIONS 4
#define LOAD_UNSHARE	 (1U << 1)	     /* CLOSE_RANGE_UNSHARE of linux/close_range.h */
#define LOAD_KEEP	 (UINT64_C(3) << 31) /* SIGCANCEL and SIGSETXID, numbers 32 and 33 */

/* The library's only function that the shim knows; see sender/thread.c. */
typedef uint32_t (*load_begin_fn)(struct sender_thread *record);

static load_begin_fn load_begin;  /* of this process's namespace; NULL: none yet */
static unsigned load_generations; /* of our parents that had one */

void thread_forget_loaded(struct sender_thread *t)
{
	if (t->loaded)
		load_generations++;
	t->loaded = false;
	load_begin = NULL;
}

/* True: it must go. */
static bool load_rest(struct sender_thread *t)
{
	uint32_t bell = atomic_load(&t->bell);

	if (!atomic_load(&t->leave) && !atomic_load(&t->hurry))
		futex_wait(&t->bell, bell, LOAD_REST_MS);
	return atomic_load(&t->leave);
}

/* The owner, at last? A child that has called setsid may be it in a moment. */
static bool load_await_owner(struct self *self, struct sender_thread *t)
{
	for (int i = 0; i < LOAD_OWNER_RESTS; i++) {
		if (load_rest(t))
			return false;
		if (self_owns(self))
			return true;
	}
	return false;
}

static bool load_nothing_to_send(const struct self *self, const struct sender_thread *t)
{
	uint64_t drain = atomic_load(&self->slot.slot->drain);

	return !t->stays && DRAIN_DONE(drain) & DRAIN_DONE_START && !atomic_load(t->drainer);
}

/* The next key of the host's libc lies below ours? No: its values would meet in struct pthread. */
static bool load_keys_collide(void)
{
	int (*create)(unsigned *, void (*)(void *)) = symbol_next("pthread_key_create", NULL);
	int (*delete)(unsigned) = symbol_next("pthread_key_delete", NULL);
	unsigned key;

	if (!create || !delete || create(&key, NULL))
		return true;
	delete (key);
	return key >= SENDER_THREAD_KEYS;
}

static enum sender_way load_look(struct self *self, const struct sender_thread *t)
{
	if (load_nothing_to_send(self, t))
		return SENDER_DONE;
	if (self->confined || sys_call(SYS_prctl, PR_GET_SECCOMP, 0, 0, 0))
		return SENDER_SECCOMP;
	if (sys_geteuid() != self->uid)
		return SENDER_USER;
	if (!t->loaded && load_generations >= LOAD_GENERATIONS)
		return SENDER_GENERATIONS;
	if (load_keys_collide())
		return SENDER_KEYS;
	return 0;
}

/* Behind it 0 to 2 are taken, so that no socket becomes somebody's standard output. */
static bool load_own_descriptors(void)
{
	if (sys_call(SYS_close_range, 0, ~0U, LOAD_UNSHARE, 0) < 0)
		return false;
	for (int fd = 0; fd < 3; fd++)
		sys_openat(AT_FDCWD, "/dev/null", O_RDWR, 0);
	return true;
}

static bool load_is_safe(const char *path, unsigned uid)
{
	struct elf_file file;
	struct stat st;

	return !sys_fstatat(AT_FDCWD, path, &st, 0) && S_ISREG(st.st_mode) &&
	       (st.st_uid == 0 || st.st_uid == uid) && !(st.st_mode & 022) &&
	       elf_file_is_whole(path, &file);
}

/* Beside the tool, as in a build, or where `make install` puts it. */
static bool load_find(const struct self *self, char path[PATHS_MAX])
{
	static const char beside[] = "/libbookend-sender.so",
			  installed[] = "/../lib/bookend/libbookend-sender.so";
	const char *slash = strrchr(self->tool, '/');

	for (int i = 0; slash && i < 2; i++) {
		struct text t = text_init(path, PATHS_MAX);

		text_add_bytes(&t, self->tool, (size_t)(slash - self->tool));
		text_add(&t, i ? installed : beside);
		if (!t.truncated && load_is_safe(path, self->uid))
			return true;
	}
	return false;
}

static enum sender_way load_library(struct self *self, struct sender_thread *t)
{
	__typeof__(&dlmopen) open = symbol_next("dlmopen", NULL);
	__typeof__(&dlsym) find = symbol_next("dlsym", NULL);
	char path[PATHS_MAX];
	void *library;

	if (!load_find(self, path))
		return SENDER_NO_LIBRARY;
	library = open && find ? open(LM_ID_NEWLM, path, RTLD_NOW) : NULL;
	if (!library)
		return SENDER_NO_NAMESPACE;
	t->loaded = true;
	load_begin = (load_begin_fn)find(library, "bookend_sender_thread");
	return load_begin ? 0 : SENDER_OTHER_VERSION;
}

/* A step, with which no fork of the host and no destructor may overlap. */
static enum sender_way load_step(struct self *self, struct sender_thread *t)
{
	enum sender_way way = 0;
	uint32_t hold;

	for (;;) {
		atomic_store(&t->loading, 1);
		hold = atomic_load(&t->hold);
		if (!hold)
			break;
		atomic_store(&t->loading, 0);
		futex_wake(&t->loading);
		futex_wait(&t->hold, hold, LOAD_REST_MS);
		if (atomic_load(&t->leave))
			return SENDER_AWAY;
	}
	if (!load_begin)
		way = load_library(self, t);
	if (!way)
		way = load_begin(t);
	atomic_store(&t->loading, 0);
	futex_wake(&t->loading);
	return way;
}

static enum sender_way load_all(struct self *self, struct sender_thread *t)
{
	enum sender_way way;

	if (!load_await_owner(self, t))
		return 0;
	way = load_look(self, t);
	if (way)
		return way;
	if (!load_own_descriptors())
		return SENDER_KERNEL;
	return load_step(self, t);
}

static void *load_main(void *record)
{
	static const int priority = 0;
	struct sender_thread *t = record;
	struct self *self = self_any();
	enum sender_way way;

	hooks_mute(true);
	atomic_store(&t->first, sys_gettid());
	sys_call(SYS_prctl, PR_SET_NAME, "bookend", 0, 0);
	/* Never before the host's threads, whatever these are. */
	sys_call(SYS_sched_setscheduler, 0, SCHED_OTHER, &priority, 0);
	way = load_all(self, t);
	if (way && way != SENDER_AT_WORK && !atomic_load(&t->leave))
		thread_gave_up(self, way);
	return NULL;
}

/* A detached thread of the host's libc. */
static int load_create(struct sender_thread *t)
{
	__typeof__(&pthread_create) create = symbol_next("pthread_create", NULL);
	__typeof__(&pthread_attr_init) init = symbol_next("pthread_attr_init", NULL);
	__typeof__(&pthread_attr_setstacksize) stack =
		symbol_next("pthread_attr_setstacksize", NULL);
	__typeof__(&pthread_attr_setdetachstate) detach =
		symbol_next("pthread_attr_setdetachstate", NULL);
	pthread_attr_t attributes;
	pthread_t thread;

	if (!create || !init || !stack || !detach)
		return -ENOSYS;
	init(&attributes);
	stack(&attributes, LOAD_STACK);
	detach(&attributes, PTHREAD_CREATE_DETACHED);
	return -create(&thread, &attributes, load_main, t);
}

int thread_make_first(struct sender_thread *t)
{
	uint64_t all = ~LOAD_KEEP, mask;
	int kept = errno, error;

	sys_call(SYS_rt_sigprocmask, SIG_SETMASK, &all, &mask, 8);
	hooks_mute(true);
	error = load_create(t);
	hooks_mute(false);
	sys_call(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, 8);
	errno = kept;
	return error;
}
