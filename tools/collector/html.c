#include "tools/collector/html.h"

#include <string.h>

static void put_escaped(FILE *out, char c)
{
	switch (c) {
	case '&':
		fputs("&amp;", out);
		break;
	case '<':
		fputs("&lt;", out);
		break;
	case '>':
		fputs("&gt;", out);
		break;
	case '"':
		fputs("&quot;", out);
		break;
	case '\'':
		fputs("&#39;", out);
		break;
	default:
		/* HTML has no way to write most control characters. */
		fputc((unsigned char)c < 0x20 || c == 0x7f ? '?' : c, out);
	}
}

void html_text(FILE *out, const char *text)
{
	unsigned characters = 0;

	for (; text && *text; text++) {
		if (((unsigned char)*text & 0xc0) != 0x80 && ++characters > HTML_TEXT) {
			fputs("…", out);
			return;
		}
		put_escaped(out, *text);
	}
}

void html_value(FILE *out, const char *text)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";

	for (; text && *text; text++)
		fprintf(out, strchr(plain, *text) ? "%c" : "%%%02X", (unsigned char)*text);
}
