/*
 * Interleaved rounds, and from rounds to figures.
 */
#include "tests/bench/harness.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void shuffle(size_t *order, size_t count)
{
	for (size_t i = 0; i < count; i++)
		order[i] = i;
	for (size_t i = count; i > 1; i--) {
		size_t j = statistics_random() % i;
		size_t swapped = order[i - 1];

		order[i - 1] = order[j];
		order[j] = swapped;
	}
}

static int one_round(const struct plan *plan, struct rounds *rounds, size_t number)
{
	size_t order[HARNESS_ARMS];

	shuffle(order, plan->arm_count);
	for (size_t i = 0; i < plan->arm_count; i++) {
		const struct arm *arm = &plan->arms[order[i]];
		int error = arm->run(arm->context, &rounds->arm[order[i]][number]);

		if (error)
			return error;
	}
	return 0;
}

int harness_rounds(const struct plan *plan, struct rounds *into)
{
	*into = (struct rounds){ .arms = plan->arm_count, .count = plan->rounds };
	for (size_t i = 0; i < plan->arm_count; i++) {
		into->arm[i] = calloc(plan->rounds, sizeof(double));
		if (!into->arm[i])
			return -ENOMEM;
	}

	size_t total = plan->warm_up + plan->rounds;
	for (size_t done = 0; done < total; done++) {
		size_t number = done < plan->warm_up ? 0 : done - plan->warm_up;
		int error = one_round(plan, into, number);

		if (!error && plan->every && (done + 1) % plan->every == 0)
			error = plan->between(plan->context);
		if (error)
			return error;
	}
	return 0;
}

void harness_free(struct rounds *rounds)
{
	for (size_t i = 0; i < rounds->arms; i++)
		free(rounds->arm[i]);
}

static double median_difference(const double *from, const double *what, const uint32_t *rows,
				size_t count, double *scratch)
{
	for (size_t i = 0; i < count; i++)
		scratch[i] = what[rows[i]] - from[rows[i]];
	return statistics_median(scratch, count);
}

/* Columns plain, yardstick, twin, candidate. The copies of the yardstick stand together for it. */
static double added_ratio(const double *const *columns, const uint32_t *rows, size_t count,
			  double *scratch)
{
	double yardstick = median_difference(columns[0], columns[1], rows, count, scratch);
	double twin = median_difference(columns[0], columns[2], rows, count, scratch);
	double candidate = median_difference(columns[0], columns[3], rows, count, scratch);

	return 2 * candidate / (yardstick + twin);
}

static double twin_ratio(const double *const *columns, const uint32_t *rows, size_t count,
			 double *scratch)
{
	double yardstick = median_difference(columns[0], columns[1], rows, count, scratch);

	return median_difference(columns[0], columns[2], rows, count, scratch) / yardstick;
}

int harness_added(const struct rounds *rounds, struct measured *into)
{
	const double *const columns[] = { rounds->arm[0], rounds->arm[1], rounds->arm[2],
					  rounds->arm[3] };
	int error = statistics_bootstrap(columns, rounds->count, added_ratio, &into->value);

	into->pairs = rounds->count;
	into->same = 1;
	return error ? error
		     : statistics_bootstrap(columns, rounds->count, twin_ratio, &into->twin);
}

static struct interval paired(const double *from, const double *what, size_t count, bool ratio)
{
	double *values = calloc(count, sizeof(*values));

	if (!values)
		return (struct interval){ NAN, NAN, NAN };
	for (size_t i = 0; i < count; i++)
		values[i] = ratio ? what[i] / from[i] : what[i] - from[i];

	struct interval result = statistics_of_median(values, count);
	free(values);
	return result;
}

int harness_ratio(const struct rounds *rounds, struct measured *into)
{
	into->value = paired(rounds->arm[0], rounds->arm[2], rounds->count, true);
	into->twin = paired(rounds->arm[0], rounds->arm[1], rounds->count, true);
	into->pairs = rounds->count;
	into->same = 1;
	return 0;
}

int harness_difference(const struct rounds *rounds, double share, double least,
		       struct measured *into)
{
	into->value = paired(rounds->arm[0], rounds->arm[2], rounds->count, false);
	into->twin = paired(rounds->arm[0], rounds->arm[1], rounds->count, false);
	into->slack = fmax(share * harness_median(rounds, 0), least);
	into->pairs = rounds->count;
	return 0;
}

int harness_absolute(const struct rounds *rounds, struct measured *into)
{
	double *all = calloc(2 * rounds->count, sizeof(*all));

	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < 2; i++)
		memcpy(all + i * rounds->count, rounds->arm[i], rounds->count * sizeof(*all));
	into->value = statistics_of_median(all, 2 * rounds->count);
	free(all);
	into->twin = paired(rounds->arm[0], rounds->arm[1], rounds->count, true);
	into->pairs = rounds->count;
	into->same = 1;
	return 0;
}

double harness_median(const struct rounds *rounds, size_t arm)
{
	double *values = calloc(rounds->count, sizeof(*values));

	if (!values)
		return NAN;
	memcpy(values, rounds->arm[arm], rounds->count * sizeof(*values));

	double median = statistics_median(values, rounds->count);
	free(values);
	return median;
}

void harness_describe(struct measured *into, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(into->setting, sizeof(into->setting), format, arguments);
	va_end(arguments);
}

int harness_fail(struct measured *into, int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	int length = vsnprintf(into->failure, sizeof(into->failure), format, arguments);
	va_end(arguments);
	if (error < 0 && length >= 0 && (size_t)length < sizeof(into->failure))
		snprintf(into->failure + length, sizeof(into->failure) - (size_t)length, ": %s",
			 strerror(-error));
	return error;
}

bool harness_twin_holds(const struct measured *measured)
{
	return measured->twin.low <= measured->same && measured->twin.high >= measured->same;
}

bool harness_met(const struct row *row, const struct measured *measured)
{
	switch (row->kind) {
	case ROW_AT_MOST:
		return measured->value.middle <= row->budget;
	case ROW_AT_LEAST:
		return measured->value.middle >= row->budget;
	case ROW_EQUIVALENT:
		return measured->pairs >= 200 && measured->value.low >= -measured->slack &&
		       measured->value.high <= measured->slack;
	case ROW_REPORT:
		return true;
	}
	return false;
}
