/*
 * Texts of a host are read by process_vm_readv(2), which an emulated kernel may lack.
 */
#ifndef BOOKEND_TESTS_UNIT_READS_TEXTS_H
#define BOOKEND_TESTS_UNIT_READS_TEXTS_H

#include <stdbool.h>
#include <sys/uio.h>
#include <unistd.h>

static inline bool reads_texts(void)
{
	char from = 'x', to = 0;
	struct iovec local = { &to, 1 }, remote = { &from, 1 };

	return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == 1;
}

#endif
