/*
 * Fixed formats, read and written by hand: strptime() knows neither fractions nor offsets, and
 * follows the locale.
 */
#include "tools/collector/moment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int64_t moment_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * MOMENT_SECOND + now.tv_nsec / 1000;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Exactly `digits` digits within low..high; *at moves behind them. */
static bool number(const char **at, int digits, int low, int high, int *into)
{
	int value = 0;

	for (int i = 0; i < digits; i++) {
		if (!is_digit(**at))
			return false;
		value = value * 10 + (*(*at)++ - '0');
	}
	*into = value;
	return value >= low && value <= high;
}

static bool literal(const char **at, const char *any_of)
{
	if (**at == '\0' || !strchr(any_of, **at))
		return false;
	(*at)++;
	return true;
}

static int64_t fraction(const char **at)
{
	int64_t us = 0, scale = MOMENT_SECOND / 10;

	while (is_digit(**at)) {
		us += (*(*at)++ - '0') * scale;
		scale /= 10;
	}
	return us;
}

static bool offset(const char **at, int *minutes)
{
	int hour, minute;
	const char sign = **at;

	*minutes = 0;
	if (literal(at, "Zz"))
		return true;
	if (!literal(at, "+-") || !number(at, 2, 0, 23, &hour))
		return false;
	literal(at, ":");
	if (!number(at, 2, 0, 59, &minute))
		return false;
	*minutes = (sign == '-' ? -1 : 1) * (hour * 60 + minute);
	return true;
}

bool moment_parse(const char *text, int64_t *into)
{
	struct tm tm = { 0 };
	int minutes;
	int64_t us = 0;

	if (!number(&text, 4, 1970, 9999, &tm.tm_year) || !literal(&text, "-") ||
	    !number(&text, 2, 1, 12, &tm.tm_mon) || !literal(&text, "-") ||
	    !number(&text, 2, 1, 31, &tm.tm_mday) || !literal(&text, "Tt ") ||
	    !number(&text, 2, 0, 23, &tm.tm_hour) || !literal(&text, ":") ||
	    !number(&text, 2, 0, 59, &tm.tm_min) || !literal(&text, ":") ||
	    !number(&text, 2, 0, 60, &tm.tm_sec))
		return false;
	if (literal(&text, ".,")) {
		if (!is_digit(*text))
			return false;
		us = fraction(&text);
	}
	if (!offset(&text, &minutes) || *text != '\0')
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	const bool leap = tm.tm_sec == 60;
	const int day = tm.tm_mday;
	const time_t seconds = timegm(&tm);
	if (tm.tm_mday != day && !leap)
		return false; /* 30 February; a leap second may well move on to the next day */
	*into = (seconds - minutes * 60) * MOMENT_SECOND + us;
	return true;
}

void moment_utc(int64_t moment, char into[MOMENT_TEXT])
{
	const time_t seconds = moment / MOMENT_SECOND;
	struct tm tm;

	gmtime_r(&seconds, &tm);
	const size_t length = strftime(into, MOMENT_TEXT, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(into + length, MOMENT_TEXT - length, ".%06uZ", (unsigned)(moment % MOMENT_SECOND));
}

void moment_local(int64_t moment, char into[MOMENT_TEXT])
{
	const time_t seconds = moment / MOMENT_SECOND;
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(into, MOMENT_TEXT, "%Y-%m-%d %H:%M:%S", &tm);
}

bool moment_parse_duration(const char *text, int64_t *into_us)
{
	static const struct {
		const char *name;
		double us;
	} units[] = { { "us", 1 },   { "ms", 1e3 },   { "s", 1e6 },
		      { "m", 60e6 }, { "h", 3600e6 }, { "d", 86400e6 } };
	char *end;

	if (!is_digit(*text))
		return false;
	const double value = strtod(text, &end);
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		const double us = value * units[i].us;
		if (strcmp(end, units[i].name) == 0 && us <= 365250 * 86400e6) {
			*into_us = (int64_t)us;
			return true;
		}
	}
	return false;
}

void moment_human(double us, char into[MOMENT_TEXT])
{
	const unsigned long long seconds =
		us < 0 || us > 1e18 ? 0 : (unsigned long long)(us / 1e6 + 0.5);
	const bool fraction = us < 9.95e3 && (uint64_t)(us > 0 ? us : 0) % 1000 != 0;

	if (us < 0 || us > 1e18)
		snprintf(into, MOMENT_TEXT, "?");
	else if (us < 1)
		snprintf(into, MOMENT_TEXT,
			 "< 1 ms"); /* 0 comes from clocks of whole milliseconds */
	else if (us < 999.5)
		snprintf(into, MOMENT_TEXT, "%.0f us", us);
	else if (us < 999.5e3)
		snprintf(into, MOMENT_TEXT, "%.*f ms", fraction, us / 1e3);
	else if (us < 59.95e6)
		snprintf(into, MOMENT_TEXT, "%.1f s", us / 1e6);
	else if (seconds < 3600)
		snprintf(into, MOMENT_TEXT, "%llu min %llu s", seconds / 60, seconds % 60);
	else if (seconds < 86400)
		snprintf(into, MOMENT_TEXT, "%llu h %llu min", seconds / 3600, seconds / 60 % 60);
	else
		snprintf(into, MOMENT_TEXT, "%llu d %llu h", seconds / 86400, seconds / 3600 % 24);
}
