/*
 * Scalars: plain, quoted, and blocks of lines. Each is made in its own place, where it takes no
 * more room than it was written in.
 */
#include "policy/read_yaml.h"

#include <errno.h>
#include <string.h>

bool yaml_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

bool yaml_ends(char c)
{
	return yaml_is_blank(c) || c == '\n' || c == '\0';
}

bool yaml_is_marker(const char *line, char c)
{
	return line[0] == c && line[1] == c && line[2] == c && yaml_ends(line[3]);
}

bool yaml_is_plain_start(const char *at, bool flow)
{
	if (*at == '-' || *at == '?' || *at == ':')
		return !yaml_ends(at[1]) && (!flow || strchr(",[]{}", at[1]) == NULL);
	return !yaml_ends(*at) && strchr(",[]{}#&*!|>'\"%@`", *at) == NULL;
}

static bool is_word(const char *bytes, size_t length, const char *small)
{
	size_t upper = 0;

	if (strlen(small) != length)
		return false;
	for (size_t i = 0; i < length; i++) {
		if ((bytes[i] | 0x20) != small[i])
			return false;
		upper += bytes[i] != small[i];
	}
	return upper == 0 || upper == length || (upper == 1 && bytes[0] != small[0]);
}

int yaml_give_plain(struct reader *r, char *bytes, size_t length)
{
	int error = -EBADMSG;

	if (length == 0 || (length == 1 && bytes[0] == '~') || is_word(bytes, length, "null"))
		return reader_scalar(r, VALUE_NULL, "null", 4);
	if (is_word(bytes, length, "true"))
		return reader_scalar(r, VALUE_BOOL, "true", 4);
	if (is_word(bytes, length, "false"))
		return reader_scalar(r, VALUE_BOOL, "false", 5);
	/* 0o7 and 0b1 are numbers to some and texts to others. */
	if (length < 2 || bytes[0] != '0' || (bytes[1] != 'o' && bytes[1] != 'b'))
		error = reader_number(r, bytes, length);
	return error == -EBADMSG ? reader_scalar(r, VALUE_TEXT, bytes, length) : error;
}

/* Behind the newline at `at` and the empty lines after it, of which there are *empty. */
static const char *next_line(const char *at, unsigned *empty)
{
	const char *line = at + 1;

	*empty = 0;
	for (;;) {
		const char *text = line + strspn(line, " \t");

		if (*text != '\n')
			return line;
		line = text + 1;
		++*empty;
	}
}

/* A newline between two lines is a space, further ones are themselves. */
static char *fold(char *to, unsigned empty)
{
	if (empty == 0)
		*to++ = ' ';
	while (empty-- > 0)
		*to++ = '\n';
	return to;
}

/* One line of a plain scalar from `from` to *to; where it ends, or NULL: a key stands in it. */
static const char *copy_plain(const char *from, char **to)
{
	char *kept = *to;

	for (; *from != '\n' && *from != '\0'; from++) {
		if (*from == ':' && yaml_ends(from[1]))
			return NULL;
		if (yaml_is_blank(*from) && from[1] == '#')
			break;
		*(*to)++ = *from;
		if (!yaml_is_blank(*from))
			kept = *to;
	}
	*to = kept;
	return from;
}

/* Does the scalar go on in this line? */
static bool goes_on(const char *line, int parent)
{
	size_t indent = strspn(line, " ");
	char text = line[indent + strspn(line + indent, " \t")];

	return (int)indent > parent && text != '\0' && text != '#' && !yaml_is_marker(line, '-') &&
	       !yaml_is_marker(line, '.');
}

static int read_plain(struct yaml_reader *y, int parent)
{
	struct reader *r = y->r;
	const char *from = r->at;
	char *bytes = r->at, *to = r->at;

	if (!yaml_is_plain_start(from, false))
		return -EBADMSG;
	for (;;) {
		const char *line;
		unsigned empty;

		from = copy_plain(from, &to);
		if (from == NULL)
			return -EBADMSG;
		if (*from != '\n')
			break;
		line = next_line(from, &empty);
		if (!goes_on(line, parent))
			break;
		to = fold(to, empty);
		y->line = line;
		from = line + strspn(line, " \t");
	}
	r->at += from - r->at;
	return yaml_give_plain(r, bytes, (size_t)(to - bytes));
}

/* Escapes beyond JSON's; the backslash is passed. */
static bool unescape(const char **from, char **to)
{
	static const char pairs[] = "a\ae\x1bv\v  ";
	unsigned digits = **from == 'x' ? 2 : **from == 'U' ? 8 : 0;
	uint32_t c = **from == 'N' ? 0x85 : **from == '_' ? 0xa0 : 0;

	for (unsigned i = 0; i + 1 < sizeof(pairs); i += 2) {
		if (pairs[i] == **from)
			c = (uint32_t)pairs[i + 1];
	}
	if (digits == 0 && c == 0)
		return reader_json_escape(from, to);
	if (digits > 0 && !reader_hex(*from + 1, digits, &c))
		return false;
	*from += 1 + digits;
	*to = reader_put_character(*to, c);
	return *to != NULL;
}

/* The line break at *from, and space around it. */
static bool fold_quoted(struct yaml_reader *y, const char **from, char **to, bool escaped)
{
	unsigned empty;
	const char *line = next_line(*from, &empty);

	if (yaml_is_marker(line, '-') || yaml_is_marker(line, '.'))
		return false;
	if (!escaped || empty > 0)
		*to = fold(*to, empty);
	y->line = line;
	*from = line + strspn(line, " \t");
	return true;
}

/* One piece of a quoted scalar: an escape, a line break, a character. */
static bool read_piece(struct yaml_reader *y, const char **from, char **to, char **kept, char quote)
{
	const char *at = *from;

	if (*at == '\\' && quote == '"') {
		++*from;
		if (at[1] == '\n' ? !fold_quoted(y, from, to, true) : !unescape(from, to))
			return false;
		*kept = *to;
		return true;
	}
	if (*at == '\n') {
		*to = *kept;
		return fold_quoted(y, from, to, false);
	}
	if ((uint8_t)*at < 0x20 && *at != '\t')
		return false;
	*from += *at == '\'' && quote == '\'' ? 2 : 1;
	*(*to)++ = *at;
	if (!yaml_is_blank(*at))
		*kept = *to;
	return true;
}

int yaml_quoted(struct yaml_reader *y, const char **bytes, size_t *length)
{
	struct reader *r = y->r;
	char quote = *r->at;
	const char *from = ++r->at;
	char *to = r->at, *kept = r->at;

	*bytes = to;
	while (*from != quote || (quote == '\'' && from[1] == '\'')) {
		if (!read_piece(y, &from, &to, &kept, quote))
			return -EBADMSG;
	}
	*length = (size_t)(to - *bytes);
	r->at += from + 1 - r->at;
	return 0;
}

struct block {
	bool folded;
	char chomp; /* +, - or 0 */
	int indent; /* 0: that of its first line */
};

/* The header behind | or >, up to its newline. */
static int read_header(struct reader *r, struct block *b, int parent)
{
	const char *space;

	b->folded = *r->at++ == '>';
	for (unsigned i = 0; i < 2; i++) {
		if ((*r->at == '+' || *r->at == '-') && b->chomp == 0)
			b->chomp = *r->at++;
		else if (*r->at >= '1' && *r->at <= '9' && b->indent == 0)
			b->indent = parent + (*r->at++ - '0');
	}
	space = r->at;
	reader_skip(r, " \t");
	if (*r->at == '#' && r->at > space)
		reader_skip_line(r);
	return *r->at == '\n' || *r->at == '\0' ? 0 : -EBADMSG;
}

/* Passes over empty lines at *line; how many. */
static unsigned skip_empty(const char **line, int indent)
{
	unsigned empty = 0;

	for (;;) {
		size_t spaces = strspn(*line, " ");

		if ((*line)[spaces] != '\n' || (int)spaces > indent)
			return empty;
		*line += spaces + 1;
		empty++;
	}
}

/* That of the first line with text. */
static int find_indent(const char *line, int parent)
{
	size_t deepest = 0, spaces;

	for (;;) {
		spaces = strspn(line, " ");
		if (line[spaces] != '\n' && line[spaces] != '\0')
			break;
		if (spaces > deepest)
			deepest = spaces;
		if (line[spaces] == '\0')
			break;
		line += spaces + 1;
	}
	if (line[spaces] == '\0' || (int)spaces <= parent)
		return parent + 1 > (int)deepest ? parent + 1 : (int)deepest;
	return deepest > spaces ? -EBADMSG : (int)spaces;
}

/* A line with text that belongs to the block? */
static bool is_in_block(const char *line, int indent)
{
	size_t spaces = strspn(line, " ");

	return (int)spaces >= indent && (line[spaces] != '\0' || (int)spaces > indent) &&
	       !yaml_is_marker(line, '-') && !yaml_is_marker(line, '.');
}

static char *put_newlines(char *to, unsigned count)
{
	while (count-- > 0)
		*to++ = '\n';
	return to;
}

/* The block's lines from `line` on; behind them, *to behind what they became. */
static const char *copy_block(const char *line, const struct block *b, char **to)
{
	unsigned empty = skip_empty(&line, b->indent);
	bool newline = false;

	while (is_in_block(line, b->indent)) {
		const char *text = line + b->indent;
		bool spaced = yaml_is_blank(*text);

		*to = put_newlines(*to, empty);
		while (*text != '\n' && *text != '\0')
			*(*to)++ = *text++;
		newline = *text == '\n';
		line = text + newline;
		empty = skip_empty(&line, b->indent);
		if (!newline || !is_in_block(line, b->indent))
			break;
		if (!b->folded || spaced || yaml_is_blank(line[b->indent]))
			*(*to)++ = '\n';
		else if (empty == 0)
			*(*to)++ = ' ';
	}
	if (b->chomp != '-')
		*to = put_newlines(*to, newline);
	if (b->chomp == '+')
		*to = put_newlines(*to, empty);
	return line;
}

static int read_block(struct yaml_reader *y, int parent)
{
	struct reader *r = y->r;
	char *bytes = r->at, *to = r->at;
	struct block b = { 0 };
	const char *line;
	int error = read_header(r, &b, parent);

	if (error != 0)
		return error;
	line = r->at + (*r->at == '\n');
	if (b.indent == 0)
		b.indent = find_indent(line, parent);
	if (b.indent < 0)
		return b.indent;
	line = copy_block(line, &b, &to);
	/* To the end of a line, as behind any scalar. */
	r->at += line - (line > r->at && line[-1] == '\n') - r->at;
	return reader_scalar(r, VALUE_TEXT, bytes, (size_t)(to - bytes));
}

int yaml_scalar(struct yaml_reader *y, int parent)
{
	struct reader *r = y->r;
	const char *bytes;
	size_t length;
	int error;

	if (*r->at == '|' || *r->at == '>')
		return read_block(y, parent < 0 ? 0 : parent);
	if (*r->at != '"' && *r->at != '\'')
		return read_plain(y, parent);
	error = yaml_quoted(y, &bytes, &length);
	return error == 0 ? reader_scalar(r, VALUE_TEXT, bytes, length) : error;
}
