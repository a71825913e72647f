/*
 * Functions that an ELF file keeps to itself: they stand in its full symbol table (.symtab, which
 * `strip` removes; System V gABI, chapter 4) and not in that of the loader (.dynsym), so nobody
 * else can call them by name, and its own calls of them go through no slot. The file is anybody's:
 * every offset and count in it is checked.
 */
#ifndef BOOKEND_TOOLS_SYMTAB_H
#define BOOKEND_TOOLS_SYMTAB_H

enum symtab_kind {
	SYMTAB_NONE,	 /* no such function, exported, or the table was stripped */
	SYMTAB_STATIC,	 /* of one source file; or what lld, mold and gold make of `local:` in a
			    version script */
	SYMTAB_INTERNAL, /* of the whole object: hidden, or not exported */
};

/*
 * The kind of each name (without what stands behind an @ in it), also for what the compiler made of
 * a static function (name.constprop.0). 0; -ENOEXEC: not a 64-bit ELF file of this byte order, or
 * damaged; other -errno. Then all kinds are SYMTAB_NONE.
 */
int symtab_look(const char *path, const char *const *names, unsigned count,
		enum symtab_kind *kinds);

#endif
