/*
 * Strings of four kinds, numbers, truths, dates.
 */
#include "policy/read_toml.h"

#include <errno.h>
#include <string.h>

bool toml_is_control(char c)
{
	return ((uint8_t)c < 0x20 && c != '\t') || c == 0x7f;
}

/* The escape at *from (behind its backslash) as bytes at *to. */
static bool unescape(const char **from, char **to)
{
	static const char pairs[] = "b\bt\tn\nf\fr\r\"\"\\\\";
	char c = *(*from)++;
	uint32_t character;

	if (c == 'u' || c == 'U') {
		unsigned digits = c == 'u' ? 4 : 8;

		if (!reader_hex(*from, digits, &character))
			return false;
		*from += digits;
		*to = reader_put_character(*to, character);
		return *to != NULL;
	}
	for (unsigned i = 0; i + 1 < sizeof(pairs); i += 2) {
		if (pairs[i] == c) {
			*(*to)++ = pairs[i + 1];
			return true;
		}
	}
	return false;
}

static int finish(struct reader *r, const char *from, const char *to, const char *bytes,
		  size_t *length)
{
	*length = (size_t)(to - bytes);
	r->at = r->begin + (from - r->begin);
	return 0;
}

int toml_string(struct reader *r, const char **bytes, size_t *length)
{
	char quote = *r->at++;
	const char *from = r->at;
	char *to = r->at;

	*bytes = to;
	while (*from != quote) {
		if (toml_is_control(*from))
			return -EBADMSG;
		if (quote == '\'' || *from != '\\')
			*to++ = *from++;
		else if (from++, !unescape(&from, &to))
			return -EBADMSG;
	}
	return finish(r, from + 1, to, *bytes, length);
}

/* A backslash at the end of a line takes away all space up to the next text: behind that. */
static const char *joined_lines(const char *from)
{
	const char *at = from + strspn(from, " \t");

	return *at == '\n' ? at + strspn(at, " \t\n") : NULL;
}

/* Three quotes stand here; up to two more belong to the text. */
static size_t closing_quotes(const char *from, char quote)
{
	size_t more = 0;

	while (more < 2 && from[3 + more] == quote)
		more++;
	return more;
}

static int read_lines(struct reader *r, char quote, const char **bytes, size_t *length)
{
	const char end[] = { quote, quote, quote, '\0' };
	const char *from = r->at, *next;
	char *to = r->at;

	if (*from == '\n')
		from++;
	*bytes = to;
	while (strncmp(from, end, 3) != 0) {
		if (toml_is_control(*from) && *from != '\n')
			return -EBADMSG;
		if (quote == '\'' || *from != '\\') {
			*to++ = *from++;
			continue;
		}
		next = joined_lines(++from);
		if (next != NULL)
			from = next;
		else if (!unescape(&from, &to))
			return -EBADMSG;
	}
	for (size_t more = closing_quotes(from, quote); more > 0; more--)
		*to++ = *from++;
	return finish(r, from + 3, to, *bytes, length);
}

static int read_text(struct reader *r)
{
	const char *bytes;
	size_t length;
	int error;

	if (reader_take(r, "\"\"\""))
		error = read_lines(r, '"', &bytes, &length);
	else if (reader_take(r, "'''"))
		error = read_lines(r, '\'', &bytes, &length);
	else
		error = toml_string(r, &bytes, &length);
	return error == 0 ? reader_scalar(r, VALUE_TEXT, bytes, length) : error;
}

/* 9 stands for a digit; how much of the pattern was there, all of it or nothing. */
static size_t fits(const char *at, const char *pattern)
{
	size_t i;

	for (i = 0; pattern[i] != '\0'; i++) {
		if (pattern[i] == '9' ? !reader_is_digit(at[i]) : at[i] != pattern[i])
			return 0;
	}
	return i;
}

static unsigned two_digits(const char *at)
{
	return (unsigned)(at[0] - '0') * 10 + (unsigned)(at[1] - '0');
}

/* 0: none. */
static size_t time_length(const char *at)
{
	size_t length = fits(at, "99:99:99");

	if (length == 0 || two_digits(at) > 23 || two_digits(at + 3) > 59 ||
	    two_digits(at + 6) > 60)
		return 0;
	if (at[length] != '.')
		return length;
	if (!reader_is_digit(at[++length]))
		return 0;
	while (reader_is_digit(at[length]))
		length++;
	return length;
}

static size_t zone_length(const char *at)
{
	if (at[0] == 'Z' || at[0] == 'z')
		return 1;
	if ((at[0] == '+' || at[0] == '-') && fits(at + 1, "99:99") > 0 &&
	    two_digits(at + 1) <= 23 && two_digits(at + 4) <= 59)
		return 6;
	return 0;
}

/* A date, a time, or both; 0: none. */
static size_t moment_length(const char *at)
{
	size_t date = fits(at, "9999-99-99");
	size_t time;

	if (date == 0)
		return time_length(at);
	if (two_digits(at + 5) - 1 > 11 || two_digits(at + 8) - 1 > 30)
		return 0;
	if (at[date] != 'T' && at[date] != 't' && at[date] != ' ')
		return date;
	time = time_length(at + date + 1);
	if (time == 0)
		return at[date] == ' ' ? date : 0;
	return date + 1 + time + zone_length(at + date + 1 + time);
}

static bool is_between_digits(const char *bytes, size_t length, size_t at)
{
	bool based = length > 2 && bytes[0] == '0' && reader_is_letter(bytes[1]);

	if (at == 0 || at + 1 >= length || (based && at == 2))
		return false;
	if (based)
		return bytes[at + 1] != '_';
	return reader_is_digit(bytes[at - 1]) && reader_is_digit(bytes[at + 1]);
}

/* Underscores between digits fall away, in place. */
static int read_number(struct reader *r, char *bytes, size_t length)
{
	size_t kept = 0;
	char behind = bytes[length];
	int error;

	for (size_t i = 0; i < length; i++) {
		if (bytes[i] == '_' && !is_between_digits(bytes, length, i))
			return -EBADMSG;
	}
	for (size_t i = 0; i < length; i++) {
		if (bytes[i] != '_')
			bytes[kept++] = bytes[i];
	}
	error = reader_number(r, bytes, kept);
	bytes[length] = behind;
	return error;
}

static bool is_no_number(const char *bytes, size_t length)
{
	if (length == 4 && (bytes[0] == '+' || bytes[0] == '-')) {
		bytes++;
		length--;
	}
	return length == 3 && (memcmp(bytes, "inf", 3) == 0 || memcmp(bytes, "nan", 3) == 0);
}

int toml_scalar(struct reader *r)
{
	char *bytes = r->at;
	size_t length = moment_length(bytes);

	if (*r->at == '"' || *r->at == '\'')
		return read_text(r);
	if (length == 0) {
		while (reader_is_bare(bytes[length]) || bytes[length] == '+' ||
		       bytes[length] == '.')
			length++;
		r->at += length;
		if ((length == 4 && memcmp(bytes, "true", 4) == 0) ||
		    (length == 5 && memcmp(bytes, "false", 5) == 0))
			return reader_scalar(r, VALUE_BOOL, bytes, length);
		if (!is_no_number(bytes, length))
			return read_number(r, bytes, length);
	} else {
		r->at += length;
	}
	return reader_scalar(r, VALUE_TEXT, bytes, length);
}
