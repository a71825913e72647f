/*
 * What is taken out of files and of JSON, for drainers: each in a tree, in memory of its own that
 * is given back. A file is read with what the drainer may, so only a drainer of the process's own
 * user reads one.
 */
#include "policy/late_large.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/sys.h"
#include "policy/file.h"
#include "policy/file_size.h"
#include "policy/late_world.h"
#include "policy/tree.h"

#define TREE_BYTES (8u << 20) /* touched only as far as the tree goes */

/* The tree's scalar, or its JSON, in the arena. */
static struct value value_of_tree(struct arena *arena, const struct tree *t)
{
	struct text text;
	char *kept;

	if (t->type != VALUE_JSON) {
		kept = arena_copy(arena, t->text, t->length);
		return kept != NULL ? value_of(t->type, kept, t->length) : value_unreadable();
	}
	text = arena_text(arena);
	tree_add_json(&text, t);
	kept = arena_keep(arena, &text);
	return kept != NULL ? value_of(VALUE_JSON, kept, text.length) : value_unreadable();
}

static struct value in_tree(struct eval *e, const struct image_node *node, struct tree *t)
{
	const struct image_node *key = node_operand(&e->section, node, 1);
	bool ambiguous = false;

	if (t == NULL)
		return value_unreadable();
	if (key != NULL)
		t = tree_at(t, node_text(key), &ambiguous);
	if (t == NULL)
		return ambiguous ? value_unreadable() : value_absent();
	/* Names that the policy does not name do not leave. */
	if ((node->value & FILE_SUBTREE) == 0 && !tree_is_plain(t))
		return value_absent();
	return value_of_tree(e->arena, t);
}

static bool may_read(const struct eval *e)
{
	const struct late_world *w = e->context;

	return sys_geteuid() == w->process->start->uid && !w->process->untrusted;
}

static struct value eval_file(struct eval *e, const struct image_node *node)
{
	struct arena memory;
	struct value v;
	struct file f;
	int error = may_read(e) ? file_open(e, node, TREE_BYTES, &f) : -EPERM;

	if (error != 0)
		return error == -ENOENT ? value_absent() : value_unreadable();
	memory = arena_init(f.spare, f.spare_bytes);
	v = f.format == READ_FORMATS
		    ? file_text(e->arena, f.bytes, f.length)
		    : in_tree(e, node, tree_read(f.format, f.bytes, f.length, &memory));
	file_close(&f);
	return v;
}

static struct value eval_size(struct eval *e, const struct image_node *node)
{
	uint64_t bytes;
	size_t front;
	char *path;
	int error = may_read(e) ? file_path(e, node, &path, &front) : -EPERM;

	if (error == 0)
		error = file_size(path, &bytes);
	if (error != 0)
		return error == -ENOENT ? value_absent() : value_unreadable();
	return facts_number(e->arena, bytes);
}

static struct value eval_array(struct eval *e, const struct image_node *node)
{
	struct value *v = arena_take(e->arena, node->count * sizeof(*v));
	struct text t;
	char *kept;

	if (v == NULL)
		return value_unreadable();
	for (unsigned i = 0; i < node->count; i++)
		v[i] = eval_source(e, node->operand[i]);
	t = arena_text(e->arena);
	text_add_char(&t, '[');
	for (unsigned i = 0; i < node->count; i++) {
		if (!value_present(&v[i]))
			continue;
		if (t.length > 1)
			text_add_char(&t, ',');
		value_add_json(&t, &v[i]);
	}
	text_add_char(&t, ']');
	kept = arena_keep(e->arena, &t);
	return kept != NULL ? value_of(VALUE_JSON, kept, t.length) : value_unreadable();
}

/* The first element, or member, that has the wanted value at the path. */
static struct tree *look_up(struct tree *list, const char *by, const struct value *wanted)
{
	for (struct tree *t = list->first; t != NULL; t = t->next) {
		bool ambiguous;
		struct tree *found = tree_at(t, by, &ambiguous);
		struct value v = found != NULL ? tree_value(found) : value_absent();

		if (v.type != VALUE_JSON && value_is(&v, wanted) == TRUTH_TRUE)
			return t;
	}
	return NULL;
}

static struct value eval_lookup(struct eval *e, const struct image_node *node, struct tree *t)
{
	struct value wanted = eval_source(e, node->count == 3 ? node->operand[2] : 0);

	if (!value_present(&wanted))
		return wanted;
	t = look_up(t, node_text(node_operand(&e->section, node, 1)), &wanted);
	return t != NULL ? value_of_tree(e->arena, t) : value_absent();
}

static void keep(struct eval *e, const struct image_node *node, struct tree *t)
{
	const char *paths[SELECT_PATHS_MAX];
	unsigned count = 0;

	for (unsigned i = 1; i < node->count && count < SELECT_PATHS_MAX; i++)
		paths[count++] = node_text(node_operand(&e->section, node, i));
	tree_keep(t, paths, count);
}

static void presence(struct eval *e, const struct image_node *node, struct tree *t,
		     struct arena *memory)
{
	if (node->count == 1)
		tree_mask_all(t);
	for (unsigned i = 1; i < node->count; i++)
		tree_mask(t, node_text(node_operand(&e->section, node, i)), memory);
}

static struct value edit(struct eval *e, const struct image_node *node, struct tree *t,
			 struct arena *memory)
{
	if (t == NULL)
		return value_unreadable();
	if (node->op == NODE_LOOKUP)
		return eval_lookup(e, node, t);
	if (node->op == NODE_KEEP)
		keep(e, node, t);
	else if (node->op == NODE_PRESENCE)
		presence(e, node, t, memory);
	for (unsigned i = 1; node->op == NODE_DROP && i < node->count; i++)
		tree_drop(t, node_text(node_operand(&e->section, node, i)));
	return value_of_tree(e->arena, t);
}

/* Of a scalar nothing is kept: it has no names that one could know. */
static struct value edit_scalar(const struct image_node *node, const struct value *v)
{
	if (v->type == VALUE_NULL || !value_present(v))
		return *v;
	if (node->op == NODE_PRESENCE && node->count == 1)
		return value_of(VALUE_JSON, "{}", 2);
	return value_absent();
}

/* The value's text as a document of this format, in a tree, and what the node makes of it. */
static struct value edit_text(struct eval *e, const struct image_node *node,
			      enum read_format format, const struct value *text)
{
	size_t bytes = TREE_BYTES + text->length + 16;
	long at = sys_mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct arena memory;
	struct value v;
	char *copy;

	if (sys_failed(at))
		return value_unreadable();
	memory = arena_init((void *)at, bytes);
	copy = arena_copy(&memory, text->text, text->length);
	v = edit(e, node, tree_read(format, copy, text->length, &memory), &memory);
	sys_munmap((void *)at, bytes);
	return v;
}

static struct value eval_edit(struct eval *e, const struct image_node *node)
{
	struct value v = node->count > 0 ? eval_source(e, node->operand[0]) : value_unreadable();

	if (node->op != NODE_PARSE)
		return v.type == VALUE_JSON ? edit_text(e, node, READ_json, &v)
					    : edit_scalar(node, &v);
	return v.type == VALUE_TEXT && node->value < READ_FORMATS
		       ? edit_text(e, node, (enum read_format)node->value, &v)
		       : v;
}

struct value late_large(struct eval *e, const struct image_node *node)
{
	switch (node->op) {
	case NODE_FILE:
		return eval_file(e, node);
	case NODE_SIZE:
		return eval_size(e, node);
	case NODE_ARRAY:
		return eval_array(e, node);
	default:
		return eval_edit(e, node);
	}
}
