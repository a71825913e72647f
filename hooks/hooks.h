/*
 * Diverting calls: the slots through which loaded objects call each other (the relocations
 * JUMP_SLOT, GLOB_DAT and 64-bit addresses of the dynamic symbols) get the address of a stub of
 * ours, which does what a spec says and goes on to the function. No code is written, no return
 * address replaced. What calls mean is the caller's matter; nothing here knows of it.
 *
 * COUNT  adds 1 to a word, in assembly. ENTRY calls a C routine and then jumps to the function, as
 * if nothing had been there: both are safe for every function. CALL calls the function in the
 * caller's place and a C routine behind it; not for functions that return twice, never, or look at
 * their return address. Exceptions, longjmp and thread exits pass through it, and then nothing is
 * called behind.
 *
 * Install once a process, from the constructor, before there is a second thread. From then on
 * stubs run in any thread, in signal handlers, in vfork children.
 */
#ifndef BOOKEND_HOOKS_HOOKS_H
#define BOOKEND_HOOKS_HOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hooks_frame.h" /* hooks/arch/ARCH: struct hooks_frame, HOOKS_INTEGERS, HOOKS_FLOATS */

enum hooks_kind { HOOKS_COUNT, HOOKS_ENTRY, HOOKS_CALL };

/* What happens behind an entry routine. */
enum hooks_next {
	HOOKS_PASS,   /* on to the function; of a CALL, no leave routine */
	HOOKS_FOLLOW, /* CALL: call the function, then the leave routine */
	HOOKS_ANSWER, /* back to the caller with frame->result */
};

/*
 * The routines. Compiled with -mgeneral-regs-only, because the vector registers are not kept for
 * them: they may call nothing that is not. No libc (errno must stay as it is), no lock, 700 bytes
 * of stack with all they call, which with the stub's frame is less than 1 KiB. They may be
 * interrupted by a signal whose handler gets to them again, or never returns to them.
 */
typedef enum hooks_next hooks_entry_fn(struct hooks_frame *frame);
typedef void hooks_leave_fn(struct hooks_frame *frame);

/*
 * One symbol, kept by the caller for ever. Several specs may hold for one slot: all of them act,
 * the first one first. Pointers to the function are equal everywhere when all specs of its name are
 * without an object; with one, a pointer taken in that object differs from those taken elsewhere.
 */
struct hooks_spec {
	const char *name;
	const char *version; /* NULL: any */
	const char *object;  /* whose calls: last part of its path, or its soname; NULL: every
				object's */
	enum hooks_kind kind;
	bool floats;		   /* the frame is to have floating-point arguments too */
	bool result_only;	   /* CALL: the leave routine looks at no argument */
	uint16_t stack_words;	   /* CALL: how many the arguments take; HOOKS_STACK_UNKNOWN */
	_Atomic uint64_t *counter; /* COUNT: of shard 0; may be shared memory */
	hooks_entry_fn *entry;	   /* CALL: NULL is always HOOKS_FOLLOW */
	hooks_leave_fn *leave;	   /* CALL */
	void *context;		   /* for the routines */
};

/* Then HOOKS_STACK_GUESS words are passed on, fewer where the stack's readable pages end. */
#define HOOKS_STACK_UNKNOWN UINT16_MAX
#define HOOKS_STACK_GUESS   16
#define HOOKS_STACK_MAX	    64

struct hooks_setup {
	const struct hooks_spec *specs;
	uint32_t count;
	/* A counter's words: one in each shard. Which one is taken depends on the processor;
	 * without rseq(2) it is shard 0. */
	uint32_t shards; /* a power of two */
	uint32_t stride; /* bytes from one shard to the next */
	/* How many shards have an owner, in all processes that share the counters; zero at first.
	 * NULL: none has one. See shards.h. */
	_Atomic uint64_t *owners;
	const char *program; /* the executable's name, for specs with an object */
	const char *apart;   /* a link namespace that holds an object of this name is left alone */
};

#define HOOKS_STUBS 1536 /* specs and functions (versions, definitions) in one process */

/* What hooks_install() needs for that many specs: zeroes, aligned to 64 bytes, kept for ever. Most
 * of it stays untouched. */
size_t hooks_bytes(uint32_t count);

/*
 * 0; -EALREADY; -ENOMEM: too little memory; -EINVAL: setup; -ENOSYS: not glibc. Objects that can
 * not be changed are left as they are. Those that dlopen() brings later are looked at when the host
 * next calls dlsym(), dlopen() or dlclose().
 */
int hooks_install(const struct hooks_setup *setup, void *memory, size_t bytes);

/*
 * One spec more, kept by the caller for ever: at any time, from any thread, one call at a time;
 * also without hooks_install(), and then with that `apart`. It does not hold for slots that another
 * spec of the same name has diverted. 0; -ENOSPC: more than ENGINE_LATE; -EPERM: confined; -errno
 * of hooks_install().
 */
int hooks_add(const struct hooks_spec *spec, const char *apart);

/* No system call from now on, so objects loaded later stay as they are, and a CALL with an unknown
 * number of stack words passes on no more than the page holds. For hosts that filter them. */
void hooks_confine(void);

/* For routines: adds to a counter, whose word of shard 0 that is, in the thread's shard. */
void hooks_count(_Atomic uint64_t *counter, uint64_t by);
/* 1 to the counter, and to the one behind it what is summed. */
void hooks_sum(_Atomic uint64_t *counter, uint64_t by);

/*
 * What the calling thread calls from now on is not the host's: nothing is counted, and routines
 * that ask pass on. For threads of ours, and around calls of libc by us in the host's, with its
 * signals blocked.
 */
void hooks_mute(bool on);
bool hooks_is_muted(void);

/* For leave routines: the host's errno, in the calling object's namespace. */
int hooks_error(const struct hooks_frame *frame);

#endif
