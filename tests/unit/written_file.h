/*
 * One file in /tmp for a test program, with other bytes in it for each test: for what reads files.
 */
#ifndef BOOKEND_TESTS_UNIT_WRITTEN_FILE_H
#define BOOKEND_TESTS_UNIT_WRITTEN_FILE_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char written_file[] = "/tmp/bookend-unit-XXXXXX"; /* its path */

static void written_file_put(const void *bytes, size_t length)
{
	FILE *out = fopen(written_file, "wb");

	assert_non_null(out);
	assert_int_equal(fwrite(bytes, 1, length, out), length);
	fclose(out);
}

/* Set-up and tear-down of the group. */
static int written_file_make(void **state)
{
	int file = mkstemp(written_file);

	(void)state;
	return file < 0 ? -1 : close(file);
}

static int written_file_remove(void **state)
{
	(void)state;
	return unlink(written_file);
}

#endif
