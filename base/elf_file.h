/*
 * What one wants to know of an executable before it runs, the launcher and a measured parent, read
 * from its ELF header (System V gABI, chapters 4 and 5). The file is the user's: every offset and
 * count in it is checked. Raw system calls, any world; the memory is the caller's.
 */
#ifndef BOOKEND_BASE_ELF_FILE_H
#define BOOKEND_BASE_ELF_FILE_H

#include <elf.h>
#include <stdbool.h>

#define ELF_FILE_NAME	  64
#define ELF_FILE_SEGMENTS 64
#define ELF_FILE_ENTRIES  256

struct elf_file {
	bool dynamic;	  /* it names a loader */
	bool foreign;	  /* of another class or another libc: a library of ours would break it */
	char loader[256]; /* "" when it has none */
	char sanitizer[ELF_FILE_NAME]; /* the shared sanitizer runtime it is linked with
					  (DT_NEEDED), or "" */
	/* What was read of it. */
	unsigned segments;
	Elf64_Phdr segment[ELF_FILE_SEGMENTS];
	Elf64_Dyn entry[ELF_FILE_ENTRIES];
};

/* 0; -ENOEXEC: not a 64-bit ELF file of this byte order, or damaged; other -errno. */
int elf_file_read(const char *path, struct elf_file *into);

/*
 * Calls each() with every library that the file needs (DT_NEEDED), cut to ELF_FILE_NAME, until it
 * says true. 0 or -errno as above.
 */
typedef bool (*elf_file_needed_fn)(void *context, const char *name);
int elf_file_needed(const char *path, struct elf_file *into, elf_file_needed_fn each,
		    void *context);

/* Does the file hold all that its segments take from it? One that is being written does not, and
 * who maps it dies of SIGBUS. */
bool elf_file_is_whole(const char *path, struct elf_file *into);

/* Is this the file name of a sanitizer's runtime? */
bool elf_file_is_sanitizer(const char *name);

#endif
