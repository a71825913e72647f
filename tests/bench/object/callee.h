/*
 * Functions of another object that do nothing, one for each way of being hooked.
 */
#ifndef BOOKEND_BENCH_CALLEE_H
#define BOOKEND_BENCH_CALLEE_H

#define CALLEES(CALLEE) CALLEE(counted) CALLEE(result) CALLEE(timed) CALLEE(event) CALLEE(traced)

#define CALLEE(name) int bench_##name(int a, int b);
CALLEES(CALLEE)
#undef CALLEE

#endif
