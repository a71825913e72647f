/*
 * Raw system calls around one bounded line.
 */
#include "shim/trace.h"

#include <fcntl.h>

#include "base/sys.h"
#include "base/text.h"

#define TRACE_LINE 768 /* the stack of an exit path has 1 KiB */

static struct text trace_begin(char *line, int pid, const char *exe)
{
	struct text t = text_init(line, TRACE_LINE);

	text_add(&t, "bookend: ");
	text_add_signed(&t, pid);
	text_add_char(&t, ' ');
	text_add(&t, exe);
	text_add(&t, ": ");
	return t;
}

static void trace_write(struct text *t, const char *file)
{
	int fd = sys_openat(AT_FDCWD, file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY,
			    0600);

	if (fd < 0)
		return;
	t->data[t->length] = '\n';
	sys_write(fd, t->data, t->length + 1);
	sys_close(fd);
}

void trace_decision(const char *file, int pid, const char *exe, const char *reason,
		    const char *detail, const char *service, uint32_t slot)
{
	char line[TRACE_LINE];
	struct text t;

	if (!file || !file[0])
		return;
	t = trace_begin(line, pid, exe);
	text_add(&t, reason);
	if (service && service[0]) {
		text_add(&t, " as ");
		text_add(&t, service);
	}
	if (slot != UINT32_MAX) {
		text_add(&t, ", slot ");
		text_add_unsigned(&t, slot);
	}
	if (detail[0]) {
		text_add(&t, " (");
		text_add(&t, detail);
		text_add_char(&t, ')');
	}
	trace_write(&t, file);
}

void trace_call(const struct self *self, const char *symbol, const char *version,
		const char *outcome, const char *object, uint32_t slots)
{
	char line[TRACE_LINE];
	struct text t = trace_begin(line, self->pid, self->exe);

	text_add(&t, "call\t");
	text_add(&t, symbol);
	text_add(&t, version ? "@" : "");
	text_add(&t, version ? version : "");
	text_add_char(&t, '\t');
	text_add(&t, outcome);
	text_add_char(&t, '\t');
	text_add(&t, object);
	text_add_char(&t, '\t');
	text_add_unsigned(&t, slots);
	trace_write(&t, self->trace);
}

void trace_object(const struct self *self, const char *path)
{
	char line[TRACE_LINE];
	struct text t = trace_begin(line, self->pid, self->exe);

	text_add(&t, "object\t");
	text_add(&t, path);
	trace_write(&t, self->trace);
}

void trace_event(const struct self *self, const char *what)
{
	char line[TRACE_LINE];
	struct text t;

	if (!self->trace || self->command || self->confined)
		return;
	t = trace_begin(line, self->pid, self->exe);
	text_add(&t, self->service);
	text_add_char(&t, ' ');
	text_add(&t, what);
	trace_write(&t, self->trace);
}
