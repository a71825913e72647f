/*
 * libcallee.so: functions with every kind of arguments and results, for the cases to call.
 */
#ifndef TESTS_HOOKS_CALLEE_H
#define TESTS_HOOKS_CALLEE_H

#ifdef __cplusplus
extern "C" {
#endif

struct callee_big {
	long word[6];
};
struct callee_mixed {
	long integer;
	double real;
};
struct callee_reals {
	double first;
	double second;
};
struct callee_integers {
	long first;
	long second;
};

int callee_add(int a, int b);
double callee_variadic(const char *kinds, ...); /* i int, d double: their sum */
struct callee_big callee_big(long first);	/* through memory of the caller */
struct callee_mixed callee_mixed(long integer, double real);
struct callee_reals callee_reals(double first, double second);
struct callee_integers callee_integers(long first, long second);
long double callee_long(long double value);
double callee_eight(double a, double b, double c, double d, double e, double f, double g, double h);
long callee_twenty(long a, long b, long c, long d, long e, long f, long g, long h, long i, long j,
		   long k, long l, long m, long n, long o, long p, long q, long r, long s, long t);
long callee_23(long a, long b, long c, long d, long e, long f, long g, long h, long i, long j,
	       long k, long l, long m, long n, long o, long p, long q, long r, long s, long t,
	       long u, long v, long w);
int callee_fail(int error); /* sets errno, returns -1 */
long callee_recurse(int depth, long (*again)(int depth));
void callee_back(void (*routine)(void *context), void *context);
int callee_indirect(int value);	 /* an IFUNC */
int callee_within(int a, int b); /* calls callee_add through its own PLT */
/* What the library takes for the address of callee_add. */
int (*callee_add_here(void))(int, int);
int callee_versioned_old(void); /* callee_versioned@OLD: 1; callee_versioned@@NEW: 2 */
int callee_versioned(void);

/* On aarch64 marked as called by a convention of its own. */
#ifdef __aarch64__
__asm__(".variant_pcs callee_variant");
#endif
int callee_variant(int value);

/* Built for a machine that has such registers (ymm on x86-64). */
typedef double callee_wide __attribute__((vector_size(32)));
callee_wide callee_add_wide(callee_wide a, callee_wide b);

#ifdef __cplusplus
}
#endif

#endif
