/*
 * The library that the cases are run with: it hooks what WATCH says, for hooks/ alone, and stores
 * what it sees in WATCH_FILE. WATCH is a list, divided by blanks, of
 *   KIND:NAME[@VERSION][,in=OBJECT][,words=N][,floats][,result]    KIND: count entry call pass
 * leave With WATCH_CONFINE=1 there are no system calls behind the installation. pass is a CALL
 * whose entry routine says that there is nothing to do behind; leave has none.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/sys.h"
#include "hooks/report.h"
#include "tests/hooks/watch.h"

static struct watch_file *watch;
static struct hooks_spec watch_spec[WATCH_SPECS];
static char watch_text[4096];
static uint8_t watch_memory[1 << 19] __attribute__((aligned(64)));

static struct watch_seen *watch_seen_of(const struct hooks_frame *frame)
{
	return &watch->seen[(uintptr_t)frame->spec->context];
}

static enum hooks_next watch_entry(struct hooks_frame *frame)
{
	struct watch_seen *seen = watch_seen_of(frame);

	__atomic_fetch_add(&seen->entries, 1, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < 6; i++)
		seen->integer[i] = frame->integer[i];
	for (unsigned i = 0; i < 8 && frame->spec->floats; i++)
		seen->floating[i] = frame->floating[i][0];
	for (unsigned i = 0; i < 8 && i < frame->spec->stack_words &&
			     frame->spec->stack_words != HOOKS_STACK_UNKNOWN;
	     i++)
		seen->stack[i] = frame->stack[i];
	frame->begin = 1;
	return frame->spec->leave ? HOOKS_FOLLOW : HOOKS_PASS;
}

static enum hooks_next watch_pass(struct hooks_frame *frame)
{
	watch_entry(frame);
	return HOOKS_PASS;
}

static void watch_leave(struct hooks_frame *frame)
{
	struct watch_seen *seen = watch_seen_of(frame);

	__atomic_fetch_add(&seen->leaves, frame->begin, __ATOMIC_RELAXED);
	seen->result = frame->result[0];
	seen->error = (uint64_t)hooks_error(frame);
}

static void watch_leave_only(struct hooks_frame *frame)
{
	frame->begin = 1;
	watch_leave(frame);
}

/* Up to one of the ends; *at is behind it then. */
static char *watch_cut(char **at, const char *ends, char *end)
{
	char *begin = *at;

	*at += strcspn(*at, ends);
	*end = **at;
	if (**at)
		*(*at)++ = '\0';
	return begin;
}

static void watch_option(struct hooks_spec *spec, const char *option)
{
	if (!strncmp(option, "in=", 3))
		spec->object = option + 3;
	if (!strcmp(option, "floats"))
		spec->floats = true;
	spec->result_only |= !strcmp(option, "result");
	if (!strncmp(option, "words=", 6)) {
		spec->stack_words = 0;
		for (const char *c = option + 6; *c; c++)
			spec->stack_words = (uint16_t)(spec->stack_words * 10 + (*c - '0'));
	}
}

static void watch_kind(struct hooks_spec *spec, const char *kind)
{
	if (!strcmp(kind, "count")) {
		spec->kind = HOOKS_COUNT;
		return;
	}
	spec->kind = strcmp(kind, "entry") ? HOOKS_CALL : HOOKS_ENTRY;
	spec->entry = strcmp(kind, "pass") ? watch_entry : watch_pass;
	spec->leave = spec->kind == HOOKS_CALL ? watch_leave : NULL;
	if (!strcmp(kind, "leave")) {
		spec->entry = NULL;
		spec->leave = watch_leave_only;
	}
}

static uint32_t watch_read(char *text)
{
	uint32_t count = 0;
	char end = ' ';

	for (; *text && count < WATCH_SPECS; count++) {
		struct hooks_spec *spec = &watch_spec[count];

		spec->stack_words = HOOKS_STACK_UNKNOWN;
		spec->counter = &watch->counter[0][count];
		spec->context = (void *)(uintptr_t)count;
		watch_kind(spec, watch_cut(&text, ":", &end));
		spec->name = watch_cut(&text, "@, ", &end);
		if (end == '@')
			spec->version = watch_cut(&text, ", ", &end);
		while (end == ',')
			watch_option(spec, watch_cut(&text, ", ", &end));
	}
	return count;
}

static const char *watch_value(char **envp, const char *name)
{
	size_t length = strlen(name);

	for (; *envp; envp++)
		if (!strncmp(*envp, name, length) && (*envp)[length] == '=')
			return *envp + length + 1;
	return NULL;
}

__attribute__((constructor)) static void watch_load(int argc, char **argv, char **envp)
{
	struct hooks_setup setup = { .specs = watch_spec,
				     .shards = WATCH_SHARDS,
				     .stride = sizeof(watch->counter[0]) };
	const char *text = watch_value(envp, "WATCH"), *path = watch_value(envp, "WATCH_FILE");
	long at;
	int fd;

	if (!text || !path || strlen(text) >= sizeof(watch_text))
		return;
	fd = sys_openat(AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
	at = sys_mmap(NULL, sizeof(*watch), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	sys_close(fd);
	if (sys_failed(at))
		return;
	watch = (struct watch_file *)at;
	watch->here++;
	setup.owners = &watch->owners;
	memcpy(watch_text, text, strlen(text) + 1);
	setup.count = watch_read(watch_text);
	setup.program = argc > 0 ? argv[0] : NULL;
	watch->took = clock_boot_ns();
	watch->installed = hooks_install(&setup, watch_memory, sizeof(watch_memory));
	watch->took = clock_boot_ns() - watch->took;
	if (watch_value(envp, "WATCH_CONFINE"))
		hooks_confine();
}

static void watch_found(void *context, const struct hooks_finding *finding)
{
	struct watch_seen *seen = &watch->seen[(uintptr_t)finding->spec->context];

	(void)context;
	seen->found[finding->outcome] += finding->outcome == HOOKS_DEFINED ? 1 : finding->slots;
}

__attribute__((destructor)) static void watch_end(void)
{
	if (watch && !watch->installed)
		hooks_report(watch_found, NULL);
}
