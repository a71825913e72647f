#include "callee.h"

#include <errno.h>
#include <stdarg.h>

__attribute__((noinline)) int callee_add(int a, int b)
{
	return a + b;
}

double callee_variadic(const char *kinds, ...)
{
	double sum = 0;
	va_list list;

	va_start(list, kinds);
	for (; *kinds; kinds++)
		sum += *kinds == 'd' ? va_arg(list, double) : va_arg(list, int);
	va_end(list);
	return sum;
}

struct callee_big callee_big(long first)
{
	return (struct callee_big){ { first, first + 1, first + 2, first + 3, first + 4,
				      first + 5 } };
}

struct callee_mixed callee_mixed(long integer, double real)
{
	return (struct callee_mixed){ integer * 2, real * 2 };
}

struct callee_reals callee_reals(double first, double second)
{
	return (struct callee_reals){ first * 3, second * 3 };
}

struct callee_integers callee_integers(long first, long second)
{
	return (struct callee_integers){ first * 4, second * 4 };
}

long double callee_long(long double value)
{
	return value * 2;
}

double callee_eight(double a, double b, double c, double d, double e, double f, double g, double h)
{
	return a + b * 2 + c * 3 + d * 4 + e * 5 + f * 6 + g * 7 + h * 8;
}

long callee_twenty(long a, long b, long c, long d, long e, long f, long g, long h, long i, long j,
		   long k, long l, long m, long n, long o, long p, long q, long r, long s, long t)
{
	return a + b + c + d + e + f + g * 7 + h + i + j + k + l + m + n + o + p + q + r + s * 19 +
	       t * 20;
}

long callee_23(long a, long b, long c, long d, long e, long f, long g, long h, long i, long j,
	       long k, long l, long m, long n, long o, long p, long q, long r, long s, long t,
	       long u, long v, long w)
{
	return a + b + c + d + e + f + g + h + i + j + k + l + m + n + o + p + q + r + s + t + u +
	       v * 22 + w * 23;
}

int callee_fail(int error)
{
	errno = error;
	return -1;
}

long callee_recurse(int depth, long (*again)(int depth))
{
	return depth ? depth + again(depth - 1) : 0;
}

void callee_back(void (*routine)(void *context), void *context)
{
	routine(context);
	__asm__ volatile(""); /* no tail call */
}

callee_wide callee_add_wide(callee_wide a, callee_wide b)
{
	return a + b;
}

int callee_variant(int value)
{
	return value + 1;
}

static int indirect(int value)
{
	return value + 1;
}

__attribute__((used)) static int (*choose_indirect(void))(int)
{
	return indirect;
}

__attribute__((ifunc("choose_indirect"))) int callee_indirect(int value);

int callee_within(int a, int b)
{
	return callee_add(a, b) + 1000;
}

int (*callee_add_here(void))(int, int)
{
	return callee_add;
}

__asm__(".symver versioned_old, callee_versioned@OLD");
__attribute__((used)) int versioned_old(void);
int versioned_old(void)
{
	return 1;
}

__asm__(".symver versioned_new, callee_versioned@@NEW");
__attribute__((used)) int versioned_new(void);
int versioned_new(void)
{
	return 2;
}
