/*
 * hooks/symbol.c against what the loader itself says. In this program the objects after us are all
 * libraries.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>

#include <cmocka.h>

#include "hooks/object.h"
#include "hooks/symbol.h"

static struct link_map *libc_map(void)
{
	struct link_map *m = _r_debug.r_map;

	while (m != NULL && strstr(m->l_name, "libc.so") == NULL)
		m = m->l_next;
	assert_non_null(m);
	return m;
}

static void the_default_version_is_what_dlsym_finds(void **state)
{
	static const char *const names[] = { "execve", "sigaction", "fork",   "daemon",
					     "clone",  "on_exit",   "setsid", "__register_atfork" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct object o;
		const ElfW(Sym) * s;

		assert_int_equal(object_open(libc_map()->l_addr, libc_map()->l_ld, &o), 0);
		s = object_find(&o, names[i], NULL);
		assert_non_null(s);
		assert_ptr_equal((void *)(o.base + s->st_value),
				 dlsym(dlopen("libc.so.6", RTLD_LAZY), names[i]));
	}
}

static void an_old_version_is_found_by_its_name(void **state)
{
	void *libc = dlopen("libc.so.6", RTLD_LAZY);
	void *old = dlvsym(libc, "quick_exit", "GLIBC_2.10");
	struct object o;

	(void)state;
	if (old == NULL)
		skip();
	assert_int_equal(object_open(libc_map()->l_addr, libc_map()->l_ld, &o), 0);
	assert_ptr_equal((void *)(o.base + object_find(&o, "quick_exit", "GLIBC_2.10")->st_value),
			 old);
	assert_ptr_equal((void *)(o.base + object_find(&o, "quick_exit", NULL)->st_value),
			 dlsym(libc, "quick_exit"));
	assert_null(object_find(&o, "quick_exit", "GLIBC_2.9"));
	assert_null(object_find(&o, "quick_exit", "GLIBC_NONE"));
}

static void an_indirect_function_is_resolved(void **state)
{
	size_t (*length)(const char *) = (size_t(*)(const char *))symbol_next("strlen", NULL);

	(void)state;
	assert_non_null(length);
	assert_int_equal(length("four"), 4);
}

static void who_comes_first_after_us_is_found(void **state)
{
	(void)state;
	assert_ptr_equal(symbol_next("getppid", NULL), dlsym(RTLD_NEXT, "getppid"));
	assert_null(symbol_next("nobody_defines_this_name", NULL));
	assert_null(symbol_next("getppid", "GLIBC_NONE"));
	assert_null(symbol_next("", NULL));
}

static void functions_of_the_kernel_are_found(void **state)
{
	(void)state;
	assert_null(symbol_in_vdso("nobody_defines_this_name"));
	if (!getauxval(AT_SYSINFO_EHDR)) /* an emulated one has none */
		skip();
	assert_true(symbol_in_vdso("__vdso_clock_gettime") ||
		    symbol_in_vdso("__kernel_clock_gettime"));
}

static void data_is_no_function(void **state)
{
	struct object o;

	(void)state;
	assert_int_equal(object_open(libc_map()->l_addr, libc_map()->l_ld, &o), 0);
	assert_null(object_find(&o, "environ", NULL));
}

/* libc has both tables: they must give the same. */
static void an_object_with_the_old_hash_table_will_do(void **state)
{
	struct object o;
	uint32_t found = 0;

	(void)state;
	assert_int_equal(object_open(libc_map()->l_addr, libc_map()->l_ld, &o), 0);
	if (o.hash == NULL)
		skip();
	for (uint32_t i = 1; i < o.hash[1]; i++) {
		const char *name = o.strings + o.symbols[i].st_name;
		const ElfW(Sym) *new = object_find(&o, name, NULL);
		const uint32_t *gnu = o.gnu_hash;
		const ElfW(Sym) * old;

		o.gnu_hash = NULL;
		old = object_find(&o, name, NULL);
		o.gnu_hash = gnu;
		assert_ptr_equal(new, old);
		found += new != NULL;
	}
	assert_true(found > 1000);
}

/* The vDSO's dynamic section holds offsets, the others' addresses. */
static void every_mapped_object_can_be_read(void **state)
{
	(void)state;
	for (struct link_map *m = _r_debug.r_map; m != NULL; m = m->l_next) {
		struct object o;

		if (object_open(m->l_addr, m->l_ld, &o) == 0)
			assert_null(object_find(&o, "nobody_defines_this_name", NULL));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_default_version_is_what_dlsym_finds),
		cmocka_unit_test(an_old_version_is_found_by_its_name),
		cmocka_unit_test(an_indirect_function_is_resolved),
		cmocka_unit_test(who_comes_first_after_us_is_found),
		cmocka_unit_test(functions_of_the_kernel_are_found),
		cmocka_unit_test(data_is_no_function),
		cmocka_unit_test(an_object_with_the_old_hash_table_will_do),
		cmocka_unit_test(every_mapped_object_can_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
