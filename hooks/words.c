/*
 * How many words of the caller's stack can be read, for stubs that copy arguments without knowing
 * how many there are. Any thread, also on a stack of a coroutine that ends right there. Asked only
 * when the words reach over a page's end; the answer for the page is kept for the thread.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "hooks/engine.h"
#include "hooks/readable.h"

static __thread uintptr_t words_page;

uint32_t stubs_words(uintptr_t stack, uint32_t words);

static bool words_can_read(uintptr_t page)
{
	const struct engine *engine = engine_here();

	if (page == words_page)
		return true;
	if (atomic_load_explicit(&engine->confined, memory_order_relaxed) || !readable(page))
		return false;
	words_page = page;
	return true;
}

uint32_t stubs_words(uintptr_t stack, uint32_t words)
{
	uintptr_t page = (stack + READABLE_PAGE) & ~(uintptr_t)(READABLE_PAGE - 1);

	if (words_can_read(page))
		return words;
	return (uint32_t)((page - stack) / sizeof(uint64_t));
}
