/*
 * hooks/tables.c on libc and on this program, as the loader mapped them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "hooks/readable.h"
#include "hooks/tables.h"

static void open_tables(const struct link_map *map, struct tables *into)
{
	struct object object;

	assert_int_equal(object_open(map->l_addr, map->l_ld, &object), 0);
	tables_open(&object, map->l_ld, into);
}

static const struct link_map *libc_map(void)
{
	const struct link_map *m = _r_debug.r_map;

	while (m && !strstr(m->l_name, "libc.so"))
		m = m->l_next;
	assert_non_null(m);
	return m;
}

static void the_hashes_that_an_object_brings_are_those_of_its_names(void **state)
{
	struct tables t;

	(void)state;
	open_tables(libc_map(), &t);
	assert_non_null(t.hashes);
	for (uint32_t i = t.hashed; i < t.hashed + 1000; i++) {
		const char *name = t.object.strings + t.object.symbols[i].st_name;

		assert_int_equal(tables_hash(&t, i) | 1, object_hash(name) | 1);
	}
	for (uint32_t i = 1; i < t.hashed; i++) {
		const char *name = t.object.strings + t.object.symbols[i].st_name;

		assert_int_equal(tables_hash(&t, i), object_hash(name));
	}
}

/* As this program imports it. */
static const char *imported_version(const struct tables *t, const char *wanted)
{
	const ElfW(Rela) * lists[] = { t->jump, t->rela };
	size_t counts[] = { t->jumps, t->relas };

	for (int list = 0; list < 2; list++)
		for (size_t i = 0; i < counts[list]; i++) {
			uint32_t symbol = ELF64_R_SYM(lists[list][i].r_info);

			if (symbol &&
			    !strcmp(t->object.strings + t->object.symbols[symbol].st_name, wanted))
				return tables_version(t, symbol);
		}
	return NULL;
}

static void a_reference_has_its_version(void **state)
{
	struct tables t;

	(void)state;
	open_tables(_r_debug.r_map, &t);
	assert_true(t.jumps + t.relas > 0);
	assert_memory_equal(imported_version(&t, "sysconf"), "GLIBC_2.", 8);
	assert_true(sysconf(_SC_PAGESIZE) > 0);
}

static void relative_relocations_are_left_out(void **state)
{
	struct tables t;

	(void)state;
	open_tables(libc_map(), &t);
	assert_true(t.relas < 200);
	assert_string_equal(t.soname, "libc.so.6");
}

static void a_page_that_can_not_be_read_is_told(void **state)
{
	char *at = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_ptr_not_equal(at, MAP_FAILED);
	assert_int_equal(mprotect(at + 4096, 4096, PROT_NONE), 0);
	errno = 5;
	assert_true(readable((uintptr_t)at));
	assert_false(readable((uintptr_t)at + 4096));
	assert_int_equal(munmap(at, 8192), 0);
	assert_false(readable((uintptr_t)at));
	assert_int_equal(errno, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_hashes_that_an_object_brings_are_those_of_its_names),
		cmocka_unit_test(a_reference_has_its_version),
		cmocka_unit_test(relative_relocations_are_left_out),
		cmocka_unit_test(a_page_that_can_not_be_read_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
