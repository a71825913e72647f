/*
 * How many words of the caller's stack can be read, for stubs that copy arguments without knowing
 * how many there are. Any thread, also on a stack of a coroutine that ends right there. Asked only
 * when the words reach over a page's end; the answer for the page is kept for the thread.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>

#include "base/sys.h"
#include "hooks/engine.h"

#define WORDS_PAGE 4096 /* or a larger one, of which this is a part */

static __thread uintptr_t words_readable;

uint32_t stubs_words(uintptr_t stack, uint32_t words);

/* rt_sigprocmask(2) reads the new mask before it looks at how, which is invalid: it changes
 * nothing. */
static bool words_can_read(uintptr_t page)
{
	const struct engine *engine = engine_here();

	if (page == words_readable)
		return true;
	if (atomic_load_explicit(&engine->confined, memory_order_relaxed) ||
	    sys_call(SYS_rt_sigprocmask, -1, page, 0, 8) == -EFAULT)
		return false;
	words_readable = page;
	return true;
}

uint32_t stubs_words(uintptr_t stack, uint32_t words)
{
	uintptr_t page = (stack + WORDS_PAGE) & ~(uintptr_t)(WORDS_PAGE - 1);

	if (words_can_read(page))
		return words;
	return (uint32_t)((page - stack) / sizeof(uint64_t));
}
