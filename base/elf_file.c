#include "base/elf_file.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>

#include "base/sys.h"

#define NATIVE (__BYTE_ORDER == __LITTLE_ENDIAN ? ELFDATA2LSB : ELFDATA2MSB)

/* Runtimes that have to be loaded before everything else, or that refuse to start. */
static const char sanitizers[][20] = { "libasan.so",	   "libtsan.so",       "libubsan.so",
				       "liblsan.so",	   "libhwasan.so",     "libclang_rt.asan",
				       "libclang_rt.tsan", "libclang_rt.ubsan" };

bool elf_file_is_sanitizer(const char *name)
{
	for (size_t i = 0; i < sizeof(sanitizers) / sizeof(*sanitizers); i++)
		if (strncmp(name, sanitizers[i], strlen(sanitizers[i])) == 0)
			return true;
	return false;
}

static bool read_at(int fd, void *into, size_t bytes, uint64_t offset)
{
	return offset <= INT64_MAX && sys_pread(fd, into, bytes, offset) == (long)bytes;
}

/* A text of the file, cut to the capacity. */
static bool read_text(int fd, uint64_t offset, char *into, size_t capacity)
{
	long length = offset <= INT64_MAX ? sys_pread(fd, into, capacity - 1, offset) : -1;

	if (length <= 0)
		return false;
	into[length] = '\0';
	return true;
}

static int read_segments(int fd, struct elf_file *into)
{
	Elf64_Ehdr header;

	if (!read_at(fd, &header, sizeof(header), 0) ||
	    memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
		return -ENOEXEC;
	into->foreign = true;
	if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != NATIVE ||
	    header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum == 0)
		return -ENOEXEC;
	into->segments = header.e_phnum < ELF_FILE_SEGMENTS ? header.e_phnum : ELF_FILE_SEGMENTS;
	if (!read_at(fd, into->segment, into->segments * sizeof(Elf64_Phdr), header.e_phoff))
		return -ENOEXEC;
	into->foreign = false;
	return 0;
}

static const Elf64_Phdr *segment_of(const struct elf_file *file, uint32_t type)
{
	for (unsigned i = 0; i < file->segments; i++)
		if (file->segment[i].p_type == type)
			return &file->segment[i];
	return NULL;
}

static bool file_offset(const struct elf_file *file, uint64_t address, uint64_t *offset)
{
	for (unsigned i = 0; i < file->segments; i++) {
		const Elf64_Phdr *segment = &file->segment[i];

		if (segment->p_type == PT_LOAD && address >= segment->p_vaddr &&
		    address - segment->p_vaddr < segment->p_filesz) {
			*offset = address - segment->p_vaddr + segment->p_offset;
			return true;
		}
	}
	return false;
}

/* Calls each() with the names in DT_NEEDED, until it says true; then so does this. */
static bool each_needed(int fd, struct elf_file *into, elf_file_needed_fn each, void *context)
{
	const Elf64_Phdr *dynamic = segment_of(into, PT_DYNAMIC);
	const Elf64_Dyn *entry = into->entry;
	char name[ELF_FILE_NAME];
	size_t count = 0;
	uint64_t names = 0;

	if (dynamic)
		count = dynamic->p_filesz / sizeof(*entry);
	if (count > ELF_FILE_ENTRIES)
		count = ELF_FILE_ENTRIES;
	if (count == 0 || !read_at(fd, into->entry, count * sizeof(*entry), dynamic->p_offset))
		return false;
	for (size_t i = 0; i < count; i++)
		if (entry[i].d_tag == DT_STRTAB && !file_offset(into, entry[i].d_un.d_ptr, &names))
			return false;
	for (size_t i = 0; i < count && entry[i].d_tag != DT_NULL; i++) {
		if (entry[i].d_tag != DT_NEEDED || entry[i].d_un.d_val > UINT32_MAX)
			continue;
		if (read_text(fd, names + entry[i].d_un.d_val, name, sizeof(name)) &&
		    each(context, name))
			return true;
	}
	return false;
}

static bool take_sanitizer(void *context, const char *name)
{
	struct elf_file *into = context;

	if (!elf_file_is_sanitizer(name))
		return false;
	memcpy(into->sanitizer, name, strlen(name) + 1);
	return true;
}

/* ld-linux-x86-64.so.2, ld-linux-aarch64.so.1; musl's is ld-musl-MACHINE.so.1 and runs on without
 * what it can not resolve. */
static bool is_glibc(const char *loader)
{
	const char *slash = strrchr(loader, '/');

	return strncmp(slash ? slash + 1 : loader, "ld-linux", 8) == 0;
}

static int read_file(int fd, struct elf_file *into)
{
	const Elf64_Phdr *loader;
	int error = read_segments(fd, into);

	if (error)
		return error;
	loader = segment_of(into, PT_INTERP);
	into->dynamic =
		loader && read_text(fd, loader->p_offset, into->loader, sizeof(into->loader));
	if (into->dynamic) {
		into->foreign = !is_glibc(into->loader);
		each_needed(fd, into, take_sanitizer, into);
	}
	return 0;
}

int elf_file_read(const char *path, struct elf_file *into)
{
	int fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
	int error;

	/* The tables behind it are written before they are read. */
	memset(into, 0, offsetof(struct elf_file, segment));
	if (fd < 0)
		return fd;
	error = read_file(fd, into);
	sys_close(fd);
	return error;
}

int elf_file_needed(const char *path, struct elf_file *into, elf_file_needed_fn each, void *context)
{
	int fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
	int error;

	if (fd < 0)
		return fd;
	error = read_segments(fd, into);
	if (!error)
		each_needed(fd, into, each, context);
	sys_close(fd);
	return error;
}

static bool holds_segments(int fd, struct elf_file *into)
{
	struct stat st;

	if (sys_fstat(fd, &st) || read_segments(fd, into))
		return false;
	for (unsigned i = 0; i < into->segments; i++) {
		const Elf64_Phdr *segment = &into->segment[i];

		if (segment->p_type == PT_LOAD &&
		    (segment->p_offset > (uint64_t)st.st_size ||
		     segment->p_filesz > (uint64_t)st.st_size - segment->p_offset))
			return false;
	}
	return true;
}

bool elf_file_is_whole(const char *path, struct elf_file *into)
{
	int fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
	bool whole = fd >= 0 && holds_segments(fd, into);

	if (fd >= 0)
		sys_close(fd);
	return whole;
}
