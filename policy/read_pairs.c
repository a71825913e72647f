/*
 * Pairs as they stand: each line split at its first =, space around both sides cut. What has no =
 * or begins with # is passed over. The last of a key counts, as in a shell.
 */
#include <errno.h>

#include "policy/read_private.h"

static int read_line(struct reader *r)
{
	const char *key = r->at, *value;
	size_t length = 0;
	int error;

	while (key[length] != '=' && key[length] != '\n' && key[length] != '\0')
		length++;
	r->at += length;
	if (key[0] == '#' || *r->at != '=' || reader_trimmed(key, length) == 0) {
		reader_skip_line(r);
		return 0;
	}
	r->at++;
	reader_skip(r, " \t");
	value = r->at;
	reader_skip_line(r);
	error = reader_give(r, READ_AGAIN, key, reader_trimmed(key, length));
	if (error != 0)
		return error;
	return reader_scalar(r, VALUE_TEXT, value, reader_trimmed(value, (size_t)(r->at - value)));
}

int read_pairs(struct reader *r)
{
	int error = reader_open(r, true);

	reader_skip(r, " \t\n");
	while (error == 0 && !reader_at_end(r)) {
		error = read_line(r);
		reader_skip(r, " \t\n");
	}
	return error == 0 ? reader_close(r) : error;
}
