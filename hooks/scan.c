/*
 * Relocations of three types, against a symbol that a spec names: the address that the loader
 * stored there is replaced by that of a stub. Symbols are told by their names' hashes first, most
 * of which the object brings along.
 */
#include "hooks/scan.h"

#include <string.h>

#include "hooks/resolve.h"
#include "hooks/slot.h"
#include "hooks/stub.h"
#include "hooks_machine.h"

#define SCAN_ROW 8 /* specs that hold for one slot */

struct scan_reference {
	const struct loaded *object; /* that calls */
	const char *soname;	     /* its own; NULL: none */
	const char *name;
	const char *version; /* by which it refers to the function; NULL: not known */
	uintptr_t function;
	struct names_entry *wanted; /* the first spec of the name */
};

/* An address that the object stores many times, and what became of it. */
struct scan_stored {
	uint32_t symbol;
	uintptr_t function;
	uintptr_t diverted;
};

#define SCAN_STORED 16

struct scan {
	struct engine *engine;
	const struct loaded *object;
	struct tables tables;
	struct slot_pass pass;
	scan_tell_fn *tell; /* NULL: slots are diverted */
	void *context;
	struct scan_stored stored[SCAN_STORED];
};

static bool scan_wants(struct engine *engine, const struct hooks_spec *spec,
		       const struct scan_reference *from)
{
	if (spec->object &&
	    !loaded_is_called(from->object, from->soname, engine->setup.program, spec->object))
		return false;
	if (!spec->version)
		return true;
	if (from->version)
		return !strcmp(from->version, spec->version);
	return resolve_is(engine, from->function, spec->name, spec->version);
}

/* The stub, the first of several when many specs want it; the function itself when none does. */
static uintptr_t scan_stub(struct engine *engine, const struct scan_reference *from)
{
	const struct loaded *definer = engine_object_of(engine, from->function, PF_X);
	struct names_entry *row[SCAN_ROW], *entry = from->wanted;
	uintptr_t at = from->function;
	unsigned count = 0;

	for (; entry && count < SCAN_ROW; entry = names_next(&engine->names, entry))
		if (scan_wants(engine, entry->spec, from))
			row[count++] = entry;
	while (definer && at && count--)
		at = stub_make(row[count], at, definer->error);
	return at ? at : from->function;
}

/* Of a program that is not position independent: the function's address everywhere is that of its
 * PLT, whose own slot is diverted. */
static bool scan_is_canonical(struct engine *engine, const char *name, uintptr_t function)
{
	const struct loaded *program = &engine_list(engine)->object[0];
	struct tables t;

	if (!loaded_holds(program, function, PF_X) || !program->has_symbols)
		return false;
	tables_open(&program->object, program->dynamic, &t);
	for (size_t i = 0; i < t.jumps; i++) {
		const ElfW(Sym) *symbol = &t.object.symbols[ELF64_R_SYM(t.jump[i].r_info)];

		if (symbol->st_shndx == SHN_UNDEF && symbol->st_value &&
		    program->base + symbol->st_value == function &&
		    !strcmp(t.object.strings + symbol->st_name, name))
			return true;
	}
	return false;
}

/* A slot of the PLT leads to the function already, not back into the PLT. */
static bool scan_is_bound(const struct scan *s, const ElfW(Sym) * symbol, uintptr_t value)
{
	if (!loaded_holds(s->object, value, 0))
		return true;
	return symbol->st_shndx != SHN_UNDEF && s->object->base + symbol->st_value == value;
}

/* The function that the slot leads to, and may it lead to a stub? */
static enum hooks_outcome scan_judge(struct scan *s, const ElfW(Rela) * r,
				     struct scan_reference *from)
{
	const ElfW(Sym) *symbol = &s->tables.object.symbols[ELF64_R_SYM(r->r_info)];
	bool jump = ELF64_R_TYPE(r->r_info) == MACHINE_JUMP_SLOT;

	if (jump && s->tables.plt && machine_is_rewritten(s->object->base, r->r_addend))
		return HOOKS_REWRITTEN;
	if (stub_at(from->function))
		return HOOKS_DIVERTED;
	if (machine_has_own_convention(symbol))
		return HOOKS_CONVENTION;
	if (jump && !scan_is_bound(s, symbol, from->function)) {
		from->function =
			resolve(s->engine, s->object, &s->tables, from->name, from->version);
		if (!from->function)
			return HOOKS_UNDECIDED;
	} else if (!jump && scan_is_canonical(s->engine, from->name, from->function)) {
		return HOOKS_BY_PROGRAM;
	}
	if (!engine_object_of(s->engine, from->function, PF_X))
		return HOOKS_NO_FUNCTION;
	return slot_may_write(&s->pass, s->object->base + r->r_offset) ? HOOKS_DIVERTED
								       : HOOKS_READ_ONLY;
}

static void scan_divert_slot(struct scan *s, const ElfW(Rela) * r, struct scan_reference *from)
{
	uint32_t symbol = ELF64_R_SYM(r->r_info);
	uintptr_t slot = s->object->base + r->r_offset, value = from->function, at;
	struct scan_stored *stored = &s->stored[symbol % SCAN_STORED];

	if (stored->symbol == symbol && stored->function == value &&
	    ELF64_R_TYPE(r->r_info) == MACHINE_ADDRESS && slot_may_write(&s->pass, slot)) {
		slot_write(&s->pass, slot, stored->diverted);
		return;
	}
	if (stub_at(value) || scan_judge(s, r, from) != HOOKS_DIVERTED)
		return;
	at = scan_stub(s->engine, from);
	if (at == from->function || !slot_write(&s->pass, slot, at))
		return;
	if (ELF64_R_TYPE(r->r_info) == MACHINE_ADDRESS)
		*stored = (struct scan_stored){ symbol, value, at };
}

/* For a report: nothing is changed. */
static void scan_tell_slot(struct scan *s, const ElfW(Rela) * r, struct scan_reference *from)
{
	uintptr_t at = from->function;
	enum hooks_outcome outcome = scan_judge(s, r, from);
	const struct stub *stub;

	for (stub = stub_at(at); stub; stub = stub_at(stub->target))
		s->tell(s->context, stub->spec, outcome);
	if (stub_at(at))
		return;
	for (const struct names_entry *e = from->wanted; e; e = names_next(&s->engine->names, e))
		if (scan_wants(s->engine, e->spec, from))
			s->tell(s->context, e->spec,
				outcome == HOOKS_DIVERTED ? HOOKS_READ_ONLY : outcome);
}

static void scan_slot(struct scan *s, const ElfW(Rela) * r, uint32_t hash)
{
	uint32_t number = ELF64_R_SYM(r->r_info);
	const ElfW(Sym) *symbol = &s->tables.object.symbols[number];
	struct scan_reference from = {
		.object = s->object,
		.soname = s->tables.soname,
		.name = s->tables.object.strings + symbol->st_name,
	};

	from.wanted = names_find(&s->engine->names, hash, from.name);
	from.function = slot_value(s->object->base + r->r_offset);
	if (!from.wanted || !from.function)
		return;
	from.version = tables_version(&s->tables, number);
	if (s->tell)
		scan_tell_slot(s, r, &from);
	else
		scan_divert_slot(s, r, &from);
}

/* What the loader bound lazily nobody has touched yet: each name is a cache miss. */
#define SCAN_AHEAD 6

static void scan_relocations(struct scan *s, const ElfW(Rela) * r, size_t count)
{
	for (const ElfW(Rela) *end = r + count; r < end; r++) {
		uint32_t type = ELF64_R_TYPE(r->r_info), number = ELF64_R_SYM(r->r_info), hash;

		if (end - r > 2 * SCAN_AHEAD) {
			__builtin_prefetch(
				&s->tables.object.symbols[ELF64_R_SYM(r[2 * SCAN_AHEAD].r_info)]);
			tables_expect_hash(&s->tables, ELF64_R_SYM(r[SCAN_AHEAD].r_info));
		}
		if (type != MACHINE_JUMP_SLOT && type != MACHINE_GLOB_DAT &&
		    (type != MACHINE_ADDRESS || r->r_addend))
			continue;
		if (!number)
			continue;
		hash = tables_hash(&s->tables, number);
		if (names_may_have(&s->engine->names, hash))
			scan_slot(s, r, hash);
	}
}

static void scan_all(struct scan *s)
{
	if (!s->object->has_symbols)
		return;
	tables_open(&s->object->object, s->object->dynamic, &s->tables);
	scan_relocations(s, s->tables.rela, s->tables.relas);
	scan_relocations(s, s->tables.jump, s->tables.jumps);
	slot_close(&s->pass);
}

void scan(struct engine *engine, const struct loaded *object, bool alone)
{
	struct scan s = { .engine = engine,
			  .object = object,
			  .pass = { .object = object, .alone = alone } };

	scan_all(&s);
}

void scan_tell(struct engine *engine, const struct loaded *object, scan_tell_fn *tell,
	       void *context)
{
	struct scan s = { .engine = engine,
			  .object = object,
			  .pass = { .object = object },
			  .tell = tell,
			  .context = context };

	scan_all(&s);
}

uintptr_t scan_divert(struct engine *engine, const struct loaded *object, const char *name,
		      const char *version, uintptr_t function)
{
	struct scan_reference from = {
		.object = object,
		.name = name,
		.version = version,
		.function = function,
		.wanted = names_find(&engine->names, object_hash(name), name),
	};
	struct tables t;

	if (scan_is_canonical(engine, name, function))
		return function;
	if (object->has_symbols) {
		tables_open(&object->object, object->dynamic, &t);
		from.soname = t.soname;
	}
	return scan_stub(engine, &from);
}
