/*
 * A walk over the objects that the loader has mapped. Only before main and in daemons: nothing is
 * unmapped then.
 */
#include "shim/thread_private.h"

#include "hooks/symbol.h"

enum sender_way thread_signs(void)
{
	/* A namespace has no shadow memory: the sanitizer's own allocator would meet it. */
	if (symbol_anywhere("__tsan_init") || symbol_anywhere("__msan_init"))
		return SENDER_TSAN;
	/* It knows one libc only, and reports the reads of another's optimised functions. */
	if (symbol_object(SYMBOL_VALGRIND))
		return SENDER_VALGRIND;
	return 0;
}
