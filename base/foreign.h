/*
 * A process of another pid namespace, looked at from the initial one, which alone is known to see
 * them all. Drainers only: it reads all of /proc.
 */
#ifndef BOOKEND_BASE_FOREIGN_H
#define BOOKEND_BASE_FOREIGN_H

#include "base/process.h"

/*
 * As process_end(); pid is the process's number in the namespace with that inode. Unknown unless we
 * are in the initial namespace and see every process there.
 */
enum process_life foreign_end(uint64_t pid_namespace, int pid, uint64_t seen_ns, int *status);

#endif
