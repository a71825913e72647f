/*
 * A text at the end of the payload's place: the start's own payload leaves it free, and neither
 * moves.
 */
#include "base/slot.h"

#include <errno.h>
#include <string.h>

#include "base/checksum.h"

static uint8_t *place(const struct slot_ref *ref, uint32_t length)
{
	return slot_payload(ref) + ref->class.payload_bytes - length;
}

void slot_note_frames(struct slot_ref *ref, const char *text, uint32_t length)
{
	struct slot *slot = ref->slot;
	uint32_t none = 0;

	if (length == 0 || length > SLOT_FRAMES || slot->start.payload > ref->class.payload_bytes ||
	    length > ref->class.payload_bytes - slot->start.payload ||
	    atomic_load_explicit(&slot->frames, memory_order_relaxed) != 0)
		return;
	memcpy(place(ref, length), text, length);
	slot->frames_check = checksum(text, length, length);
	/* Release: the text and its checksum; pairs with the acquire below. */
	atomic_compare_exchange_strong_explicit(&slot->frames, &none, length, memory_order_release,
						memory_order_relaxed);
}

int slot_read_frames(const struct slot_ref *ref, char *into, size_t capacity)
{
	uint32_t length = atomic_load_explicit(&ref->slot->frames, memory_order_acquire);

	if (length == 0)
		return -ENODATA;
	if (length > SLOT_FRAMES || length > ref->class.payload_bytes)
		return -EBADMSG;
	if (capacity <= length)
		return -ENOSPC;
	memcpy(into, place(ref, length), length);
	into[length] = '\0';
	return checksum(into, length, length) == ref->slot->frames_check ? 0 : -EBADMSG;
}
