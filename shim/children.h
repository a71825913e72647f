/*
 * Programs that can not carry the shim: static ones, those of another libc, those that the kernel
 * gives more privileges. Who starts one, or becomes one, decides for it as it would have, and
 * writes its start; whoever waits for it (waits.c), or the kernel, says how it ended. Any thread of
 * the host, forked and vforked children: nothing stays mapped. File I/O, and for programs that
 * carry the shim only as much as tells that.
 */
#ifndef BOOKEND_SHIM_CHILDREN_H
#define BOOKEND_SHIM_CHILDREN_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/self.h"

/* What is about to be executed, or just was; as execve(2), or searched in PATH as execvp(3). */
struct children_exec {
	const char *name;
	bool search;
	char *const *argv;
	char *const *envp; /* NULL: the caller's */
	bool at;	   /* as execveat(2): from this descriptor, which is it when name is "" */
	int descriptor;
};

struct children_record {
	bool made;
	uint32_t number;
	uint64_t lifecycle;
};

/* The process pid, child of parent, becomes that program. Nothing happens unless the policy in its
 * environment measures it, and pid owns no lifecycle. */
void children_start(const struct children_exec *exec, int pid, int parent,
		    struct children_record *into);

enum children_fate {
	CHILDREN_SPEAKS,  /* it says itself, or nobody knows */
	CHILDREN_GOES_ON, /* it is the same service, and can not say so */
	CHILDREN_ENDS,	  /* it is not; when it is another, that has its start */
};

/* The owner of a lifecycle executes that program. */
enum children_fate children_become(const struct children_exec *exec, const struct self *self,
				   struct children_record *into);

/* It did not. */
void children_withdraw(const struct children_record *record);

#endif
