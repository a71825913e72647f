/*
 * The `file` source: where its file lies, its bytes, and the value of one key in it. Inside it is
 * read with raw system calls into memory of its own, which is given back; nothing of the file is
 * kept but the value. Only a regular file is opened, never what could block, have side effects or
 * become a terminal; a file is copied, not mapped, so that one that shrinks meanwhile harms nobody.
 * Any world.
 */
#ifndef BOOKEND_POLICY_FILE_H
#define BOOKEND_POLICY_FILE_H

#include "policy/eval.h"
#include "policy/read.h"

/*
 * NODE_FILE: path, key (TEXT) or 0, HOME (ENV) or 0, the working directory (FACT) or 0. Its value:
 * how it is read, where it is looked for, and whether objects may be taken from it.
 */
#define FILE_BY_NAME 0u /* by the end of its path */
#define FILE_TEXT                                                                                  \
	0xffu /* as one text, without the newlines at its end; else 1 + enum read_format */
#define FILE_FORMAT(value) ((value)&0xff)
#define FILE_UP		   0x100u /* in the working directory, or the next one above it that has it */
#define FILE_SUBTREE	   0x200u /* keep or presence is to follow */

struct file {
	char *bytes; /* may be changed; one more may be written */
	size_t length;
	enum read_format format; /* READ_FORMATS: one text */
	char *spare;		 /* further memory */
	size_t spare_bytes;
	void *mapped;
	size_t mapped_bytes;
};

/*
 * The file that the node names, and `spare` bytes of memory. 0, until file_close(); -ENOENT: there
 * is none; any other -errno: it is unreadable, or its format is not known.
 */
int file_open(struct eval *e, const struct image_node *node, size_t spare, struct file *into);
void file_close(struct file *f);

/*
 * The path of such a node, in the arena, not yet looked for upwards. Its first *front bytes are the
 * working directory, 0 for another place. 0, or as file_open().
 */
int file_path(struct eval *e, const struct image_node *node, char **path, size_t *front);

/* The key's value, or the text; of an object or a list only whether it is empty. */
struct value file_value(struct eval *e, const struct image_node *node);

/* The text of a file without the newlines at its end; unreadable when it is no text. */
struct value file_text(struct arena *arena, const char *bytes, size_t length);

#endif
