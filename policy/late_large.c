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

#define TREE_BYTES (8u << 20)  /* touched only as far as the tree goes */
#define VALUE_MOST (64u << 10) /* one value must not fill the event's arena */

/* Memory for one tree, and the file it was read from, if it was one. */
struct scratch {
	struct arena arena;
	void *mapped;
	size_t bytes;
};

/* The tree's scalar, or its JSON, in the arena. */
static struct value value_of_tree(struct arena *arena, const struct tree *t)
{
	struct text text = arena_text(arena);
	char *kept;

	if (text.capacity > VALUE_MOST)
		text.capacity = VALUE_MOST;
	if (t->type == VALUE_JSON)
		tree_add_json(&text, t);
	else
		text_add_bytes(&text, t->text, t->length);
	if (text.truncated)
		return value_unreadable();
	kept = arena_keep(arena, &text);
	return kept != NULL ? value_of(t->type, kept, text.length) : value_unreadable();
}

static bool may_read(const struct eval *e)
{
	const struct late_world *w = e->context;

	return sys_geteuid() == w->process->start->uid && !w->process->untrusted;
}

/* The part of the file's tree that the node names, or NULL and *v. */
static struct tree *part_of(struct eval *e, const struct image_node *node, struct tree *t,
			    struct value *v)
{
	const struct image_node *key = node_operand(&e->section, node, 1);
	bool ambiguous = t == NULL;

	if (t != NULL && key != NULL)
		t = tree_at(t, node_text(key), &ambiguous);
	*v = ambiguous ? value_unreadable() : value_absent();
	/* Names that the policy does not name do not leave. */
	if (t != NULL && (node->value & FILE_SUBTREE) == 0 && !tree_is_plain(t))
		return NULL;
	return t;
}

static struct tree *tree_of_file(struct eval *e, const struct image_node *node, struct scratch *s,
				 struct value *v)
{
	struct file f;
	int error = may_read(e) ? file_open(e, node, TREE_BYTES, &f) : -EPERM;

	*v = error == -ENOENT ? value_absent() : value_unreadable();
	if (error != 0)
		return NULL;
	s->arena = arena_init(f.spare, f.spare_bytes);
	s->mapped = f.mapped;
	s->bytes = f.mapped_bytes;
	if (f.format != READ_FORMATS)
		return part_of(e, node, tree_read(f.format, f.bytes, f.length, &s->arena), v);
	if (f.length < VALUE_MOST)
		*v = file_text(e->arena, f.bytes, f.length);
	return NULL;
}

/* The text as a document of this format; NULL: it is none. */
static struct tree *tree_of_text(struct scratch *s, enum read_format format,
				 const struct value *text)
{
	size_t bytes = TREE_BYTES + text->length + 16;
	long at = sys_mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char *copy;

	if (sys_failed(at))
		return NULL;
	s->mapped = (void *)at;
	s->bytes = bytes;
	s->arena = arena_init(s->mapped, bytes);
	copy = arena_copy(&s->arena, text->text, text->length);
	return tree_read(format, copy, text->length, &s->arena);
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

/* What the node makes of the tree; NULL and *v when it has no such part. */
static struct tree *edit(struct eval *e, const struct image_node *node, struct tree *t,
			 struct scratch *s, struct value *v)
{
	const char *paths[SELECT_PATHS_MAX] = { NULL };
	unsigned count = 0;

	if (node->op == NODE_LOOKUP) {
		*v = eval_source(e, node->count == 3 ? node->operand[2] : 0);
		t = value_present(v) ? look_up(t, node_text(node_operand(&e->section, node, 1)), v)
				     : NULL;
		*v = value_absent();
		return t;
	}
	while (count + 1u < node->count && count < SELECT_PATHS_MAX) {
		paths[count] = node_text(node_operand(&e->section, node, count + 1));
		count++;
	}
	if (node->op == NODE_KEEP)
		tree_keep(t, paths, count);
	else if (node->op == NODE_PRESENCE && count == 0)
		tree_mask_all(t);
	for (unsigned i = 0; i < count && node->op == NODE_PRESENCE; i++)
		tree_mask(t, paths[i], &s->arena);
	for (unsigned i = 0; i < count && node->op == NODE_DROP; i++)
		tree_drop(t, paths[i]);
	return t;
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

static struct tree *make_tree(struct eval *e, const struct image_node *node, struct scratch *s,
			      struct value *v);

static bool is_tree(unsigned op)
{
	return op == NODE_FILE || op == NODE_KEEP || op == NODE_DROP || op == NODE_PRESENCE ||
	       op == NODE_LOOKUP || op == NODE_PARSE;
}

/* That of what is edited or parsed; NULL: *v is it. */
static struct tree *tree_of_operand(struct eval *e, const struct image_node *node,
				    struct scratch *s, struct value *v)
{
	const struct image_node *operand = node_operand(&e->section, node, 0);
	bool parse = node->op == NODE_PARSE;
	struct tree *t;

	if (operand != NULL && is_tree(operand->op) && !parse)
		return make_tree(e, operand, s, v);
	*v = eval_source(e, node->count > 0 ? node->operand[0] : 0);
	if (v->type != (parse ? VALUE_TEXT : VALUE_JSON) || (parse && node->value >= READ_FORMATS))
		return NULL;
	t = tree_of_text(s, parse ? (enum read_format)node->value : READ_json, v);
	if (t == NULL)
		*v = value_unreadable();
	return t;
}

static struct tree *edit_operand(struct eval *e, const struct image_node *node, struct scratch *s,
				 struct value *v)
{
	struct tree *t = tree_of_operand(e, node, s, v);

	if (node->op == NODE_PARSE)
		return t;
	if (t != NULL && t->type == VALUE_JSON)
		return edit(e, node, t, s, v);
	if (t != NULL)
		*v = value_of_tree(e->arena, t);
	*v = edit_scalar(node, v);
	return NULL;
}

/* Edits that stand on one another are made in one tree. NULL: there is none, *v is the value. */
static struct tree *make_tree(struct eval *e, const struct image_node *node, struct scratch *s,
			      struct value *v)
{
	struct tree *t;

	*v = value_unreadable();
	if (e->depth >= EVAL_DEPTH)
		return NULL;
	e->depth++;
	t = node->op == NODE_FILE ? tree_of_file(e, node, s, v) : edit_operand(e, node, s, v);
	e->depth--;
	return t;
}

static struct value eval_tree(struct eval *e, const struct image_node *node)
{
	struct scratch s = { 0 };
	struct value v;
	const struct tree *t = make_tree(e, node, &s, &v);

	if (t != NULL)
		v = value_of_tree(e->arena, t);
	if (s.mapped != NULL)
		sys_munmap(s.mapped, s.bytes);
	return v;
}

struct value late_large(struct eval *e, const struct image_node *node)
{
	if (node->op == NODE_SIZE)
		return eval_size(e, node);
	return node->op == NODE_ARRAY ? eval_array(e, node) : eval_tree(e, node);
}
