/*
 * System V gABI, chapter 5; symbol versions as in the Linux Standard Base, 10.7.
 */
#include "hooks/tables.h"

#include <elf.h>

#include "hooks_machine.h"

static const void *tables_pointer(uintptr_t base, ElfW(Addr) value)
{
	return (const void *)(value < base ? base + value : value);
}

static void tables_entry(struct tables *t, uintptr_t base, const ElfW(Dyn) * d)
{
	const void *at = tables_pointer(base, d->d_un.d_ptr);

	switch (d->d_tag) {
	case DT_JMPREL:
		t->jump = at;
		break;
	case DT_PLTRELSZ:
		t->jumps = d->d_un.d_val / sizeof(*t->jump);
		break;
	case DT_RELA:
		t->rela = at;
		break;
	case DT_RELASZ:
		t->relas = d->d_un.d_val / sizeof(*t->rela);
		break;
	case DT_VERNEED:
		t->needs = at;
		break;
	case DT_VERNEEDNUM:
		t->need_count = (uint32_t)d->d_un.d_val;
		break;
	case DT_SYMBOLIC:
		t->symbolic = true;
		break;
	case DT_FLAGS:
		t->symbolic |= d->d_un.d_val & DF_SYMBOLIC;
		break;
	default:
		break;
	}
}

/* The chains hold the hashes. A table of nothing has one empty bucket and no chains, though its
 * first symbol may be any. */
static void tables_find_hashes(struct tables *t)
{
	const uint32_t *gnu = t->object.gnu_hash;
	const uint32_t *bucket;

	if (!gnu)
		return;
	bucket = (const void *)((const ElfW(Addr) *)(const void *)(gnu + 4) + gnu[2]);
	if (!gnu[0] || (gnu[0] == 1 && !bucket[0]))
		return;
	t->hashed = gnu[1];
	t->hashes = bucket + gnu[0];
}

void tables_open(const struct object *object, const ElfW(Dyn) * dynamic, struct tables *into)
{
	struct tables t = { .object = *object };
	size_t relatives = 0;
	ElfW(Xword) soname = 0;

	for (const ElfW(Dyn) *d = dynamic; d->d_tag != DT_NULL; d++) {
		tables_entry(&t, object->base, d);
		if (d->d_tag == DT_RELACOUNT)
			relatives = d->d_un.d_val;
		if (d->d_tag == MACHINE_PLT_TAG)
			t.plt = true;
		if (d->d_tag == DT_SONAME)
			soname = d->d_un.d_val;
	}
	if (!t.jump)
		t.jumps = 0;
	if (!t.rela || relatives > t.relas)
		t.relas = relatives = 0;
	t.rela += relatives;
	t.relas -= relatives;
	t.soname = soname ? t.object.strings + soname : NULL;
	tables_find_hashes(&t);
	*into = t;
}

static const char *tables_needed_version(const struct tables *t, unsigned index)
{
	const ElfW(Verneed) *need = t->needs;

	for (uint32_t i = 0; need && i < t->need_count; i++) {
		const ElfW(Vernaux) *a = (const void *)((const char *)need + need->vn_aux);

		for (unsigned j = 0; j < need->vn_cnt; j++) {
			if ((a->vna_other & ~OBJECT_VERSION_HIDDEN) == index)
				return t->object.strings + a->vna_name;
			a = (const void *)((const char *)a + a->vna_next);
		}
		if (!need->vn_next)
			break;
		need = (const void *)((const char *)need + need->vn_next);
	}
	return NULL;
}

const char *tables_version(const struct tables *t, uint32_t symbol)
{
	unsigned index;

	if (!t->object.versions)
		return NULL;
	index = t->object.versions[symbol] & ~OBJECT_VERSION_HIDDEN;
	if (index <= VER_NDX_GLOBAL)
		return NULL;
	if (t->object.symbols[symbol].st_shndx == SHN_UNDEF)
		return tables_needed_version(t, index);
	return object_version_name(&t->object, index);
}

void tables_expect_hash(const struct tables *t, uint32_t symbol)
{
	if (t->hashes && symbol >= t->hashed)
		__builtin_prefetch(&t->hashes[symbol - t->hashed]);
	else
		__builtin_prefetch(t->object.strings + t->object.symbols[symbol].st_name);
}

uint32_t tables_hash(const struct tables *t, uint32_t symbol)
{
	if (t->hashes && symbol >= t->hashed)
		return t->hashes[symbol - t->hashed];
	return object_hash(t->object.strings + t->object.symbols[symbol].st_name);
}
