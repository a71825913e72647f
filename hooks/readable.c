#include "hooks/readable.h"

#include <errno.h>

#include "base/sys.h"

/* rt_sigprocmask(2) reads the new mask before it looks at how, which is invalid: it changes
 * nothing. */
bool readable(uintptr_t page)
{
	return sys_call(SYS_rt_sigprocmask, -1, page, 0, 8) != -EFAULT;
}
