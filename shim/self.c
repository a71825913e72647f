/*
 * The record's life. It lies in a mapping of its own, so that an inert process pays for one
 * pointer.
 */
#include "shim/self.h"

#include "base/sys.h"

static struct self *_Atomic self_record;

void self_publish(struct self *self)
{
	atomic_store_explicit(&self_record, self, memory_order_release);
}

struct self *self_any(void)
{
	return atomic_load_explicit(&self_record, memory_order_acquire);
}

struct self *self_here(void)
{
	struct self *self = self_any();

	return self && self->pid == sys_getpid() ? self : NULL;
}

unsigned self_owner(const struct self *self)
{
	uint64_t word = atomic_load(self->slot.claim);

	if ((CLAIM_GENERATION(word) << 16 | self->slot.number) != self->slot.lifecycle)
		return 0;
	return CLAIM_PID(word);
}

bool self_owns(const struct self *self)
{
	return self_owner(self) == (unsigned)self->pid;
}
