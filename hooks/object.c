/*
 * Look-up in one object's hash tables. glibc relocates the pointers of a dynamic section in place,
 * but leaves those of the vDSO and of read-only sections as they are: a value below the load
 * address is an offset.
 */
#include "hooks/object.h"

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Instead of a version's name: that of a reference without a version. Index 2 is the first one that
 * is not the object's own name. */
static const char object_first_version[] = "";
#define OBJECT_FIRST_VERSION 2

static const void *object_pointer(uintptr_t base, ElfW(Addr) value)
{
	return (const void *)(value < base ? base + value : value);
}

int object_open(uintptr_t base, const ElfW(Dyn) * dynamic, struct object *into)
{
	struct object o = { .base = base };

	if (!dynamic)
		return -1;
	for (const ElfW(Dyn) *d = dynamic; d->d_tag != DT_NULL; d++) {
		const void *at = object_pointer(o.base, d->d_un.d_ptr);

		switch (d->d_tag) {
		case DT_SYMTAB:
			o.symbols = at;
			break;
		case DT_STRTAB:
			o.strings = at;
			break;
		case DT_GNU_HASH:
			o.gnu_hash = at;
			break;
		case DT_HASH:
			o.hash = at;
			break;
		case DT_VERSYM:
			o.versions = at;
			break;
		case DT_VERDEF:
			o.definitions = at;
			break;
		case DT_VERDEFNUM:
			o.definition_count = (uint32_t)d->d_un.d_val;
			break;
		default:
			break;
		}
	}
	if (!o.symbols || !o.strings || (!o.gnu_hash && !o.hash))
		return -1;
	*into = o;
	return 0;
}

const char *object_version_name(const struct object *o, unsigned index)
{
	const ElfW(Verdef) *d = o->definitions;

	for (uint32_t i = 0; d && i < o->definition_count; i++) {
		const char *at = (const char *)d;
		const ElfW(Verdaux) *name = (const void *)(at + d->vd_aux);

		if (d->vd_ndx == index)
			return o->strings + name->vda_name;
		if (!d->vd_next)
			break;
		d = (const void *)(at + d->vd_next);
	}
	return NULL;
}

static bool object_version_fits(const struct object *o, uint32_t symbol, const char *version)
{
	unsigned index;
	const char *name;

	if (!o->versions)
		return true;
	index = o->versions[symbol];
	if (!version)
		return index != VER_NDX_LOCAL && !(index & OBJECT_VERSION_HIDDEN);
	index &= ~OBJECT_VERSION_HIDDEN;
	if (version == object_first_version)
		return index != VER_NDX_LOCAL && index <= OBJECT_FIRST_VERSION;
	if (index <= VER_NDX_GLOBAL)
		return index == VER_NDX_GLOBAL;
	name = object_version_name(o, index);
	return name && !strcmp(name, version);
}

static bool object_fits(const struct object *o, uint32_t i, const char *name, const char *version)
{
	const ElfW(Sym) *s = &o->symbols[i];
	unsigned type = ELF64_ST_TYPE(s->st_info);

	if (s->st_shndx == SHN_UNDEF || !s->st_value)
		return false;
	if (o->data ? type != STT_OBJECT
		    : type != STT_FUNC && type != STT_NOTYPE && type != STT_GNU_IFUNC)
		return false;
	return !strcmp(o->strings + s->st_name, name) && object_version_fits(o, i, version);
}

uint32_t object_hash(const char *name)
{
	uint32_t h = 5381;

	for (const unsigned char *c = (const unsigned char *)name; *c; c++)
		h = h * 33 + *c;
	return h;
}

/* Words: buckets, first hashed symbol, bloom words, bloom shift; then bloom, buckets, chains whose
 * last hash is odd. */
static const ElfW(Sym) *
	object_find_gnu(const struct object *o, const char *name, const char *version)
{
	uint32_t buckets = o->gnu_hash[0], first = o->gnu_hash[1], words = o->gnu_hash[2];
	const ElfW(Addr) *bloom = (const void *)(o->gnu_hash + 4);
	const uint32_t *bucket = (const void *)(bloom + words);
	const uint32_t *chain = bucket + buckets;
	unsigned bits = sizeof(ElfW(Addr)) * 8;
	uint32_t h = object_hash(name);
	ElfW(Addr) both =
		(ElfW(Addr))1 << h % bits | (ElfW(Addr))1 << (h >> (o->gnu_hash[3] & 31)) % bits;
	uint32_t i;

	if (!buckets || !words || (bloom[h / bits % words] & both) != both)
		return NULL;
	i = bucket[h % buckets];
	if (i < first)
		return NULL;
	for (;; i++) {
		uint32_t other = chain[i - first];

		if ((other | 1) == (h | 1) && object_fits(o, i, name, version))
			return &o->symbols[i];
		if (other & 1)
			return NULL;
	}
}

static uint32_t object_sysv_hash(const char *name)
{
	uint32_t h = 0;

	for (const unsigned char *c = (const unsigned char *)name; *c; c++) {
		h = (h << 4) + *c;
		h = (h ^ (h >> 24 & 0xf0)) & 0x0fffffff;
	}
	return h;
}

static const ElfW(Sym) *
	object_find_sysv(const struct object *o, const char *name, const char *version)
{
	uint32_t buckets = o->hash[0], chains = o->hash[1];
	const uint32_t *bucket = o->hash + 2, *chain = bucket + buckets;

	if (!buckets)
		return NULL;
	for (uint32_t i = bucket[object_sysv_hash(name) % buckets]; i && i < chains; i = chain[i])
		if (object_fits(o, i, name, version))
			return &o->symbols[i];
	return NULL;
}

const ElfW(Sym) * object_find(const struct object *o, const char *name, const char *version)
{
	if (o->gnu_hash)
		return object_find_gnu(o, name, version);
	return object_find_sysv(o, name, version);
}

const ElfW(Sym) * object_find_bound(const struct object *o, const char *name, const char *version)
{
	const ElfW(Sym) *s = version ? NULL : object_find(o, name, object_first_version);

	return s ? s : object_find(o, name, version);
}
