#include "callee.h"

#define CALLEE(name)                                                                               \
	int bench_##name(int a, int b)                                                             \
	{                                                                                          \
		return a + b;                                                                      \
	}
CALLEES(CALLEE)
