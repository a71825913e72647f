/*
 * Executables as the launcher looks at them, made by hand from the structures of the System V gABI.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "base/elf_file.h"
#include "tests/unit/written_file.h"

#define ADDRESS 0x400000 /* where the one loaded segment lies */

struct program {
	Elf64_Ehdr header;
	Elf64_Phdr load, loader, dynamic;
	Elf64_Dyn entry[4];
	char loader_name[32];
	char names[64];
};

static struct program valid(void)
{
	struct program p = { .header = { .e_type = ET_DYN,
					 .e_phoff = offsetof(struct program, load),
					 .e_phentsize = sizeof(Elf64_Phdr),
					 .e_phnum = 3 } };

	memcpy(p.header.e_ident, ELFMAG, SELFMAG);
	p.header.e_ident[EI_CLASS] = ELFCLASS64;
	p.header.e_ident[EI_DATA] = ELFDATA2LSB;
	p.load = (Elf64_Phdr){ .p_type = PT_LOAD, .p_vaddr = ADDRESS, .p_filesz = sizeof(p) };
	p.loader = (Elf64_Phdr){ .p_type = PT_INTERP,
				 .p_offset = offsetof(struct program, loader_name) };
	p.dynamic = (Elf64_Phdr){ .p_type = PT_DYNAMIC,
				  .p_offset = offsetof(struct program, entry),
				  .p_filesz = sizeof(p.entry) };
	strcpy(p.loader_name, "/lib64/ld-linux-x86-64.so.2");
	memcpy(p.names, "\0libc.so.6\0libasan.so.8", 23);
	p.entry[0] = (Elf64_Dyn){ DT_NEEDED, { 1 } };
	p.entry[1] = (Elf64_Dyn){ DT_NEEDED, { 11 } };
	p.entry[2] = (Elf64_Dyn){ DT_STRTAB, { ADDRESS + offsetof(struct program, names) } };
	return p;
}

static int read_back(const void *bytes, size_t length, struct elf_file *file)
{
	written_file_put(bytes, length);
	return elf_file_read(written_file, file);
}

static void loader_and_sanitizer_are_found(void **state)
{
	struct program p = valid();
	struct elf_file file;

	(void)state;
	assert_int_equal(read_back(&p, sizeof(p), &file), 0);
	assert_true(file.dynamic);
	assert_string_equal(file.loader, "/lib64/ld-linux-x86-64.so.2");
	assert_string_equal(file.sanitizer, "libasan.so.8");
}

static void a_program_without_a_sanitizer_names_none(void **state)
{
	struct program p = valid();
	struct elf_file file;

	(void)state;
	p.entry[1].d_un.d_val = 1;
	assert_int_equal(read_back(&p, sizeof(p), &file), 0);
	assert_string_equal(file.sanitizer, "");
}

static void a_program_without_a_loader_is_static(void **state)
{
	struct program p = valid();
	struct elf_file file;

	(void)state;
	p.loader.p_type = PT_NOTE;
	assert_int_equal(read_back(&p, sizeof(p), &file), 0);
	assert_false(file.dynamic);
	assert_string_equal(file.sanitizer, "");
}

static void another_libc_or_class_is_foreign(void **state)
{
	struct program p = valid();
	struct elf_file file;

	(void)state;
	assert_int_equal(read_back(&p, sizeof(p), &file), 0);
	assert_false(file.foreign);
	strcpy(p.loader_name, "/lib/ld-musl-x86_64.so.1");
	assert_int_equal(read_back(&p, sizeof(p), &file), 0);
	assert_true(file.foreign);
	p.header.e_ident[EI_CLASS] = ELFCLASS32;
	assert_int_equal(read_back(&p, sizeof(p), &file), -ENOEXEC);
	assert_true(file.foreign);
	assert_int_equal(read_back("#!/bin/sh\n", 10, &file), -ENOEXEC);
	assert_false(file.foreign);
}

static void what_is_no_program_of_ours_is_refused(void **state)
{
	static const size_t lengths[] = { 0, 3, sizeof(Elf64_Ehdr) - 1, sizeof(Elf64_Ehdr) + 20 };
	struct program p = valid();
	struct elf_file file;

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++)
		assert_int_equal(read_back(&p, lengths[i], &file), -ENOEXEC);
	p.header.e_ident[EI_CLASS] = ELFCLASS32;
	assert_int_equal(read_back(&p, sizeof(p), &file), -ENOEXEC);
	assert_int_equal(elf_file_read("/nonexistent", &file), -ENOENT);
}

static void offsets_outside_the_file_are_not_followed(void **state)
{
	struct program p = valid();
	struct elf_file file;

	(void)state;
	p.entry[2].d_un.d_ptr = ADDRESS - 1;
	assert_int_equal(read_back(&p, sizeof(p), &file), 0);
	assert_string_equal(file.sanitizer, "");
	p = valid();
	p.entry[1].d_un.d_val = UINT64_MAX;
	p.dynamic.p_filesz = UINT64_MAX;
	p.loader.p_offset = UINT64_MAX;
	assert_int_equal(read_back(&p, sizeof(p), &file), 0);
	assert_false(file.dynamic);
}

static void runtimes_of_gcc_and_clang_are_known(void **state)
{
	(void)state;
	assert_true(elf_file_is_sanitizer("libtsan.so.2"));
	assert_true(elf_file_is_sanitizer("libclang_rt.asan-x86_64.so"));
	assert_false(elf_file_is_sanitizer("libc.so.6"));
	assert_false(elf_file_is_sanitizer(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loader_and_sanitizer_are_found),
		cmocka_unit_test(a_program_without_a_sanitizer_names_none),
		cmocka_unit_test(a_program_without_a_loader_is_static),
		cmocka_unit_test(another_libc_or_class_is_foreign),
		cmocka_unit_test(what_is_no_program_of_ours_is_refused),
		cmocka_unit_test(offsets_outside_the_file_are_not_followed),
		cmocka_unit_test(runtimes_of_gcc_and_clang_are_known),
	};

	return cmocka_run_group_tests(tests, written_file_make, written_file_remove);
}
