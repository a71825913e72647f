/*
 * The bounded buffer: bytes, numbers, hexadecimal, time. JSON strings are in text_json.c.
 */
#include "base/text.h"

#include <string.h>

#include "base/clock.h"

struct text text_init(char *data, size_t capacity)
{
	data[0] = '\0';
	return (struct text){ .data = data, .capacity = capacity };
}

void text_clear(struct text *t)
{
	t->length = 0;
	t->truncated = false;
	t->data[0] = '\0';
}

void text_add_bytes(struct text *t, const char *bytes, size_t length)
{
	size_t room = t->capacity - 1 - t->length;

	if (length > room) {
		length = room;
		t->truncated = true;
	}
	memcpy(t->data + t->length, bytes, length);
	t->length += length;
	t->data[t->length] = '\0';
}

void text_add(struct text *t, const char *string)
{
	text_add_bytes(t, string, strlen(string));
}

void text_add_char(struct text *t, char c)
{
	if (t->length + 1 == t->capacity) {
		t->truncated = true;
		return;
	}
	t->data[t->length++] = c;
	t->data[t->length] = '\0';
}

void text_add_unsigned(struct text *t, uint64_t number)
{
	char digits[20];
	unsigned at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	text_add_bytes(t, digits + at, sizeof(digits) - at);
}

void text_add_signed(struct text *t, int64_t number)
{
	if (number < 0)
		text_add_char(t, '-');
	text_add_unsigned(t, number < 0 ? -(uint64_t)number : (uint64_t)number);
}

void text_add_decimal(struct text *t, int64_t number, unsigned places)
{
	uint64_t whole = number < 0 ? -(uint64_t)number : (uint64_t)number;
	uint64_t unit = 1;
	uint64_t rest;

	for (unsigned i = 0; i < places; i++)
		unit *= 10;
	rest = whole % unit;
	if (number < 0)
		text_add_char(t, '-');
	text_add_unsigned(t, whole / unit);
	if (rest != 0)
		text_add_char(t, '.');
	for (; rest != 0; rest %= unit) {
		unit /= 10;
		text_add_char(t, (char)('0' + rest / unit));
	}
}

void text_add_hex(struct text *t, const uint8_t *bytes, size_t length)
{
	static const char digit[] = "0123456789abcdef";

	for (size_t i = 0; i < length; i++) {
		text_add_char(t, digit[bytes[i] >> 4]);
		text_add_char(t, digit[bytes[i] & 15]);
	}
}

/* Exactly that many digits. */
static char *put_digits(char *at, uint64_t number, unsigned width)
{
	for (unsigned i = width; i-- > 0; number /= 10)
		at[i] = (char)('0' + number % 10);
	return at + width;
}

/*
 * Days since 1970-01-01 to a date of the Gregorian calendar. Years begin in March, so that the leap
 * day is the last of its year; 400 years have 146097 days.
 */
static char *put_date(char *at, uint64_t days)
{
	uint64_t since = days + 719468; /* from 0000-03-01 */
	uint64_t era = since / 146097;
	uint64_t day = since % 146097;
	uint64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	uint64_t month;

	day -= 365 * year + year / 4 - year / 100;
	month = (5 * day + 2) / 153; /* 0 is March */
	day -= (153 * month + 2) / 5;
	year += era * 400 + (month >= 10);
	month = month < 10 ? month + 3 : month - 9;
	at = put_digits(at, year, 4);
	*at++ = '-';
	at = put_digits(at, month, 2);
	*at++ = '-';
	return put_digits(at, day + 1, 2);
}

void text_add_time(struct text *t, uint64_t unix_ns, unsigned digits)
{
	uint64_t seconds = unix_ns / CLOCK_SECOND;
	uint64_t fraction = unix_ns % CLOCK_SECOND;
	unsigned of_day = (unsigned)(seconds % 86400);
	char line[sizeof("2006-01-02T15:04:05.123456789Z")];
	char *at = put_date(line, seconds / 86400);

	*at++ = 'T';
	at = put_digits(at, of_day / 3600, 2);
	*at++ = ':';
	at = put_digits(at, of_day / 60 % 60, 2);
	*at++ = ':';
	at = put_digits(at, of_day % 60, 2);
	if (digits > 0) {
		for (unsigned i = digits; i < 9; i++)
			fraction /= 10;
		*at++ = '.';
		at = put_digits(at, fraction, digits);
	}
	*at++ = 'Z';
	text_add_bytes(t, line, (size_t)(at - line));
}
