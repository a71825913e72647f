/*
 * Of objects with DT_RELR by linkers that do not yet ask for glibc's version of it: this asks for
 * another one that nothing else does, whose place it takes (tests/hooks/rewrite.py).
 */
#include <unistd.h>

int (*relr_spare)(void *, size_t) __attribute__((visibility("hidden"))) = getentropy;
