#include "tools/symtab.h"

#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NATIVE (__BYTE_ORDER == __LITTLE_ENDIAN ? ELFDATA2LSB : ELFDATA2MSB)

struct file {
	int fd;
	uint64_t size;
	Elf64_Shdr *section;
	uint64_t sections;
};

struct table {
	Elf64_Sym *symbol;
	uint64_t symbols;
	char *text; /* ends with a NUL of ours */
	uint64_t length;
};

struct question {
	const char *const *names;
	unsigned count;
	enum symtab_kind *kinds;
	bool *exported;
	/* bfd lists what it made local, hidden and by a version script, behind a file without a
	 * name. */
	bool nameless;
};

typedef void symbol_fn(struct question *q, const Elf64_Sym *symbol, const char *name);

/* malloc'd, with a NUL behind it; NULL: not all of it lies in the file. A file that lies about
 * its tables costs no more memory than it is long. */
static void *read_part(const struct file *f, uint64_t offset, uint64_t bytes)
{
	uint64_t have = 0;
	char *at;

	if (offset > f->size || bytes > f->size - offset)
		return NULL;
	at = malloc(bytes + 1);
	while (at && have < bytes) {
		ssize_t got = pread(f->fd, at + have, bytes - have, (off_t)(offset + have));

		if (got <= 0) { /* it became shorter meanwhile */
			free(at);
			return NULL;
		}
		have += (uint64_t)got;
	}
	if (at)
		at[bytes] = '\0';
	return at;
}

/* Where there are too many for the header, the first one holds their number. */
static uint64_t count_sections(const struct file *f, const Elf64_Ehdr *header)
{
	Elf64_Shdr *first;
	uint64_t count;

	if (header->e_shnum)
		return header->e_shnum;
	first = read_part(f, header->e_shoff, sizeof(*first));
	count = first ? first->sh_size : 0;
	free(first);
	return count;
}

static int read_sections(struct file *f)
{
	Elf64_Ehdr *header = read_part(f, 0, sizeof(*header));
	int error = header ? 0 : -ENOEXEC;

	if (!error &&
	    (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
	     header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != NATIVE))
		error = -ENOEXEC;
	if (!error && header->e_shoff) {
		f->sections = count_sections(f, header);
		if (header->e_shentsize == sizeof(*f->section) &&
		    f->sections <= f->size / sizeof(*f->section))
			f->section =
				read_part(f, header->e_shoff, f->sections * sizeof(*f->section));
		error = f->section ? 0 : -ENOEXEC;
	}
	free(header);
	return error;
}

static void free_table(struct table *t)
{
	free(t->symbol);
	free(t->text);
}

static int read_table(const struct file *f, const Elf64_Shdr *s, struct table *into)
{
	const Elf64_Shdr *texts = s->sh_link < f->sections ? &f->section[s->sh_link] : NULL;

	if (s->sh_entsize != sizeof(*into->symbol) || !texts || texts->sh_type != SHT_STRTAB)
		return -ENOEXEC;
	into->symbols = s->sh_size / sizeof(*into->symbol);
	into->length = texts->sh_size;
	into->symbol = read_part(f, s->sh_offset, into->symbols * sizeof(*into->symbol));
	into->text = read_part(f, texts->sh_offset, into->length);
	return into->symbol && into->text ? 0 : -ENOEXEC;
}

/* A file has one table of each type, at most. */
static const Elf64_Shdr *find_section(const struct file *f, uint32_t type)
{
	for (uint64_t i = 0; i < f->sections; i++)
		if (f->section[i].sh_type == type)
			return &f->section[i];
	return NULL;
}

static int each_symbol(const struct file *f, uint32_t type, symbol_fn *each, struct question *q)
{
	const Elf64_Shdr *found = find_section(f, type);
	struct table t = { .symbol = NULL };
	int error = found ? read_table(f, found, &t) : 0;

	for (uint64_t n = 0; !error && n < t.symbols; n++)
		if (t.symbol[n].st_name < t.length)
			each(q, &t.symbol[n], t.text + t.symbol[n].st_name);
	free_table(&t);
	return error;
}

/* What follows the name in a text that begins with it; NULL: it does not. */
static const char *behind(const char *name, const char *text)
{
	while (*name && *name != '@' && *name == *text) {
		name++;
		text++;
	}
	return *name && *name != '@' ? NULL : text;
}

static void take_exported(struct question *q, const Elf64_Sym *symbol, const char *name)
{
	for (unsigned i = 0; symbol->st_shndx != SHN_UNDEF && i < q->count; i++) {
		const char *rest = behind(q->names[i], name);

		q->exported[i] |= rest && !*rest;
	}
}

static enum symtab_kind kind_of(const struct question *q, const Elf64_Sym *symbol)
{
	if (ELF64_ST_BIND(symbol->st_info) != STB_LOCAL ||
	    ELF64_ST_VISIBILITY(symbol->st_other) != STV_DEFAULT || q->nameless)
		return SYMTAB_INTERNAL;
	return SYMTAB_STATIC;
}

/* Names of C hold no dot: one stands behind the name in what the compiler makes of a function. */
static void take_kept(struct question *q, const Elf64_Sym *symbol, const char *name)
{
	unsigned type = ELF64_ST_TYPE(symbol->st_info);

	if (type == STT_FILE)
		q->nameless = !*name;
	if ((type != STT_FUNC && type != STT_GNU_IFUNC) || symbol->st_shndx == SHN_UNDEF)
		return;
	for (unsigned i = 0; i < q->count; i++) {
		const char *rest = q->exported[i] ? NULL : behind(q->names[i], name);

		if (rest && (!*rest || (*rest == '.' && q->kinds[i] == SYMTAB_NONE)))
			q->kinds[i] = kind_of(q, symbol);
	}
}

static int look_into(struct file *f, struct question *q)
{
	struct stat st;
	int error;

	if (fstat(f->fd, &st) != 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -ENOEXEC;
	f->size = (uint64_t)st.st_size;
	error = read_sections(f);
	if (!error)
		error = each_symbol(f, SHT_DYNSYM, take_exported, q);
	if (!error)
		error = each_symbol(f, SHT_SYMTAB, take_kept, q);
	free(f->section);
	return error;
}

int symtab_look(const char *path, const char *const *names, unsigned count, enum symtab_kind *kinds)
{
	struct file f = { .fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) };
	struct question q = { .names = names, .count = count, .kinds = kinds };
	int error = f.fd < 0 ? -errno : -ENOMEM;

	for (unsigned i = 0; i < count; i++)
		kinds[i] = SYMTAB_NONE;
	if (f.fd < 0)
		return error;
	q.exported = calloc(count + 1, sizeof(*q.exported));
	if (q.exported)
		error = look_into(&f, &q);
	for (unsigned i = 0; error && i < count; i++)
		kinds[i] = SYMTAB_NONE;
	free(q.exported);
	close(f.fd);
	return error;
}
