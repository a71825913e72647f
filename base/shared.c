/*
 * Word by word, then byte by byte. The fences pair with each other, see shared.h.
 */
#include "base/shared.h"

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

void shared_store(void *shared, const void *from, size_t bytes)
{
	_Atomic uint64_t *words = shared;
	_Atomic uint8_t *tail = (_Atomic uint8_t *)shared + bytes / 8 * 8;
	const uint8_t *source = from;
	uint64_t word;

	atomic_thread_fence(memory_order_release);
	for (size_t i = 0; i < bytes / 8; i++, source += 8) {
		memcpy(&word, source, 8);
		atomic_store_explicit(&words[i], word, memory_order_relaxed);
	}
	for (size_t i = 0; i < bytes % 8; i++)
		atomic_store_explicit(&tail[i], source[i], memory_order_relaxed);
}

void shared_load(void *into, const void *shared, size_t bytes)
{
	const _Atomic uint64_t *words = shared;
	const _Atomic uint8_t *tail = (const _Atomic uint8_t *)shared + bytes / 8 * 8;
	uint8_t *target = into;
	uint64_t word;

	for (size_t i = 0; i < bytes / 8; i++, target += 8) {
		word = atomic_load_explicit(&words[i], memory_order_relaxed);
		memcpy(target, &word, 8);
	}
	for (size_t i = 0; i < bytes % 8; i++)
		target[i] = atomic_load_explicit(&tail[i], memory_order_relaxed);
	atomic_thread_fence(memory_order_acquire);
}
