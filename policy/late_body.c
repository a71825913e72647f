/*
 * `body` of a destination: evaluated for a request, when no process is at hand.
 */
#include "policy/late.h"

#include <errno.h>
#include <string.h>

#include "policy/eval.h"
#include "policy/image.h"

static struct value request_fact(struct eval *e, enum fact fact)
{
	const struct late_request *r = e->context;
	struct text t;
	char *kept;

	if (fact == FACT_EVENTS)
		return value_of(VALUE_JSON, r->events, r->length);
	if (fact != FACT_SEND_TIME)
		return value_absent();
	t = arena_text(e->arena);
	text_add_time(&t, r->now_ns, 6);
	kept = arena_keep(e->arena, &t);
	return kept != NULL ? value_of(VALUE_TEXT, kept, t.length) : value_unreadable();
}

static struct value no_env(struct eval *e, uint32_t number, const char *name)
{
	(void)e;
	(void)number;
	(void)name;
	return value_absent();
}

static struct value no_id(struct eval *e, const struct eval_id *which)
{
	(void)e;
	(void)which;
	return value_absent();
}

static const struct eval_world request_sources = { .env = no_env,
						   .fact = request_fact,
						   .id = no_id };

int late_body(const struct image *image, uint32_t number, struct late_request *request,
	      void *memory, size_t bytes, const char **into)
{
	struct arena arena = arena_init(memory, bytes);
	struct eval e = { .section = image->late,
			  .arena = &arena,
			  .world = &request_sources,
			  .context = request,
			  .steps = EVAL_STEPS };
	struct value v;

	if (number >= image->tables->destination_count)
		return -EBADMSG;
	if (image->destination[number].body == 0)
		return -ENODATA;
	v = eval_source(&e, image->destination[number].body);
	if (arena.full)
		return -ENOBUFS;
	if (v.type != VALUE_JSON)
		return -EBADMSG;
	*into = v.text;
	return 0;
}
