/*
 * The recorded call as sources. Its bytes come from shared memory: every length is checked here.
 */
#include "policy/late_world.h"

#include <string.h>

#include "policy/call_format.h"
#include "policy/image.h"

static const struct {
	uint8_t class;
	uint8_t bytes;
} kinds[] = {
#define KIND(name, text, class, bytes) { CALL_##class, bytes },
#include "policy/call_kinds.def"
#undef KIND
};

static const struct late_call *call_of(const struct eval *e)
{
	const struct late_world *w = e->context;

	return w->process->call;
}

static struct value kept(struct eval *e, const struct text *t)
{
	const char *copy = t->truncated ? NULL : arena_copy(e->arena, t->data, t->length);

	return copy != NULL ? value_of(VALUE_NUMBER, copy, t->length) : value_unreadable();
}

/* JSON has no number for what is not finite; six decimal places are kept. */
static struct value number_of_double(struct eval *e, uint64_t word, unsigned bytes)
{
	char memory[48];
	struct text t = text_init(memory, sizeof(memory));
	double d;
	float f;

	if (bytes == 4) {
		uint32_t half = (uint32_t)word;

		memcpy(&f, &half, sizeof(f));
		d = (double)f;
	} else {
		memcpy(&d, &word, sizeof(d));
	}
	if (d > -9e12 && d < 9e12)
		text_add_decimal(&t, (int64_t)(d * 1e6 + (d < 0 ? -0.5 : 0.5)), 6);
	else if (d > -9e18 && d < 9e18)
		text_add_signed(&t, (int64_t)d);
	else
		return value_absent();
	return kept(e, &t);
}

/* A word as its kind says; of an int without a prototype 32 bits may be meant. */
static struct value word_value(struct eval *e, uint64_t word, unsigned kind)
{
	char memory[32];
	struct text t = text_init(memory, sizeof(memory));

	if (kind == CALL_INT && word >> 32 == 0)
		word = (uint64_t)(int64_t)(int32_t)word;
	switch (kinds[kind].class) {
	case CALL_IS_SIGNED:
		text_add_signed(&t, (int64_t)word);
		break;
	case CALL_IS_UNSIGNED:
		text_add_unsigned(&t, word);
		break;
	case CALL_IS_FLOAT:
		return number_of_double(e, word, kinds[kind].bytes);
	default:
		return value_absent();
	}
	return kept(e, &t);
}

static struct value item_value(struct eval *e, const struct call_item *item, const uint8_t *bytes)
{
	unsigned kind = CALL_KEY_KIND(item->key);
	uint64_t word = 0;

	if (kind >= CALL_KIND_COUNT)
		return value_unreadable();
	if (kinds[kind].class == CALL_IS_TEXT) {
		const char *copy = arena_copy(e->arena, (const char *)bytes, item->length);

		return copy != NULL ? value_of(VALUE_TEXT, copy, item->length) : value_unreadable();
	}
	if (item->length != sizeof(word))
		return value_unreadable();
	memcpy(&word, bytes, sizeof(word));
	return word_value(e, word, kind);
}

struct value late_call_parameter(struct eval *e, uint32_t key)
{
	const struct late_call *call = call_of(e);
	uint32_t at = sizeof(struct call_record);
	struct call_item item;

	while (call != NULL && call->bytes >= sizeof(item) && at <= call->bytes - sizeof(item)) {
		const uint8_t *bytes = (const uint8_t *)call->record + at;

		memcpy(&item, bytes, sizeof(item));
		at += sizeof(item);
		if (item.length > call->bytes - at)
			break;
		if (item.key == key)
			return item_value(e, &item, bytes + sizeof(item));
		at += (item.length + CALL_ALIGN - 1) / CALL_ALIGN * CALL_ALIGN;
	}
	return value_absent();
}

static struct value name_value(struct eval *e, const struct late_call *call)
{
	const struct late_world *w = e->context;
	const struct image *image = w->process->image;
	const struct image_service *service = &image->service[w->process->start->service];
	const struct image_node *names = node_of(&image->late, service->calls, NODE_LIST);

	return value_text(names != NULL
				  ? node_text(node_operand(&image->late, names, call->record->call))
				  : NULL);
}

static struct value duration(struct eval *e, const struct call_record *record, unsigned places)
{
	char memory[32];
	struct text t = text_init(memory, sizeof(memory));

	if ((record->flags & CALL_HAS_DURATION) == 0)
		return value_absent();
	text_add_decimal(&t, (int64_t)record->duration_ns, places);
	return kept(e, &t);
}

struct value late_call_fact(struct eval *e, enum fact fact)
{
	const struct late_call *call = call_of(e);
	const struct call_record *record;
	unsigned kind;

	if (call == NULL)
		return value_absent();
	record = call->record;
	kind = CALL_RESULT_KIND(record->flags);
	switch (fact) {
	case FACT_CALL_NAME:
		return name_value(e, call);
	case FACT_CALL_RESULT:
		return (record->flags & CALL_HAS_RESULT) != 0 && kind < CALL_KIND_COUNT
			       ? word_value(e, record->result, kind)
			       : value_absent();
	case FACT_CALL_ERRNO:
		return (record->flags & CALL_HAS_ERROR) != 0
			       ? facts_number(e->arena, (uint64_t)(uint32_t)record->error)
			       : value_absent();
	case FACT_CALL_DURATION_MS:
		return duration(e, record, 6);
	case FACT_CALL_DURATION_US:
		return duration(e, record, 3);
	default:
		return duration(e, record, 0);
	}
}
