/*
 * The harness of `make bench`: arms measured in turn, in random order within each round, so that
 * whatever the machine does meets all of them alike; and the ways in which a row makes one figure
 * of the rounds. One thread.
 */
#ifndef BOOKEND_BENCH_HARNESS_H
#define BOOKEND_BENCH_HARNESS_H

#include <stdbool.h>
#include <stddef.h>

#include "tests/bench/statistics.h"

#define HARNESS_ARMS 4

struct bench {
	char build[512];  /* folder of the built parts, absolute */
	char folder[512]; /* scratch, removed at the end */
	bool quick;	  /* fewer rounds */
	double seconds;	  /* how long a sustained row runs */
};

/* What a row found. */
struct measured {
	struct interval value; /* in the row's unit */
	struct interval twin;  /* the yardstick against itself, in the same unit */
	double same;	       /* what the twin shows when the machine did nothing: 1, or 0 */
	double slack;	       /* equivalence: the interval must lie within +-slack */
	size_t pairs;
	char setting[320]; /* what was measured: program, record, fields, where the pool lies */
	char failure[200]; /* why there is no figure; empty when there is one */
};

enum row_kind {
	ROW_AT_MOST,
	ROW_AT_LEAST,
	ROW_EQUIVALENT,
	ROW_REPORT, /* no promise; the figure is for people */
};

struct row {
	const char *name;
	int (*measure)(const struct bench *bench, const struct row *row, struct measured *into);
	const char *variant; /* for measure */
	enum row_kind kind;
	double budget; /* equivalence: 2 % of the yardstick's median or 0.3 ms is the slack; see
			  docs/costs.md */
	const char *goal;
	const char *unit;
	const char *what;
	const char *yardstick;
};

/* One thing to measure: 0 and a value, or -errno, which ends the row. */
struct arm {
	int (*run)(void *context, double *value);
	void *context;
};

/* arm[i][round] */
struct rounds {
	double *arm[HARNESS_ARMS];
	size_t arms;
	size_t count;
};

struct plan {
	const struct arm *arms;
	size_t arm_count;
	size_t rounds;
	size_t warm_up;		       /* rounds run first and thrown away */
	size_t every;		       /* rounds after which `between` is called; 0: never */
	int (*between)(void *context); /* not measured: drains what the rounds recorded */
	void *context;
};

/* 0, or -errno of the arm that failed. rounds_free() in either case. */
int harness_rounds(const struct plan *plan, struct rounds *into);
void harness_free(struct rounds *rounds);

/* Arms plain, yardstick, a copy of it, candidate: what the candidate adds over plain, in what the
 * two copies add on average. */
int harness_added(const struct rounds *rounds, struct measured *into);
/* Arms yardstick, yardstick again, candidate: the median of the paired ratios. */
int harness_ratio(const struct rounds *rounds, struct measured *into);
/* The same arms: the median of the paired differences; the slack is the larger of share x yardstick
 * and `least`. */
int harness_difference(const struct rounds *rounds, double share, double least,
		       struct measured *into);
/* One arm with its twin, no yardstick: the median of both, and the paired ratio of one to the
 * other. */
int harness_absolute(const struct rounds *rounds, struct measured *into);

double harness_median(const struct rounds *rounds, size_t arm);

/* Fills into->setting. */
__attribute__((format(printf, 2, 3))) void harness_describe(struct measured *into,
							    const char *format, ...);
/* Fills into->failure; returns error, for the caller's return. */
__attribute__((format(printf, 3, 4))) int harness_fail(struct measured *into, int error,
						       const char *format, ...);

/* Does the twin's interval hold what it should? One in 20 does not, by chance alone. */
bool harness_twin_holds(const struct measured *measured);
bool harness_met(const struct row *row, const struct measured *measured);

#endif
