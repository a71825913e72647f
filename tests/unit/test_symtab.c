/*
 * Symbol tables as `bookend doctor --hooks` looks at them, made by hand from the structures of the
 * System V gABI.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "tools/symtab.h"
#include "tests/unit/written_file.h"

#define SYMBOLS 6

/* Offsets into the texts below. */
enum { EMPTY = 0, SOURCE = 1, ONE = 5, TWO = 9, CLONE = 13, OUT = 26, TEXTS = 32 };
static const char texts[TEXTS] = "\0a.c\0one\0two\0three.isra.0\0out";

struct object {
	Elf64_Ehdr header;
	Elf64_Shdr section[4]; /* none, symbols, dynamic symbols, texts of both */
	Elf64_Sym symbol[SYMBOLS];
	Elf64_Sym dynamic[1];
	char text[TEXTS];
};

static const char *const names[] = { "one@V", "two", "three", "out@V", "thr" };
enum { NAMES = sizeof(names) / sizeof(*names) };

static enum symtab_kind kinds[NAMES];

static Elf64_Sym symbol(uint32_t name, unsigned char bind, unsigned char type, uint16_t section)
{
	return (Elf64_Sym){ .st_name = name,
			    .st_info = ELF64_ST_INFO(bind, type),
			    .st_shndx = section };
}

static Elf64_Shdr section(uint32_t type, size_t offset, size_t bytes)
{
	return (Elf64_Shdr){ .sh_type = type,
			     .sh_offset = offset,
			     .sh_size = bytes,
			     .sh_entsize = sizeof(Elf64_Sym),
			     .sh_link = 3 };
}

static struct object valid(void)
{
	struct object o = { .header = { .e_shoff = offsetof(struct object, section),
					.e_shentsize = sizeof(Elf64_Shdr),
					.e_shnum = 4 } };

	memcpy(o.header.e_ident, ELFMAG, SELFMAG);
	o.header.e_ident[EI_CLASS] = ELFCLASS64;
	o.header.e_ident[EI_DATA] = ELFDATA2LSB;
	o.section[1] = section(SHT_SYMTAB, offsetof(struct object, symbol), sizeof(o.symbol));
	o.section[2] = section(SHT_DYNSYM, offsetof(struct object, dynamic), sizeof(o.dynamic));
	o.section[3] = section(SHT_STRTAB, offsetof(struct object, text), TEXTS);
	o.symbol[0] = symbol(EMPTY, STB_LOCAL, STT_NOTYPE, SHN_UNDEF);
	o.symbol[1] = symbol(SOURCE, STB_LOCAL, STT_FILE, SHN_ABS);
	o.symbol[2] = symbol(ONE, STB_LOCAL, STT_FUNC, 1);
	o.symbol[3] = symbol(TWO, STB_GLOBAL, STT_FUNC, 1);
	o.symbol[4] = symbol(CLONE, STB_LOCAL, STT_FUNC, 1);
	o.symbol[5] = symbol(OUT, STB_GLOBAL, STT_FUNC, 1);
	o.dynamic[0] = symbol(OUT, STB_GLOBAL, STT_FUNC, 1);
	memcpy(o.text, texts, TEXTS);
	return o;
}

static int look(const void *bytes, size_t length)
{
	written_file_put(bytes, length);
	memset(kinds, 0xff, sizeof(kinds));
	return symtab_look(written_file, names, NAMES, kinds);
}

static void nothing_is_found(void)
{
	for (unsigned i = 0; i < NAMES; i++)
		assert_int_equal(kinds[i], SYMTAB_NONE);
}

static void static_and_internal_functions_are_told_apart(void **state)
{
	struct object o = valid();

	(void)state;
	assert_int_equal(look(&o, sizeof(o)), 0);
	assert_int_equal(kinds[0], SYMTAB_STATIC);
	assert_int_equal(kinds[1], SYMTAB_INTERNAL);
	assert_int_equal(kinds[2], SYMTAB_STATIC); /* what is left of it */
	assert_int_equal(kinds[3], SYMTAB_NONE);   /* for others, too */
	assert_int_equal(kinds[4], SYMTAB_NONE);   /* a longer name */
}

static void what_a_linker_made_local_is_internal(void **state)
{
	struct object o = valid();

	(void)state;
	o.symbol[2].st_other = STV_HIDDEN;
	assert_int_equal(look(&o, sizeof(o)), 0);
	assert_int_equal(kinds[0], SYMTAB_INTERNAL);
	assert_int_equal(kinds[2], SYMTAB_STATIC);
	o = valid();
	o.symbol[1].st_name = EMPTY;
	assert_int_equal(look(&o, sizeof(o)), 0);
	assert_int_equal(kinds[0], SYMTAB_INTERNAL);
}

static void the_function_itself_counts_before_its_parts(void **state)
{
	struct object o = valid();

	(void)state;
	memcpy(o.text + TWO, "one.part", 9);
	for (unsigned i = 2; i < 4; i++) {
		o.symbol[2] = symbol(i == 2 ? ONE : TWO, STB_LOCAL, STT_FUNC, 1);
		o.symbol[3] = symbol(i == 2 ? TWO : ONE, STB_LOCAL, STT_FUNC, 1);
		o.symbol[i].st_other = STV_HIDDEN;
		assert_int_equal(look(&o, sizeof(o)), 0);
		assert_int_equal(kinds[0], SYMTAB_INTERNAL);
	}
}

static void data_and_what_others_define_is_no_function_of_it(void **state)
{
	struct object o = valid();

	(void)state;
	o.symbol[2] = symbol(ONE, STB_LOCAL, STT_OBJECT, 1);
	o.symbol[3] = symbol(TWO, STB_GLOBAL, STT_FUNC, SHN_UNDEF);
	o.dynamic[0].st_shndx = SHN_UNDEF;
	assert_int_equal(look(&o, sizeof(o)), 0);
	assert_int_equal(kinds[0], SYMTAB_NONE);
	assert_int_equal(kinds[1], SYMTAB_NONE);
	assert_int_equal(kinds[3], SYMTAB_INTERNAL);
}

static void a_stripped_file_has_nothing_to_tell(void **state)
{
	struct object o = valid();

	(void)state;
	o.section[1].sh_type = SHT_NULL;
	assert_int_equal(look(&o, sizeof(o)), 0);
	nothing_is_found();
	o.header.e_shoff = 0;
	o.header.e_shnum = 0;
	assert_int_equal(look(&o, sizeof(o)), 0);
	nothing_is_found();
}

static void many_sections_are_counted_in_the_first(void **state)
{
	struct object o = valid();

	(void)state;
	o.header.e_shnum = 0;
	o.section[0].sh_size = 4;
	assert_int_equal(look(&o, sizeof(o)), 0);
	assert_int_equal(kinds[0], SYMTAB_STATIC);
	o.section[0].sh_size = UINT64_MAX;
	assert_int_equal(look(&o, sizeof(o)), -ENOEXEC);
	nothing_is_found();
}

static void what_lies_outside_the_file_is_not_followed(void **state)
{
	static const uint64_t far[] = { sizeof(struct object), UINT64_MAX, UINT64_MAX - 63,
					INT64_MAX };

	(void)state;
	for (unsigned i = 0; i < sizeof(far) / sizeof(*far); i++) {
		for (unsigned field = 0; field < 6; field++) {
			struct object o = valid();
			uint64_t *fields[] = { &o.header.e_shoff,     &o.section[1].sh_offset,
					       &o.section[1].sh_size, &o.section[3].sh_offset,
					       &o.section[3].sh_size, &o.section[1].sh_entsize };

			*fields[field] = far[i];
			assert_int_equal(look(&o, sizeof(o)), -ENOEXEC);
			nothing_is_found();
		}
	}
}

static void names_outside_their_table_are_passed_over(void **state)
{
	struct object o = valid();

	(void)state;
	o.symbol[2].st_name = TEXTS;
	o.symbol[3].st_name = UINT32_MAX;
	memset(o.text + OUT, 'x', TEXTS - OUT);
	assert_int_equal(look(&o, sizeof(o)), 0);
	assert_int_equal(kinds[0], SYMTAB_NONE);
	assert_int_equal(kinds[1], SYMTAB_NONE);
	assert_int_equal(kinds[2], SYMTAB_STATIC);
}

static void links_that_lead_to_no_texts_are_refused(void **state)
{
	static const uint32_t links[] = { 0, 1, 4, UINT32_MAX };

	(void)state;
	for (unsigned i = 0; i < sizeof(links) / sizeof(*links); i++) {
		struct object o = valid();

		o.section[1].sh_link = links[i];
		assert_int_equal(look(&o, sizeof(o)), -ENOEXEC);
		nothing_is_found();
	}
}

static void a_file_cut_anywhere_is_survived(void **state)
{
	struct object o = valid();

	(void)state;
	for (size_t length = 0; length < offsetof(struct object, text) + TEXTS; length++) {
		assert_int_equal(look(&o, length), -ENOEXEC);
		nothing_is_found();
	}
}

static void what_is_no_file_of_ours_is_refused(void **state)
{
	struct object o = valid();

	(void)state;
	o.header.e_ident[EI_CLASS] = ELFCLASS32;
	assert_int_equal(look(&o, sizeof(o)), -ENOEXEC);
	assert_int_equal(look("#!/bin/sh\n", 10), -ENOEXEC);
	assert_int_equal(symtab_look("/nonexistent", names, NAMES, kinds), -ENOENT);
	assert_int_equal(symtab_look("/dev/null", names, NAMES, kinds), -ENOEXEC);
	assert_int_equal(symtab_look("/tmp", names, NAMES, kinds), -ENOEXEC);
	nothing_is_found();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(static_and_internal_functions_are_told_apart),
		cmocka_unit_test(what_a_linker_made_local_is_internal),
		cmocka_unit_test(the_function_itself_counts_before_its_parts),
		cmocka_unit_test(data_and_what_others_define_is_no_function_of_it),
		cmocka_unit_test(a_stripped_file_has_nothing_to_tell),
		cmocka_unit_test(many_sections_are_counted_in_the_first),
		cmocka_unit_test(what_lies_outside_the_file_is_not_followed),
		cmocka_unit_test(names_outside_their_table_are_passed_over),
		cmocka_unit_test(links_that_lead_to_no_texts_are_refused),
		cmocka_unit_test(a_file_cut_anywhere_is_survived),
		cmocka_unit_test(what_is_no_file_of_ours_is_refused),
	};

	return cmocka_run_group_tests(tests, written_file_make, written_file_remove);
}
