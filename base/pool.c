/*
 * Opening and mapping. Everything that is read from the file or its mapping is copied first and
 * checked here, once.
 */
#include "base/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "base/machine.h"
#include "base/paths.h"
#include "base/pool_private.h"
#include "base/process.h"
#include "base/shared.h"
#include "base/sys.h"
#include "base/text.h"

#define OPEN_FOLDER (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define OPEN_FILE   (O_RDWR | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)

/* Descriptors or memory that the host has run out of say nothing about the pool. */
static bool is_shortage(int error)
{
	return error == -EMFILE || error == -ENFILE || error == -ENOMEM;
}

static bool is_private(const struct stat *folder, unsigned uid)
{
	return S_ISDIR(folder->st_mode) && folder->st_uid == uid &&
	       (folder->st_mode & 0777) == 0700;
}

static int open_folder(const char *path, unsigned uid, bool make, enum reason *why)
{
	struct stat st;
	int fd = sys_openat(AT_FDCWD, path, OPEN_FOLDER, 0);

	if (fd == -ENOENT && make) {
		sys_mkdirat(AT_FDCWD, path, 0700);
		fd = sys_openat(AT_FDCWD, path, OPEN_FOLDER, 0);
	}
	*why = is_shortage(fd) ? REASON_POOL_FAILED : REASON_NO_POOL_FOLDER;
	if (fd < 0)
		return fd;
	if (sys_fstat(fd, &st) != 0 || !is_private(&st, uid)) {
		sys_close(fd);
		return -EPERM;
	}
	return fd;
}

/* The file, its size in *bytes. */
static int open_file(int folder, const char *name, unsigned uid, uint64_t *bytes, enum reason *why)
{
	struct stat st;
	int fd = sys_openat(folder, name, OPEN_FILE, 0);

	*why = REASON_POOL_FAILED;
	if (fd < 0)
		return fd;
	if (sys_fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_uid != uid ||
	    (st.st_mode & 07777) != 0600 || st.st_size < POOL_PAGE) {
		*why = REASON_POOL_BAD;
		sys_close(fd);
		return -EBADMSG;
	}
	*bytes = (uint64_t)st.st_size;
	return fd;
}

/*
 * The file that is there as it should be, with two system calls fewer than through its folder's
 * descriptor. Between the look and the open nobody but us and root can put another folder in the
 * place of ours: what is above it is sticky. Any error: open_folder() will tell.
 */
static int open_straight(const char *folder, const char *name, unsigned uid, uint64_t *bytes)
{
	char path[PATHS_MAX];
	struct text t = text_init(path, sizeof(path));
	enum reason why;
	struct stat st;
	int error = sys_fstatat(AT_FDCWD, folder, &st, AT_SYMLINK_NOFOLLOW);

	if (error != 0)
		return error;
	text_add(&t, folder);
	text_add_char(&t, '/');
	text_add(&t, name);
	if (t.truncated || !is_private(&st, uid))
		return -EPERM;
	return open_file(AT_FDCWD, path, uid, bytes, &why);
}

static void adopt(struct pool *pool, const struct pool_facts *facts, void *head, uint64_t bytes)
{
	pool->header = head;
	pool->claims = (_Atomic uint64_t *)(pool->header + 1);
	pool->head_bytes = bytes;
	pool->slots = facts->slots;
	pool->classes = facts->classes;
	memcpy(pool->class, facts->class, sizeof(pool->class));
	pool->file_bytes = facts->file_bytes;
	memcpy(pool->id, facts->id, sizeof(pool->id));
	memcpy(pool->boot_id, facts->boot_id, sizeof(pool->boot_id));
	pool->proc_device = facts->proc_device;
	pool->pid_namespace = facts->pid_namespace;
}

static long map(int file, uint64_t bytes)
{
	return sys_mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
}

/* Maps `bytes`, more when the header says that the claim words go on, and leaves a checked copy in
 * *facts. */
static long map_head(int file, uint64_t file_bytes, uint64_t *bytes, struct pool_facts *facts)
{
	long at = map(file, *bytes);

	if (sys_failed(at))
		return at;
	shared_load(facts, (void *)at, sizeof(*facts));
	if (!pool_facts_hold(facts, file_bytes)) {
		sys_munmap((void *)at, *bytes);
		return -EBADMSG;
	}
	if (*bytes < pool_head_bytes(facts->slots)) {
		sys_munmap((void *)at, *bytes);
		*bytes = pool_head_bytes(facts->slots);
		at = map(file, *bytes);
	}
	return at;
}

static bool is_other_boot(const struct pool_facts *facts)
{
	static const uint8_t unknown[16];
	uint8_t boot_id[16];

	machine_boot_id(boot_id);
	return memcmp(boot_id, unknown, 16) != 0 && memcmp(facts->boot_id, unknown, 16) != 0 &&
	       memcmp(boot_id, facts->boot_id, 16) != 0;
}

/* Takes ownership of `file`. */
static int map_pool(struct pool *pool, int file, uint64_t file_bytes, unsigned uid,
		    const char *state, bool whole)
{
	struct pool_facts facts;
	uint64_t usual = pool_usual_head_bytes();
	uint64_t bytes = whole || file_bytes < usual ? file_bytes : usual;
	long at = map_head(file, file_bytes, &bytes, &facts);
	int error = sys_failed(at) ? (int)at : 0;

	if (error == 0 && (facts.uid != uid || strcmp(facts.state, state) != 0)) {
		sys_munmap((void *)at, bytes);
		error = -EBADMSG;
	}
	if (error != 0) {
		sys_close(file);
		return error;
	}
	memset(pool, 0, sizeof(*pool));
	adopt(pool, &facts, (void *)at, bytes);
	pool->file = file;
	pool->whole = whole ? (uint8_t *)at : NULL;
	pool->other_boot = whole && is_other_boot(&facts);
	return 0;
}

/* Makes what is missing, and says what is wrong. */
static int open_by_folder(const char *folder, const char *name, unsigned uid, const char *state,
			  bool make, uint64_t *bytes, enum reason *why)
{
	int file;
	int error = 0;
	int dir = open_folder(folder, uid, make, why);

	if (dir < 0)
		return dir;
	file = open_file(dir, name, uid, bytes, why);
	if (file == -ENOENT && make) {
		error = pool_make_in(dir, name, uid, state, why);
		if (error == 0)
			file = open_file(dir, name, uid, bytes, why);
	}
	sys_close(dir);
	return error != 0 ? error : file;
}

int pool_open_in(struct pool *pool, const char *folder, unsigned uid, const char *state, bool make,
		 bool whole, enum reason *why)
{
	char name[64];
	uint64_t bytes = 0;
	int file, error;

	paths_pool_name(state, name);
	file = open_straight(folder, name, uid, &bytes);
	if (file < 0)
		file = open_by_folder(folder, name, uid, state, make, &bytes, why);
	if (file < 0)
		return file;
	error = map_pool(pool, file, bytes, uid, state, whole);
	*why = error == 0	   ? REASON_MEASURED
	       : error == -EBADMSG ? REASON_POOL_BAD
				   : REASON_POOL_FAILED;
	return error;
}

int pool_open(struct pool *pool, unsigned uid, const char *state, bool make, bool whole,
	      enum reason *why)
{
	char folder[PATHS_MAX];

	paths_pool_folder(uid, folder);
	return pool_open_in(pool, folder, uid, state, make, whole, why);
}

int pool_over_memory(struct pool *pool, void *bytes, size_t length)
{
	struct pool_facts facts;

	if (length < POOL_PAGE)
		return -EBADMSG;
	memcpy(&facts, bytes, sizeof(facts));
	if (!pool_facts_hold(&facts, length))
		return -EBADMSG;
	memset(pool, 0, sizeof(*pool));
	adopt(pool, &facts, bytes, length);
	pool->file = -1;
	pool->whole = bytes;
	return 0;
}

int pool_reopen_at(const struct pool *mapped, unsigned uid, const char *folder, const char *name,
		   struct pool *into)
{
	uint8_t id[sizeof(mapped->id)];
	enum reason why;
	uint64_t bytes;
	int file, dir = open_folder(folder, uid, false, &why);

	if (dir < 0)
		return dir;
	file = open_file(dir, name, uid, &bytes, &why);
	sys_close(dir);
	if (file < 0)
		return file;
	if (bytes != mapped->file_bytes ||
	    sys_pread(file, id, sizeof(id), offsetof(struct pool_facts, id)) != sizeof(id) ||
	    memcmp(id, mapped->id, sizeof(id)) != 0) {
		sys_close(file);
		return -ESTALE;
	}
	*into = *mapped;
	into->file = file;
	into->own_namespace = 0; /* we may be a child that went into another */
	return 0;
}

int pool_reopen(const struct pool *mapped, unsigned uid, const char *state, struct pool *into)
{
	char folder[PATHS_POOL_FOLDER_MAX];
	char name[64];

	paths_pool_folder(uid, folder);
	paths_pool_name(state, name);
	return pool_reopen_at(mapped, uid, folder, name, into);
}

uint64_t pool_pid_namespace(struct pool *pool)
{
	uint64_t device;

	if (pool->own_namespace != 0)
		return pool->own_namespace;
	device = pool->proc_device != 0 ? process_proc_device() : 0;
	pool->own_namespace = device != 0 && device == pool->proc_device ? pool->pid_namespace
									 : process_pid_namespace();
	return pool->own_namespace;
}

void pool_close_file(struct pool *pool)
{
	if (pool->file >= 0)
		sys_close(pool->file);
	pool->file = -1;
}

void pool_close(struct pool *pool)
{
	pool_close_file(pool);
	if (pool->header != NULL)
		sys_munmap(pool->header, pool->head_bytes);
	pool->header = NULL;
	pool->claims = NULL;
	pool->whole = NULL;
}
