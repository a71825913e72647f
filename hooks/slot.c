#include "hooks/slot.h"

#include <string.h>
#include <sys/mman.h>

#include "base/sys.h"

bool slot_may_write(const struct slot_pass *pass, uintptr_t slot)
{
	if (slot % sizeof(uintptr_t) && !pass->alone)
		return false;
	return loaded_holds(pass->object, slot, PF_W) &&
	       loaded_holds(pass->object, slot + sizeof(uintptr_t) - 1, PF_W);
}

uintptr_t slot_value(uintptr_t slot)
{
	uintptr_t value;

	if (slot % sizeof(value) == 0)
		return __atomic_load_n((const uintptr_t *)slot, __ATOMIC_RELAXED);
	memcpy(&value, (const void *)slot, sizeof(value));
	return value;
}

static bool slot_protect(const struct loaded *object, int protection)
{
	return sys_call(SYS_mprotect, object->relro, object->relro_end - object->relro, protection,
			0) == 0;
}

static bool slot_open(struct slot_pass *pass)
{
	if (!pass->open && !pass->failed) {
		pass->open = slot_protect(pass->object, PROT_READ | PROT_WRITE);
		pass->failed = !pass->open;
	}
	return pass->open;
}

static bool slot_is_protected(const struct loaded *object, uintptr_t slot)
{
	return slot + sizeof(uintptr_t) > object->relro && slot < object->relro_end;
}

bool slot_write(struct slot_pass *pass, uintptr_t slot, uintptr_t value)
{
	if (slot_is_protected(pass->object, slot) && !slot_open(pass))
		return false;
	if (slot % sizeof(value) == 0)
		__atomic_store_n((uintptr_t *)slot, value, __ATOMIC_RELEASE);
	else
		memcpy((void *)slot, &value, sizeof(value));
	return true;
}

void slot_close(struct slot_pass *pass)
{
	if (pass->open)
		slot_protect(pass->object, PROT_READ);
	pass->open = false;
}
