/*
 * What loading read of the libraries' files, their tables of names above all, stays mapped, and
 * counts as the host's memory where no other process has them. It is in the page cache; what is
 * used comes back from there.
 */
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sender/library.h"
#include "sender/step.h"

/* Was anything written into what is not writable? Then the file is not the same. */
static bool has_text_relocations(const struct dl_phdr_info *info, const ElfW(Phdr) * dynamic)
{
	for (const ElfW(Dyn) *d = (const void *)(info->dlpi_addr + dynamic->p_vaddr); d->d_tag; d++)
		if (d->d_tag == DT_TEXTREL || (d->d_tag == DT_FLAGS && d->d_un.d_val & DF_TEXTREL))
			return true;
	return false;
}

static int let_go_of(struct dl_phdr_info *info, size_t bytes, void *page)
{
	uintptr_t in_page = *(const uintptr_t *)page - 1;
	bool whole = true;

	(void)bytes;
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
			whole = !has_text_relocations(info, &info->dlpi_phdr[i]);
	for (int i = 0; whole && i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];
		uintptr_t from = info->dlpi_addr + part->p_vaddr;
		uintptr_t to = from + part->p_filesz;

		if (part->p_type == PT_LOAD && !(part->p_flags & PF_W))
			madvise((void *)(from & ~in_page), to - (from & ~in_page), MADV_DONTNEED);
	}
	return 0;
}

void library_let_go_of_pages(void)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	if (!step_is_needed() || !step_begin())
		return;
	dl_iterate_phdr(let_go_of, &page);
	step_end();
}
