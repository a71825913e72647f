/*
 * The record's life. It lies in a mapping of its own, so that an inert process pays for one
 * pointer.
 */
#include "shim/self.h"

#include "base/sys.h"
#include "shim/confine.h"

static struct self *_Atomic self_record;
static struct self *_Atomic self_bystander;

void self_publish(struct self *self)
{
	atomic_store_explicit(&self_record, self, memory_order_release);
}

struct self *self_any(void)
{
	return atomic_load_explicit(&self_record, memory_order_acquire);
}

void self_stand_by(struct self *self)
{
	atomic_store_explicit(&self_bystander, self, memory_order_release);
}

struct self *self_family(void)
{
	struct self *self = self_any();

	if (!self)
		self = atomic_load_explicit(&self_bystander, memory_order_acquire);
	return self && self->confined ? NULL : self;
}

struct self *self_here(void)
{
	struct self *self = self_any();

	if (!self)
		return NULL;
	if (self->confined)
		return confine_is_here(self) ? self : NULL;
	if (self->pid != sys_getpid())
		return NULL;
	/* PID 1 may have a child that is PID 1 as well, in a namespace of its own. */
	return self->pid != 1 || !self->here || confine_is_here(self) ? self : NULL;
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
