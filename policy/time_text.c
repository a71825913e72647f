/*
 * The table of forms of a time.
 */
#include "policy/time_text.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"

static const struct {
	unsigned digits;
	uint64_t unit;
} forms[] = {
	{ 0, 0 },
#define TIME(name, text, digits, unit) { digits, unit },
#include "policy/time_formats.def"
#undef TIME
};

bool time_is_number(enum time_form form)
{
	return forms[form].unit != 0;
}

void time_text(struct text *into, uint64_t unix_ns, enum time_form form)
{
	if (form == TIME_OWN)
		return;
	if (forms[form].unit != 0)
		text_add_unsigned(into, unix_ns / forms[form].unit);
	else
		text_add_time(into, unix_ns, forms[form].digits);
}

struct reader {
	const char *p, *end;
	bool failed;
};

static unsigned read_number(struct reader *r, unsigned digits, unsigned least, unsigned most)
{
	unsigned number = 0;

	for (unsigned i = 0; i < digits; i++, r->p++) {
		if (r->p >= r->end || *r->p < '0' || *r->p > '9') {
			r->failed = true;
			return least;
		}
		number = number * 10 + (unsigned)(*r->p - '0');
	}
	r->failed |= number < least || number > most;
	return number;
}

static char read_one_of(struct reader *r, const char *accepted)
{
	char c = r->p < r->end ? *r->p : '\0';

	r->failed |= c == '\0' || strchr(accepted, c) == NULL;
	r->p++;
	return c;
}

/* Days since 1970-01-01; years begin in March, so that the leap day is the last of its year. */
static int64_t read_days(struct reader *r)
{
	static const uint8_t lengths[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	unsigned year = read_number(r, 4, 1970, 2553);
	unsigned month, day;
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	read_one_of(r, "-");
	month = read_number(r, 2, 1, 12);
	read_one_of(r, "-");
	day = read_number(r, 2, 1, 31);
	if (r->failed || day > lengths[month - 1] || (month == 2 && day == 29 && !leap)) {
		r->failed = true;
		return 0;
	}
	year -= month <= 2;
	month = (month + 9) % 12;
	return (int64_t)year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 +
	       day - 1 - 719468;
}

/* Digits behind the point, as many as there are; beyond nanoseconds they are cut off. */
static uint64_t read_fraction(struct reader *r)
{
	uint64_t unit = CLOCK_SECOND, ns = 0;

	if (r->p >= r->end || *r->p != '.')
		return 0;
	r->p++;
	do {
		unit /= 10;
		ns += read_number(r, 1, 0, 9) * unit;
	} while (r->p < r->end && *r->p >= '0' && *r->p <= '9');
	return ns;
}

/* Seconds that local time is ahead. */
static int64_t read_offset(struct reader *r)
{
	char sign = read_one_of(r, "Zz+-");
	int64_t hours;

	if (sign == 'Z' || sign == 'z' || r->failed)
		return 0;
	hours = read_number(r, 2, 0, 23);
	read_one_of(r, ":");
	hours = hours * 3600 + read_number(r, 2, 0, 59) * 60;
	return sign == '-' ? -hours : hours;
}

int time_read(const char *text, size_t length, uint64_t *unix_ns)
{
	struct reader r = { .p = text, .end = text + length };
	int64_t seconds = read_days(&r) * 86400;
	unsigned second;
	uint64_t ns;

	read_one_of(&r, "Tt ");
	seconds += read_number(&r, 2, 0, 23) * 3600;
	read_one_of(&r, ":");
	seconds += read_number(&r, 2, 0, 59) * 60;
	read_one_of(&r, ":");
	second = read_number(&r, 2, 0, 60);
	seconds += second - (second == 60);
	ns = read_fraction(&r);
	seconds -= read_offset(&r);
	if (r.failed || r.p != r.end || seconds < 0)
		return -EINVAL;
	*unix_ns = (uint64_t)seconds * CLOCK_SECOND + ns;
	return 0;
}
