#include "hooks/slot.h"

#include <string.h>
#include <sys/mman.h>

#include "base/sys.h"

static bool slot_lies_in(const struct slot_pass *pass, const ElfW(Phdr) * s, uintptr_t slot)
{
	uintptr_t offset = slot - (pass->object->base + s->p_vaddr);

	return offset < s->p_memsz && s->p_memsz - offset >= sizeof(uintptr_t);
}

bool slot_may_write(struct slot_pass *pass, uintptr_t slot)
{
	const struct loaded *object = pass->object;

	if (slot % sizeof(uintptr_t) && !pass->alone)
		return false;
	if (pass->segment && slot_lies_in(pass, pass->segment, slot))
		return true;
	for (unsigned i = 0; i < object->segments; i++)
		if (object->segment[i].p_type == PT_LOAD && object->segment[i].p_flags & PF_W &&
		    slot_lies_in(pass, &object->segment[i], slot)) {
			pass->segment = &object->segment[i];
			return true;
		}
	return false;
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
