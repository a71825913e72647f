/*
 * The vector lies behind the environment of the constructor's arguments only as long as nobody
 * moved that; libc's own copy of the address always holds. libc's function is looked up and not
 * linked: a relocation is paid by every process.
 */
#include "shim/auxiliary.h"

#include <stddef.h>
#include <sys/auxv.h>

#include "hooks/symbol.h"

unsigned long auxiliary_value(unsigned long type)
{
	__typeof__(&getauxval) get = (__typeof__(&getauxval))symbol_next("getauxval", NULL);

	return get ? get(type) : 0;
}
