#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "hooks/hooks.h"
#include "hooks/names.h"
#include "hooks/object.h"

#define MANY 500

static struct names_entry entries[MANY];
static uint32_t buckets[2048];
static struct hooks_spec specs[MANY];
static char texts[MANY][24];

static int set_up(void **state)
{
	static struct names names;

	memset(entries, 0, sizeof(entries));
	memset(buckets, 0, sizeof(buckets));
	names = (struct names){ .entry = entries, .bucket = buckets };
	names.buckets = names_buckets(MANY);
	assert_true(names.buckets <= sizeof(buckets) / sizeof(*buckets));
	*state = &names;
	return 0;
}

static struct names_entry *find(const struct names *names, const char *name)
{
	return names_find(names, object_hash(name), name);
}

static void what_was_added_is_found_and_nothing_else(void **state)
{
	struct names *names = *state;

	for (int i = 0; i < MANY; i++) {
		snprintf(texts[i], sizeof(texts[i]), "name%d", i);
		specs[i].name = texts[i];
		names_add(names, &specs[i]);
	}
	for (int i = 0; i < MANY; i++) {
		assert_true(names_may_have(names, object_hash(texts[i])));
		assert_ptr_equal(find(names, texts[i])->spec, &specs[i]);
		assert_null(names_next(names, find(names, texts[i])));
	}
	assert_null(find(names, "name"));
	assert_null(find(names, ""));
}

static void specs_of_one_name_are_found_in_the_order_of_adding(void **state)
{
	struct names *names = *state;
	struct names_entry *entry;

	for (int i = 0; i < 4; i++) {
		specs[i].name = i == 2 ? "other" : "same";
		names_add(names, &specs[i]);
	}
	entry = find(names, "same");
	assert_ptr_equal(entry->spec, &specs[0]);
	entry = names_next(names, entry);
	assert_ptr_equal(entry->spec, &specs[1]);
	entry = names_next(names, entry);
	assert_ptr_equal(entry->spec, &specs[3]);
	assert_null(names_next(names, entry));
}

/* The chains of the GNU hash section have lost it. */
static void the_lowest_bit_of_a_hash_is_of_no_meaning(void **state)
{
	struct names *names = *state;
	uint32_t hash = object_hash("write");

	specs[0].name = "write";
	names_add(names, &specs[0]);
	assert_true(names_may_have(names, hash & ~1u) && names_may_have(names, hash | 1));
	assert_non_null(names_find(names, hash & ~1u, "write"));
	assert_non_null(names_find(names, hash | 1, "write"));
}

static void most_other_names_are_told_by_their_hashes(void **state)
{
	struct names *names = *state;
	char name[24];
	int passed = 0;

	specs[0].name = "write";
	names_add(names, &specs[0]);
	for (int i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "other%d", i);
		passed += names_may_have(names, object_hash(name));
	}
	assert_true(passed < 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_was_added_is_found_and_nothing_else, set_up),
		cmocka_unit_test_setup(specs_of_one_name_are_found_in_the_order_of_adding, set_up),
		cmocka_unit_test_setup(the_lowest_bit_of_a_hash_is_of_no_meaning, set_up),
		cmocka_unit_test_setup(most_other_names_are_told_by_their_hashes, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
