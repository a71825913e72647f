/*
 * Two readings of /proc/self/maps: the first for the stack's bounds, the second for the modules.
 */
#include "shim/frames.h"

#include <fcntl.h>
#include <string.h>

#include "base/slot.h"
#include "base/sys.h"
#include "base/text.h"
#include "shim/self.h"

#define FRAMES	   16
#define NAME_BYTES 48
#define LINE_BYTES 512

struct frame {
	uintptr_t address;
	uintptr_t offset;      /* from where its module is mapped */
	char name[NAME_BYTES]; /* of the module; "": it lies in none */
};

struct mapping {
	uintptr_t from, to;
	bool code;
	const char *path; /* "": of no file */
};

/* Lines of a file, one at a time; longer ones lose their end. */
struct lines {
	int file;
	char bytes[LINE_BYTES];
	size_t used, next;
};

static const char *next_line(struct lines *l)
{
	char *end;
	long n;

	for (;;) {
		end = memchr(l->bytes + l->next, '\n', l->used - l->next);
		if (end != NULL)
			break;
		memmove(l->bytes, l->bytes + l->next, l->used - l->next);
		l->used -= l->next;
		l->next = 0;
		if (l->used == sizeof(l->bytes))
			return NULL;
		n = sys_read(l->file, l->bytes + l->used, sizeof(l->bytes) - l->used);
		if (n <= 0)
			return NULL;
		l->used += (size_t)n;
	}
	*end = '\0';
	n = (long)l->next;
	l->next = (size_t)(end - l->bytes) + 1;
	return l->bytes + n;
}

static const char *read_hex(const char *p, uintptr_t *into)
{
	for (*into = 0;; p++) {
		if (*p >= '0' && *p <= '9')
			*into = *into << 4 | (uintptr_t)(*p - '0');
		else if (*p >= 'a' && *p <= 'f')
			*into = *into << 4 | (uintptr_t)(*p - 'a' + 10);
		else
			return p;
	}
}

/* FROM-TO rwxp OFFSET DEVICE INODE PATH: proc(5). */
static bool next_mapping(struct lines *l, struct mapping *into)
{
	const char *p = next_line(l);

	if (p == NULL)
		return false;
	p = read_hex(p, &into->from);
	p = read_hex(p + (*p == '-'), &into->to);
	into->code = strlen(p) > 4 && p[3] == 'x';
	into->path = strchr(p, '/');
	if (into->path == NULL)
		into->path = "";
	return true;
}

static bool open_maps(struct lines *l)
{
	l->used = 0;
	l->next = 0;
	l->file = sys_openat(AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC, 0);
	return l->file >= 0;
}

/* The end of the mapping that the address lies in; 0: unknown. */
static uintptr_t end_of_stack(uintptr_t address)
{
	struct mapping m;
	struct lines l;
	uintptr_t end = 0;

	if (!open_maps(&l))
		return 0;
	while (end == 0 && next_mapping(&l, &m)) {
		if (address >= m.from && address < m.to)
			end = m.to;
	}
	sys_close(l.file);
	return end;
}

/* A frame is the one below it, and a return address: both ABIs' frame records. */
static unsigned walk(struct frame frame[FRAMES], uintptr_t caller, const uintptr_t *record)
{
	uintptr_t end = end_of_stack((uintptr_t)record);
	uintptr_t at = (uintptr_t)record;
	unsigned count = 1;

	frame[0].address = caller;
	/* The interposed function's own record tells the caller's. */
	while (count < FRAMES && at % sizeof(*record) == 0 && at < end &&
	       end - at >= 2 * sizeof(*record)) {
		uintptr_t next = *(const uintptr_t *)at;

		if (next <= at || next % sizeof(*record) != 0 || next >= end ||
		    end - next < 2 * sizeof(*record))
			break;
		at = next;
		frame[count++].address = ((const uintptr_t *)at)[1];
	}
	return count;
}

static void set_module(struct frame *f, const struct mapping *m, uintptr_t base)
{
	const char *slash = strrchr(m->path, '/');
	size_t length = strlen(slash + 1);

	if (length >= sizeof(f->name))
		length = sizeof(f->name) - 1;
	memcpy(f->name, slash + 1, length);
	f->name[length] = '\0';
	f->offset = f->address - base;
}

static void find_modules(struct frame *frame, unsigned count)
{
	char module[NAME_BYTES * 2] = "";
	uintptr_t base = 0;
	struct mapping m;
	struct lines l;

	if (!open_maps(&l))
		return;
	while (next_mapping(&l, &m)) {
		if (m.path[0] == '\0')
			continue;
		if (strncmp(module, m.path, sizeof(module) - 1) != 0) {
			size_t length = strlen(m.path);

			length = length < sizeof(module) - 1 ? length : sizeof(module) - 1;
			memcpy(module, m.path, length);
			module[length] = '\0';
			base = m.from;
		}
		for (unsigned i = 0; m.code && i < count; i++) {
			if (frame[i].address > m.from && frame[i].address <= m.to)
				set_module(&frame[i], &m, base);
		}
	}
	sys_close(l.file);
}

static void add_offset(struct text *t, uintptr_t offset)
{
	static const char digit[] = "0123456789abcdef";
	bool begun = false;

	text_add(t, "+0x");
	for (int shift = 8 * (int)sizeof(offset) - 4; shift >= 0; shift -= 4) {
		unsigned nibble = offset >> shift & 15;

		begun |= nibble != 0 || shift == 0;
		if (begun)
			text_add_char(t, digit[nibble]);
	}
}

void frames_note(struct self *self, struct slot_ref *slot, uintptr_t caller,
		 const uintptr_t *record)
{
	struct frame frame[FRAMES];
	char memory[SLOT_FRAMES];
	struct text t = text_init(memory, sizeof(memory));
	unsigned count;

	if (!self->frames || self->confined)
		return;
	memset(frame, 0, sizeof(frame));
	count = walk(frame, caller, record);
	find_modules(frame, count);
	/* What lies in no module is no return address, and what is behind it is not, either. */
	for (unsigned i = 0; i < count && frame[i].name[0] != '\0'; i++) {
		if (t.length + NAME_BYTES + 20 > sizeof(memory))
			break;
		text_add(&t, frame[i].name);
		add_offset(&t, frame[i].offset);
		text_add_char(&t, '\n');
	}
	slot_note_frames(slot, memory, (uint32_t)t.length);
}
