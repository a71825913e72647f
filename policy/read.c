/*
 * What all readers need: the input made plain, containers counted, numbers and characters.
 */
#include "policy/read.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "policy/read_private.h"

int reader_give(struct reader *r, enum read_event event, const char *bytes, size_t length)
{
	const struct read_item item = { .event = event, .bytes = bytes, .length = length };

	return r->consume(r->context, &item) ? 0 : -ECANCELED;
}

int reader_scalar(struct reader *r, enum value_type type, const char *bytes, size_t length)
{
	const struct read_item item = {
		.event = READ_SCALAR, .type = type, .bytes = bytes, .length = length
	};

	return r->consume(r->context, &item) ? 0 : -ECANCELED;
}

int reader_open(struct reader *r, bool object)
{
	if (r->depth >= READ_DEPTH)
		return -EBADMSG;
	r->closes[++r->depth] = object;
	return reader_give(r, object ? READ_OBJECT : READ_LIST, "", 0);
}

int reader_close(struct reader *r)
{
	r->depth--;
	return reader_give(r, READ_END, "", 0);
}

int reader_enter(struct reader *r, enum read_event event, const char *bytes, size_t length)
{
	if (r->depth >= READ_DEPTH)
		return -EBADMSG;
	r->closes[++r->depth] = true;
	return reader_give(r, event, bytes, length);
}

int reader_root(struct reader *r)
{
	r->depth = 1;
	return reader_give(r, READ_ROOT, "", 0);
}

bool reader_in_object(const struct reader *r)
{
	return r->depth > 0 && r->closes[r->depth];
}

bool reader_at_end(const struct reader *r)
{
	return r->at >= r->end;
}

void reader_skip(struct reader *r, const char *set)
{
	while (*r->at != '\0' && strchr(set, *r->at) != NULL)
		r->at++;
}

void reader_skip_line(struct reader *r)
{
	while (*r->at != '\0' && *r->at != '\n')
		r->at++;
}

bool reader_take(struct reader *r, const char *text)
{
	size_t length = strlen(text);

	if (strncmp(r->at, text, length) != 0)
		return false;
	r->at += length;
	return true;
}

char *reader_put_character(char *into, uint32_t c)
{
	if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) || c == 0)
		return NULL;
	if (c < 0x80) {
		*into++ = (char)c;
		return into;
	}
	if (c < 0x800) {
		*into++ = (char)(0xc0 | c >> 6);
	} else {
		if (c < 0x10000) {
			*into++ = (char)(0xe0 | c >> 12);
		} else {
			*into++ = (char)(0xf0 | c >> 18);
			*into++ = (char)(0x80 | (c >> 12 & 0x3f));
		}
		*into++ = (char)(0x80 | (c >> 6 & 0x3f));
	}
	*into++ = (char)(0x80 | (c & 0x3f));
	return into;
}

/* -1: none. */
static int hex_digit(char c)
{
	if (reader_is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool reader_hex(const char *at, unsigned digits, uint32_t *into)
{
	uint32_t number = 0;

	for (unsigned i = 0; i < digits; i++) {
		int digit = hex_digit(at[i]);

		if (digit < 0)
			return false;
		number = number << 4 | (uint32_t)digit;
	}
	*into = number;
	return true;
}

/*
 * The character of a \uXXXX (behind the u), a surrogate pair being two of them. Behind it, or NULL.
 * Never longer in UTF-8 than what it stood in.
 */
static const char *json_character(const char *at, char **into)
{
	uint32_t c, low;

	if (!reader_hex(at, 4, &c))
		return NULL;
	at += 4;
	if (c >= 0xd800 && c <= 0xdbff) {
		if (at[0] != '\\' || at[1] != 'u' || !reader_hex(at + 2, 4, &low) || low < 0xdc00 ||
		    low > 0xdfff)
			return NULL;
		c = 0x10000 + ((c & 0x3ff) << 10 | (low & 0x3ff));
		at += 6;
	}
	*into = reader_put_character(*into, c);
	return *into != NULL ? at : NULL;
}

/* The character that an escape of one letter is, or 0. */
static char short_escape(char c)
{
	static const char pairs[] = "\"\"\\\\//b\bf\fn\nr\rt\t";

	for (unsigned i = 0; i + 1 < sizeof(pairs); i += 2) {
		if (pairs[i] == c)
			return pairs[i + 1];
	}
	return '\0';
}

bool reader_json_escape(const char **from, char **to)
{
	if (**from == 'u') {
		*from = json_character(*from + 1, to);
		return *from != NULL;
	}
	**to = short_escape(*(*from)++);
	return *(*to)++ != '\0';
}

bool reader_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool reader_is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool reader_is_bare(char c)
{
	return reader_is_letter(c) || reader_is_digit(c) || c == '-' || c == '_';
}

/* 0x, 0o, 0b: how many bits a digit has, or 0. */
static unsigned digit_bits(const char *bytes, size_t length)
{
	if (length < 3 || bytes[0] != '0')
		return 0;
	return bytes[1] == 'x' ? 4 : bytes[1] == 'o' ? 3 : bytes[1] == 'b' ? 1 : 0;
}

static int give_in_base(struct reader *r, const char *bytes, size_t length, unsigned bits)
{
	char memory[24];
	struct text t = text_init(memory, sizeof(memory));
	uint64_t number = 0;

	for (size_t i = 2; i < length; i++) {
		int digit = hex_digit(bytes[i]);

		if (digit < 0 || digit >> bits != 0 || number >> (64 - bits) != 0)
			return -EBADMSG;
		number = number << bits | (uint64_t)digit;
	}
	text_add_unsigned(&t, number);
	return reader_scalar(r, VALUE_NUMBER, memory, t.length);
}

int reader_number(struct reader *r, char *bytes, size_t length)
{
	unsigned bits = digit_bits(bytes, length);
	double number;
	char behind;
	int error;

	if (bits != 0)
		return give_in_base(r, bytes, length, bits);
	if (length > 1 && bytes[0] == '+' && bytes[1] != '-') {
		bytes++;
		length--;
	}
	behind = bytes[length];
	/* It wants its end marked. */
	bytes[length] = '\0';
	error = value_read_number(bytes, length, &number);
	bytes[length] = behind;
	return error == 0 ? reader_scalar(r, VALUE_NUMBER, bytes, length) : -EBADMSG;
}

size_t reader_trimmed(const char *bytes, size_t length)
{
	while (length > 0 && (bytes[length - 1] == ' ' || bytes[length - 1] == '\t'))
		length--;
	return length;
}

/* CR LF becomes LF in place; the new length, or -EBADMSG when it is no text. */
static long make_plain(char *bytes, size_t length)
{
	size_t from = 0, to = 0;

	while (from < length) {
		size_t step = 1;

		if (bytes[from] == '\0')
			return -EBADMSG;
		if (((uint8_t)bytes[from] & 0x80) != 0)
			step = text_utf8((const uint8_t *)bytes + from, length - from);
		if (step == 0)
			return -EBADMSG;
		if (bytes[from] == '\r' && from + 1 < length && bytes[from + 1] == '\n')
			from++;
		if (to == from)
			to += step;
		else
			for (size_t i = 0; i < step; i++)
				bytes[to++] = bytes[from + i];
		from += step;
	}
	return (long)to;
}

static int read_as(enum read_format format, struct reader *r)
{
	switch (format) {
#define READER(name, word, extension, about)                                                       \
	case READ_##name:                                                                          \
		return read_##name(r);
#include "policy/read_formats.def"
#undef READER
	default:
		return -EBADMSG;
	}
}

int read_events(enum read_format format, char *bytes, size_t length, read_consume_fn consume,
		void *context)
{
	static const char mark[3] = "\xef\xbb\xbf";
	struct reader r = { .consume = consume, .context = context };
	long plain;
	int error;

	if (length > READ_BYTES_MAX)
		return -EBADMSG;
	if (length >= sizeof(mark) && memcmp(bytes, mark, sizeof(mark)) == 0) {
		bytes += sizeof(mark);
		length -= sizeof(mark);
	}
	plain = make_plain(bytes, length);
	if (plain < 0)
		return (int)plain;
	r.begin = bytes;
	r.at = bytes;
	r.end = bytes + plain;
	*r.end = '\0';
	error = read_as(format, &r);
	return error == 0 && (!reader_at_end(&r) || r.depth != 0) ? -EBADMSG : error;
}

bool read_state_follow(uint8_t *state, enum read_event event)
{
	uint8_t was = *state;

	switch (event) {
	case READ_KEY:
	case READ_AGAIN:
		*state = READ_CLOSED;
		return was == READ_NOTHING || (event == READ_AGAIN && was == READ_CLOSED);
	case READ_ENTER:
		if (was == READ_NOTHING)
			*state = READ_ENTERED;
		return was != READ_CLOSED;
	case READ_DOTTED:
		*state = READ_BY_DOTS;
		return was == READ_NOTHING || was == READ_ENTERED || was == READ_BY_DOTS;
	case READ_TABLE:
		*state = READ_DEFINED;
		return was == READ_NOTHING || was == READ_ENTERED;
	default:
		*state = READ_TABLES;
		return was == READ_NOTHING || was == READ_TABLES;
	}
}

struct format_name {
	char word[8], extension[8];
};

static const struct format_name formats[] = {
#define READER(name, word, extension, about) { word, extension },
#include "policy/read_formats.def"
#undef READER
};

enum read_format read_format_of_path(const char *path, size_t length)
{
	for (unsigned i = 0; i < READ_FORMATS; i++) {
		size_t bytes = strlen(formats[i].extension);

		if (bytes > 0 && length >= bytes &&
		    memcmp(path + length - bytes, formats[i].extension, bytes) == 0)
			return (enum read_format)i;
	}
	return length >= 4 && memcmp(path + length - 4, ".yml", 4) == 0 ? READ_yaml : READ_FORMATS;
}

enum read_format read_format_of_word(const char *word)
{
	unsigned i = 0;

	while (i < READ_FORMATS && strcmp(formats[i].word, word) != 0)
		i++;
	return (enum read_format)i;
}
