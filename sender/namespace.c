#include "sender/namespace.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#define STACK_BYTES (512 * 1024)
#define PAGE	    4096

bool namespace_is_own(void)
{
	struct link_map *map = NULL;
	Dl_info info;
	Lmid_t id = LM_ID_BASE;

	return dladdr1((void *)(uintptr_t)namespace_is_own, &info, (void **)&map,
		       RTLD_DL_LINKMAP) &&
	       map && !dlinfo(map, RTLD_DI_LMID, &id) && id != LM_ID_BASE;
}

/* libc's variable of this namespace points to the host's array, which hosts overwrite and free. */
static bool own_environment(void)
{
	static char *none[1];

	environ = none;
	return environ == none && !getenv("PATH") && !secure_getenv("LD_PRELOAD");
}

/* Burns the numbers that the host's libc may give out. */
static bool own_keys(void)
{
	pthread_key_t key;

	do {
		if (pthread_key_create(&key, NULL))
			return false;
	} while (key < SENDER_THREAD_KEYS - 1);
	return key == SENDER_THREAD_KEYS - 1;
}

static void no_destructor(void)
{
}

/* What an object's own headers say of it. */
struct object {
	uintptr_t base;
	ElfW(Dyn) * dynamic;
	uintptr_t read_only, read_only_end; /* after relocation */
};

static void read_headers(const struct dl_phdr_info *info, struct object *o)
{
	*o = (struct object){ .base = info->dlpi_addr };
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		uintptr_t at = info->dlpi_addr + p->p_vaddr;

		if (p->p_type == PT_DYNAMIC)
			o->dynamic = (ElfW(Dyn) *)at;
		if (p->p_type == PT_GNU_RELRO) {
			o->read_only = at & -(uintptr_t)PAGE;
			o->read_only_end = (at + p->p_memsz) & -(uintptr_t)PAGE;
		}
	}
}

/* Does the loader find no destructor in it? With `off`: make it so. */
static bool look_at_destructors(struct object *o, bool off)
{
	ElfW(Addr) none = (uintptr_t)no_destructor - o->base;
	bool clean = true;

	for (ElfW(Dyn) *d = o->dynamic; d->d_tag != DT_NULL; d++) {
		if (d->d_tag == DT_FINI_ARRAYSZ && d->d_un.d_val) {
			clean = false;
			if (off)
				d->d_un.d_val = 0;
		} else if (d->d_tag == DT_FINI && d->d_un.d_ptr != none) {
			clean = false;
			if (off)
				d->d_un.d_ptr = none;
		}
	}
	return clean;
}

/* The loader reads both words from the object's dynamic section when the process exits. */
static bool switch_off(struct object *o)
{
	uintptr_t begin = (uintptr_t)o->dynamic & -(uintptr_t)PAGE;
	uintptr_t end = begin;
	bool read_only;

	for (ElfW(Dyn) *d = o->dynamic; d->d_tag != DT_NULL; d++)
		end = (uintptr_t)(d + 1);
	end = (end + PAGE) & -(uintptr_t)PAGE;
	read_only = begin >= o->read_only && begin < o->read_only_end;
	if (end > o->read_only_end && read_only)
		end = o->read_only_end;
	if (read_only && mprotect((void *)begin, end - begin, PROT_READ | PROT_WRITE))
		return false;
	look_at_destructors(o, true);
	if (read_only)
		mprotect((void *)begin, end - begin, PROT_READ);
	return look_at_destructors(o, false);
}

/* The loader itself and the vDSO are in every namespace, and are the host's. */
static bool is_hosts(const struct object *o)
{
	return o->base == getauxval(AT_BASE) || o->base == getauxval(AT_SYSINFO_EHDR);
}

static int defuse_one(struct dl_phdr_info *info, size_t bytes, void *context)
{
	bool *all = context;
	struct object o;

	(void)bytes;
	read_headers(info, &o);
	if (o.dynamic && !is_hosts(&o) && !look_at_destructors(&o, false) && !switch_off(&o))
		*all = false;
	return 0;
}

bool namespace_defuse(void)
{
	bool all = true;

	dl_iterate_phdr(defuse_one, &all); /* of the caller's namespace only */
	return all;
}

enum sender_way namespace_part(void)
{
	if (!namespace_is_own())
		return SENDER_NO_NAMESPACE;
	if (!own_environment())
		return SENDER_ENVIRONMENT;
	if (!own_keys())
		return SENDER_KEYS;
	if (!namespace_defuse())
		return SENDER_DESTRUCTORS;
	/* One arena, on mappings: each further one reserves 64 MiB of the host's addresses. */
	mallopt(M_ARENA_MAX, 1);
	return 0;
}

static char *make_stack(void)
{
	char *at = mmap(NULL, PAGE + STACK_BYTES, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		return NULL;
	if (mprotect(at, PAGE, PROT_NONE)) {
		munmap(at, PAGE + STACK_BYTES);
		return NULL;
	}
	return at + PAGE;
}

int namespace_thread(void *(*run)(void *), void *argument, void **stack)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int error;

	if (!*stack)
		*stack = make_stack();
	if (!*stack)
		return -ENOMEM;
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	error = pthread_attr_setstack(&attributes, *stack, STACK_BYTES);
	if (!error)
		error = pthread_create(&thread, &attributes, run, argument);
	pthread_attr_destroy(&attributes);
	return -error;
}
