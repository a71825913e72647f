/*
 * Finding, reading, closing.
 */
#include "policy/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "base/paths.h"
#include "base/sys.h"
#include "policy/find.h"

/* -ENOENT for what is absent. */
static int text_of(struct eval *e, uint32_t source, const char **into)
{
	struct value v = eval_source(e, source);

	if (v.type == VALUE_UNREADABLE || v.type == VALUE_JSON || v.length >= PATHS_MAX)
		return -EBADMSG;
	if (!value_present(&v) || v.type == VALUE_NULL || v.length == 0)
		return -ENOENT;
	*into = v.text;
	return 0;
}

int file_path(struct eval *e, const struct image_node *node, char **path, size_t *front)
{
	const char *named = NULL, *folder = "";
	struct text t;
	bool home;
	int error = node->count == 4 ? text_of(e, node->operand[0], &named) : -EBADMSG;

	if (error != 0)
		return error;
	home = named[0] == '~' && named[1] == '/';
	if (named[0] != '/')
		error = text_of(e, node->operand[home ? 2 : 3], &folder);
	if (error != 0)
		return error;
	t = arena_text(e->arena);
	text_add(&t, folder);
	text_add(&t, named[0] == '/' ? "" : "/");
	text_add(&t, home ? named + 2 : named);
	*front = home ? 0 : strlen(folder);
	*path = arena_keep(e->arena, &t);
	return *path != NULL && t.length < PATHS_MAX ? 0 : -ENAMETOOLONG;
}

/* An open regular file, or -errno. */
static int open_regular(const char *path)
{
	struct stat st;
	int fd, error = sys_fstatat(AT_FDCWD, path, &st, 0);

	if (error == -ENOTDIR)
		return -ENOENT;
	if (error != 0)
		return error;
	/* To open a device or a FIFO may have effects. */
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);
	if (fd < 0)
		return fd == -ENOENT ? -EAGAIN : fd;
	if (sys_fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= READ_BYTES_MAX)
		return fd;
	sys_close(fd);
	return -EFBIG;
}

/* Behind the bytes lies at least one more. */
#define FILE_ROOM (READ_BYTES_MAX + 4096)

static int read_all(int fd, struct file *into)
{
	while (into->length <= READ_BYTES_MAX) {
		long got =
			sys_read(fd, into->bytes + into->length, READ_BYTES_MAX + 1 - into->length);

		if (got == 0)
			return 0;
		if (got < 0 && got != -EINTR)
			return (int)got;
		if (got > 0)
			into->length += (size_t)got;
	}
	return -EFBIG;
}

/* Not inlined: its memory is not needed while a path is made, which may come from another file. */
static __attribute__((noinline)) int load(const char *path, size_t spare, struct file *into)
{
	int fd = open_regular(path);
	int error;
	long at;

	if (fd < 0)
		return fd;
	at = sys_mmap(NULL, FILE_ROOM + spare, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (sys_failed(at)) {
		sys_close(fd);
		return (int)at;
	}
	*into = (struct file){ .bytes = (char *)at,
			       .spare = (char *)at + FILE_ROOM,
			       .spare_bytes = spare,
			       .mapped = (void *)at,
			       .mapped_bytes = FILE_ROOM + spare };
	error = read_all(fd, into);
	sys_close(fd);
	if (error != 0)
		file_close(into);
	return error;
}

void file_close(struct file *f)
{
	sys_munmap(f->mapped, f->mapped_bytes);
}

/* From /a/b/name to /a/name, `front` being that of /a/b. */
static bool go_up(char *path, size_t *front)
{
	size_t up = *front;

	if (up == 0)
		return false;
	while (up > 1 && path[up - 1] != '/')
		up--;
	up--;
	memmove(path + up, path + *front, strlen(path + *front) + 1);
	*front = up;
	return true;
}

static enum read_format format_of(const struct image_node *node, const char *path)
{
	unsigned format = FILE_FORMAT(node->value);

	if (format == FILE_BY_NAME)
		return read_format_of_path(path, strlen(path));
	return format <= READ_FORMATS ? (enum read_format)(format - 1) : READ_FORMATS;
}

int file_open(struct eval *e, const struct image_node *node, size_t spare, struct file *into)
{
	bool text = FILE_FORMAT(node->value) == FILE_TEXT;
	enum read_format format;
	size_t front;
	char *path;
	int error = file_path(e, node, &path, &front);

	if (error != 0)
		return error;
	format = format_of(node, path);
	if (format == READ_FORMATS && !text)
		return -EINVAL;
	do {
		error = load(path, spare, into);
	} while (error == -ENOENT && (node->value & FILE_UP) != 0 && go_up(path, &front));
	if (error == 0)
		into->format = format;
	return error;
}

struct value file_text(struct arena *arena, const char *bytes, size_t length)
{
	char *copy;

	while (length > 0 && (bytes[length - 1] == '\n' || bytes[length - 1] == '\r'))
		length--;
	for (size_t i = 0; i < length;) {
		size_t step = ((uint8_t)bytes[i] & 0x80) == 0
				      ? bytes[i] != '\0'
				      : text_utf8((const uint8_t *)bytes + i, length - i);

		if (step == 0)
			return value_unreadable();
		i += step;
	}
	copy = arena_copy(arena, bytes, length);
	return copy != NULL ? value_of(VALUE_TEXT, copy, length) : value_unreadable();
}

/* Gives back all of the arena behind the mark but the value's own text. */
static struct value settle(struct arena *arena, size_t mark, struct value v)
{
	const char *begin = (const char *)arena->data + mark;

	if (v.text < begin || v.text >= (const char *)arena->data + arena->used) {
		arena->used = mark;
		return v;
	}
	arena->used = mark;
	begin = memmove(arena_take(arena, v.length + 1), v.text, v.length + 1);
	v.text = begin;
	return v;
}

struct value file_value(struct eval *e, const struct image_node *node)
{
	const struct image_node *key = node_operand(&e->section, node, 1);
	size_t mark = e->arena->used;
	struct value v;
	struct file f;
	int error = file_open(e, node, 0, &f);

	if (error != 0)
		return error == -ENOENT ? value_absent() : value_unreadable();
	if (f.format == READ_FORMATS)
		v = file_text(e->arena, f.bytes, f.length);
	else if (key == NULL)
		v = value_unreadable();
	else
		v = find_in(f.format, f.bytes, f.length, node_text(key), e->arena);
	file_close(&f);
	return settle(e->arena, mark, v);
}
