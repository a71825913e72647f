/*
 * JSON strings (RFC 8259, section 7) from bytes that claim to be UTF-8 (RFC 3629).
 */
#include "base/text.h"

#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* What may follow the lead byte of a sequence: its length, and the range of the byte after it. */
struct sequence {
	unsigned length; /* 0: not a lead byte */
	uint8_t second_min;
	uint8_t second_max;
};

/* The well-formed sequences of RFC 3629, section 4: no overlong forms, no surrogates, nothing past
 * U+10FFFF. */
static struct sequence sequence_of(uint8_t lead)
{
	if (lead >= 0xc2 && lead <= 0xdf)
		return (struct sequence){ 2, 0x80, 0xbf };
	if (lead >= 0xe0 && lead <= 0xef)
		return (struct sequence){ 3, lead == 0xe0 ? 0xa0 : 0x80,
					  lead == 0xed ? 0x9f : 0xbf };
	if (lead >= 0xf0 && lead <= 0xf4)
		return (struct sequence){ 4, lead == 0xf0 ? 0x90 : 0x80,
					  lead == 0xf4 ? 0x8f : 0xbf };
	return (struct sequence){ 0, 0, 0 };
}

size_t text_utf8(const uint8_t *s, size_t left)
{
	struct sequence form = sequence_of(s[0]);

	if (form.length == 0 || form.length > left)
		return 0;
	if (s[1] < form.second_min || s[1] > form.second_max)
		return 0;
	for (unsigned i = 2; i < form.length; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return form.length;
}

static void add_escaped(struct text *t, uint8_t c)
{
	static const char short_form[] =
		"\"\"\\\\\nn\rr\tt\bb\ff"; /* byte, letter, byte, letter, ... */

	for (size_t i = 0; i + 1 < sizeof(short_form); i += 2) {
		if (short_form[i] == (char)c) {
			char pair[2] = { '\\', short_form[i + 1] };

			text_add_bytes(t, pair, sizeof(pair));
			return;
		}
	}
	text_add(t, "\\u00");
	text_add_hex(t, &c, 1);
}

static const bool is_plain[256] = { [0x20 ... '"' - 1] = true,
				    ['"' + 1 ... '\\' - 1] = true,
				    ['\\' + 1 ... 0x7e] = true };

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))
/* The upper bit of the lowest byte that is less than `least`, and perhaps of others. */
#define BELOW(word, least) (((word)-EACH(least)) & ~(word)&EACH(0x80))

/* Eight bytes of plain ASCII? */
static bool is_plain_word(const uint8_t *s)
{
	uint64_t word;

	memcpy(&word, s, sizeof(word));
	return (BELOW(word, 0x20) | BELOW(word ^ EACH('"'), 1) | BELOW(word ^ EACH('\\'), 1) |
		BELOW(word ^ EACH(0x7f), 1) | (word & EACH(0x80))) == 0;
}

/* The bytes at s that can be copied as they are: plain ASCII and whole sequences. */
static size_t copyable(const uint8_t *s, size_t left)
{
	size_t run = 0;

	while (left - run >= sizeof(uint64_t) && is_plain_word(s + run))
		run += sizeof(uint64_t);
	for (;;) {
		size_t step;

		while (run < left && is_plain[s[run]])
			run++;
		step = run < left ? text_utf8(s + run, left - run) : 0;
		if (step == 0)
			return run;
		run += step;
	}
}

/* Nothing to escape, and there is room. */
static void add_whole(struct text *t, const char *bytes, size_t length)
{
	char *at = t->data + t->length;

	t->length += length + 2;
	at[0] = '"';
	memcpy(at + 1, bytes, length);
	at[length + 1] = '"';
	at[length + 2] = '\0';
}

void text_add_json(struct text *t, const char *bytes, size_t length)
{
	const uint8_t *s = (const uint8_t *)bytes;
	size_t at = 0;

	if (t->capacity - t->length > length + 2 && copyable(s, length) == length) {
		add_whole(t, bytes, length);
		return;
	}
	text_add_char(t, '"');
	while (at < length) {
		size_t run = copyable(s + at, length - at);

		text_add_bytes(t, bytes + at, run);
		at += run;
		if (at == length)
			break;
		if (s[at] < 0x80)
			add_escaped(t, s[at]);
		else
			text_add(t, REPLACEMENT);
		at++;
	}
	text_add_char(t, '"');
}
