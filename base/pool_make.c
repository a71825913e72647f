/*
 * Making a pool: under a temporary name, allocated in full, then linked to its name. The first link
 * wins; whoever is killed on the way leaves only the temporary file, which the next maker removes.
 */
#include "base/pool_private.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/vfs.h>

#include "base/clock.h"
#include "base/switches.h"
#include "base/sys.h"
#include "base/text.h"

#define TEMPORARY	 "new-"
#define TEMPORARY_OLD_NS (60 * CLOCK_SECOND)
#define TEMPORARY_NAME	 40
#define FIRST_GENERATION 1 /* so that no lifecycle has the number 0 */

/* A store into a mapped disk file can block for seconds; only memory will do. */
static bool is_memory(int folder)
{
	struct statfs fs;

	return sys_call(SYS_fstatfs, folder, &fs, 0, 0) == 0 &&
	       ((unsigned long)fs.f_type == TMPFS_MAGIC || (unsigned long)fs.f_type == RAMFS_MAGIC);
}

/* Past RLIMIT_FSIZE fallocate(2) would send SIGXFSZ, which kills the host. */
static bool limit_allows(uint64_t bytes)
{
	struct rlimit limit;

	return sys_call(SYS_prlimit64, 0, RLIMIT_FSIZE, NULL, &limit) == 0 &&
	       limit.rlim_cur >= bytes;
}

static int allocate(int file, uint64_t bytes)
{
	int error;

	if (!limit_allows(bytes))
		return -EFBIG;
	error = (int)sys_call(SYS_fallocate, file, 0, 0, bytes);
	/* ramfs: it has no such call, and no limit that a hole could run into. */
	if (error == -EOPNOTSUPP)
		error = (int)sys_call(SYS_ftruncate, file, bytes, 0, 0);
	return error;
}

static int write_head(int file, const struct pool_facts *facts)
{
	struct switches switches;
	size_t bytes = pool_head_bytes(facts->slots);
	long at = sys_mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	struct pool_header *header = (struct pool_header *)at;
	_Atomic uint64_t *claims = (_Atomic uint64_t *)(header + 1);

	if (sys_failed(at))
		return (int)at;
	header->facts = *facts;
	switches_read(facts->state, &switches);
	switches_store(header, &switches);
	for (uint32_t i = 0; i < facts->slots; i++)
		atomic_init(&claims[i], CLAIM_WORD(FIRST_GENERATION, 0, CLAIM_FREE));
	sys_munmap(header, bytes);
	return 0;
}

static int fill(int file, const struct pool_facts *facts)
{
	/* The host's umask may have taken bits away. */
	int error = (int)sys_call(SYS_fchmod, file, 0600, 0, 0);

	if (error == 0)
		error = allocate(file, facts->file_bytes);
	if (error == 0)
		error = write_head(file, facts);
	return error;
}

static void remove_if_old(int folder, const char *name)
{
	struct stat st;

	if (sys_fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    (uint64_t)st.st_mtim.tv_sec * CLOCK_SECOND + TEMPORARY_OLD_NS < clock_real_ns())
		sys_unlinkat(folder, name, 0);
}

/* Makers that were killed. A maker that is only slow, and loses its file here, fails at its link.
 */
static void sweep(int folder)
{
	struct entry { /* struct linux_dirent64 of getdents(2) */
		uint64_t inode;
		int64_t next;
		uint16_t bytes;
		uint8_t type;
		char name[];
	};
	_Alignas(struct entry) uint8_t buffer[512];
	long length;

	sys_call(SYS_lseek, folder, 0, 0, 0);
	while ((length = sys_call(SYS_getdents64, folder, buffer, sizeof(buffer), 0)) > 0) {
		for (long at = 0; at < length;) {
			const struct entry *entry = (const void *)(buffer + at);

			if (strncmp(entry->name, TEMPORARY, strlen(TEMPORARY)) == 0)
				remove_if_old(folder, entry->name);
			at += entry->bytes;
		}
	}
}

static int make_file(int folder, const char *name, const struct pool_facts *facts)
{
	char temporary[TEMPORARY_NAME];
	struct text t = text_init(temporary, sizeof(temporary));
	int file;
	int error;

	text_add(&t, TEMPORARY);
	text_add_hex(&t, facts->id, sizeof(facts->id));
	file = sys_openat(folder, temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			  0600);
	if (file < 0)
		return file;
	error = fill(file, facts);
	sys_close(file);
	if (error == 0)
		error = sys_linkat(folder, temporary, folder, name);
	sys_unlinkat(folder, temporary, 0);
	return error == -EEXIST ? 0 : error;
}

static enum reason reason_of(int error)
{
	return error == -ENOSPC || error == -EDQUOT || error == -EFBIG ? REASON_POOL_FULL_TMPFS
								       : REASON_POOL_FAILED;
}

int pool_make_in(int folder, const char *name, unsigned uid, const char *state, enum reason *why)
{
	struct pool_facts facts;
	int error;

	if (!is_memory(folder)) {
		*why = REASON_NO_POOL_FOLDER;
		return -ENOTSUP;
	}
	sweep(folder);
	error = pool_facts_fill(&facts, uid, state);
	if (error == 0)
		error = make_file(folder, name, &facts);
	if (error != 0)
		*why = reason_of(error);
	return error;
}
