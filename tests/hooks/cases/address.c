/*
 * Addresses of functions: equal wherever they are without us, and calls through them count once.
 */
#include "cases.h"

#include <stddef.h>
#include <string.h>

#include "callee.h"

typedef int (*add_fn)(int, int);

static add_fn volatile stored = callee_add;

static struct __attribute__((packed)) {
	char pad;
	add_fn add;
} unaligned = { 1, callee_add };

static add_fn unaligned_add(void)
{
	add_fn add;

	memcpy(&add, (char *)&unaligned + offsetof(__typeof__(unaligned), add), sizeof(add));
	return add;
}

void case_address(void)
{
	add_fn volatile here = callee_add, there = callee_add_here(), table = stored;

	printf("%d %d\n", here == there, here == table);
	CHECK(here(1, 2) == 3 && there(3, 4) == 7 && table(5, 6) == 11);
	CHECK(callee_add(7, 8) == 15);
}

void case_unaligned(void)
{
	add_fn volatile add = unaligned_add();

	printf("%d\n", add == stored);
	CHECK(add(1, 2) == 3);
}

void case_within(void)
{
	CHECK(callee_within(1, 2) == 1003);
}

static struct {
	char what[64];
	unsigned long bytes;
} protections[256];

static int by_name(const void *one, const void *other)
{
	return strcmp(one, other);
}

static void add_protection(const char *how, const char *file, unsigned long bytes)
{
	char what[sizeof(protections->what)];
	size_t i = 0;

	snprintf(what, sizeof(what), "%s %s", file, how);
	while (protections[i].bytes && strcmp(protections[i].what, what))
		i++;
	CHECK(i < sizeof(protections) / sizeof(*protections) - 1);
	strcpy(protections[i].what, what);
	protections[i].bytes += bytes;
}

/*
 * Pages that were made read-only are so again, and no others are: how many bytes of each file are
 * mapped in which way.
 */
void case_protection(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[4200], how[8], *slash;
	unsigned long from, to;
	size_t count = 0;

	CHECK(maps && callee_add(1, 2) == 3);
	while (fgets(line, sizeof(line), maps)) {
		slash = strrchr(line, '/');
		if (slash && !strstr(slash, "watch") &&
		    sscanf(line, "%lx-%lx %7s", &from, &to, how) == 3) {
			slash[strcspn(slash, "\n")] = '\0';
			add_protection(how, slash + 1, to - from);
		}
	}
	fclose(maps);
	while (protections[count].bytes)
		count++;
	qsort(protections, count, sizeof(*protections), by_name);
	for (size_t i = 0; i < count; i++)
		printf("%s %lu\n", protections[i].what, protections[i].bytes);
}
