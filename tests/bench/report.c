/*
 * The verdict goes by the median (equivalence: by the interval); the interval and the twin stand
 * beside it, so that a reader sees what the run could tell apart.
 */
#include "tests/bench/report.h"

#include <errno.h>
#include <gnu/libc-version.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static const char *const kind_names[] = { "at_most", "at_least", "equivalent", "report" };

static void cpu_model(char *into, size_t capacity)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	char line[256];

	snprintf(into, capacity, "unknown CPU");
	while (file && fgets(line, sizeof(line), file)) {
		char *colon = strchr(line, ':');

		if (strncmp(line, "model name", 10) != 0 || !colon)
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(into, capacity, "%s", colon + 2);
		break;
	}
	if (file)
		fclose(file);
}

void report_machine(const struct bench *bench)
{
	struct utsname system;
	char cpu[256];
	double load = 0;
	FILE *file = fopen("/proc/loadavg", "re");

	if (file && fscanf(file, "%lf", &load) != 1)
		load = 0;
	if (file)
		fclose(file);
	uname(&system);
	cpu_model(cpu, sizeof(cpu));
	printf("%ld cores of %s, Linux %s, glibc %s, load %.2f at the start; %s run\n\n",
	       sysconf(_SC_NPROCESSORS_ONLN), cpu, system.release, gnu_get_libc_version(), load,
	       bench->quick ? "quick" : "full");
}

void report_heading(void)
{
	printf("%-58s %11s %23s %17s %6s %12s\n", "what (yardstick)", "median", "95 % interval",
	       "A/A twin", "pairs", "budget");
}

/* Enough digits for the unit: ratios two, large figures none. */
static void number(char into[16], double value)
{
	int digits = value > -10 && value < 10 ? 2 : value > -1000 && value < 1000 ? 1 : 0;

	snprintf(into, 16, "%.*f", digits, value);
}

static void range(char into[40], struct interval interval)
{
	char low[16], high[16];

	number(low, interval.low);
	number(high, interval.high);
	snprintf(into, 40, "%s .. %s", low, high);
}

static void budget_text(const struct row *row, const struct measured *measured, char into[40])
{
	char value[16];

	if (row->kind == ROW_REPORT) {
		snprintf(into, 40, "none");
		return;
	}
	number(value, row->kind == ROW_EQUIVALENT ? measured->slack : row->budget);
	snprintf(into, 40, "%s %s",
		 row->kind == ROW_AT_MOST    ? "<="
		 : row->kind == ROW_AT_LEAST ? ">="
					     : "+-",
		 value);
}

void report_row(const struct row *row, const struct measured *measured)
{
	char middle[16], interval[40], twin[40], budget[40], what[160];

	snprintf(what, sizeof(what), "%s", row->what);
	if (measured->failure[0]) {
		printf("%-58s not measured: %s\n", what, measured->failure);
		return;
	}
	number(middle, measured->value.middle);
	range(interval, measured->value);
	range(twin, measured->twin);
	budget_text(row, measured, budget);
	printf("%-58s %8s %-2s %23s %17s %6zu %12s %s%s\n", what, middle, row->unit, interval, twin,
	       measured->pairs, budget, harness_met(row, measured) ? "pass" : "MISS",
	       harness_twin_holds(measured) ? "" : " (the twin differs: the run was disturbed)");
	printf("    against %s; %s; goal %s\n", row->yardstick, measured->setting,
	       row->goal[0] ? row->goal : "the same");
}

static void json_text(FILE *file, const char *name, const char *text)
{
	fprintf(file, "\"%s\":\"", name);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', file);
		fputc((unsigned char)*text < ' ' ? ' ' : *text, file);
	}
	fputc('"', file);
}

static void json_interval(FILE *file, const char *name, struct interval interval)
{
	fprintf(file, ",\"%s\":{\"low\":%.6g,\"median\":%.6g,\"high\":%.6g}", name, interval.low,
		interval.middle, interval.high);
}

static void json_row(FILE *file, const struct row *row, const struct measured *measured)
{
	fputc('{', file);
	json_text(file, "name", row->name);
	fputc(',', file);
	json_text(file, "what", row->what);
	fputc(',', file);
	json_text(file, "yardstick", row->yardstick);
	fputc(',', file);
	json_text(file, "unit", row->unit);
	fprintf(file, ",\"kind\":\"%s\",\"budget\":%.6g,", kind_names[row->kind],
		row->kind == ROW_EQUIVALENT ? measured->slack : row->budget);
	json_text(file, "goal", row->goal);
	if (measured->failure[0]) {
		fputc(',', file);
		json_text(file, "failure", measured->failure);
		fputs("}", file);
		return;
	}
	json_interval(file, "value", measured->value);
	json_interval(file, "twin", measured->twin);
	fprintf(file, ",\"twin_holds\":%s,\"pairs\":%zu,\"met\":%s,",
		harness_twin_holds(measured) ? "true" : "false", measured->pairs,
		harness_met(row, measured) ? "true" : "false");
	json_text(file, "setting", measured->setting);
	fputc('}', file);
}

int report_json(const char *path, const struct row *rows, const struct measured *results,
		const bool *done, size_t count)
{
	FILE *file = fopen(path, "we");
	const char *separator = "[\n";

	if (!file)
		return -errno;
	for (size_t i = 0; i < count; i++) {
		if (!done[i])
			continue;
		fputs(separator, file);
		json_row(file, &rows[i], &results[i]);
		separator = ",\n";
	}
	fputs("\n]\n", file);

	int error = ferror(file) ? -EIO : 0;
	return fclose(file) ? -errno : error;
}
