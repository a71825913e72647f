/*
 * From the program headers in the auxiliary vector. Nothing is looked at but what lies whole in a
 * segment that is mapped for reading: a strange executable must not make us fault.
 */
#include "shim/notes.h"

#include <elf.h>
#include <link.h>
#include <string.h>

#include "shim/auxiliary.h"

#ifndef NT_GNU_BUILD_ID
#define NT_GNU_BUILD_ID 3
#endif
#define NT_FDO_PACKAGING 0xcafe1a7e /* systemd.io/ELF_PACKAGE_METADATA */

static bool is_mapped(const ElfW(Phdr) * headers, unsigned long count, const ElfW(Phdr) * note)
{
	for (unsigned long i = 0; i < count; i++) {
		const ElfW(Phdr) *h = &headers[i];

		if (h->p_type == PT_LOAD && (h->p_flags & PF_R) != 0 &&
		    note->p_vaddr >= h->p_vaddr && note->p_memsz <= h->p_filesz &&
		    note->p_vaddr - h->p_vaddr <= h->p_filesz - note->p_memsz)
			return true;
	}
	return false;
}

static void take_note(const ElfW(Nhdr) * note, const char *name, const uint8_t *desc,
		      struct subject_notes *into)
{
	if (note->n_namesz != 4)
		return;
	if (note->n_type == NT_GNU_BUILD_ID && memcmp(name, "GNU", 4) == 0) {
		into->build_id = desc;
		into->build_id_bytes = note->n_descsz;
	} else if (note->n_type == NT_FDO_PACKAGING && memcmp(name, "FDO", 4) == 0) {
		into->package = (const char *)desc;
		into->package_bytes = note->n_descsz;
	}
}

static size_t padded(size_t bytes, size_t alignment)
{
	return (bytes + alignment - 1) & ~(alignment - 1);
}

static void look_through(const uint8_t *notes, size_t bytes, size_t alignment,
			 struct subject_notes *into)
{
	ElfW(Nhdr) note;

	while (bytes > sizeof(note)) {
		size_t name, whole;

		memcpy(&note, notes, sizeof(note));
		if (note.n_namesz > bytes || note.n_descsz > bytes)
			return;
		name = sizeof(note) + note.n_namesz;
		name = padded(name, alignment);
		whole = name + padded(note.n_descsz, alignment);
		if (name + note.n_descsz > bytes)
			return;
		take_note(&note, (const char *)notes + sizeof(note), notes + name, into);
		if (whole >= bytes)
			return;
		notes += whole;
		bytes -= whole;
	}
}

void notes_of_process(struct subject_notes *into)
{
	const ElfW(Phdr) *headers = (const ElfW(Phdr) *)auxiliary_value(AT_PHDR);
	unsigned long count = auxiliary_value(AT_PHNUM);
	unsigned long bias = 0;
	bool placed = false;

	*into = (struct subject_notes){ .build_id = NULL };
	if (headers == NULL)
		return;
	for (unsigned long i = 0; i < count; i++) {
		if (headers[i].p_type != PT_PHDR)
			continue;
		bias = (unsigned long)headers - headers[i].p_vaddr;
		placed = true;
	}
	for (unsigned long i = 0; placed && i < count; i++) {
		if (headers[i].p_type == PT_NOTE && is_mapped(headers, count, &headers[i]))
			look_through((const uint8_t *)(bias + headers[i].p_vaddr),
				     headers[i].p_memsz, headers[i].p_align == 8 ? 8 : 4, into);
	}
}
