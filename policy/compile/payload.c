/*
 * What a destination's requests look like: `auth`, `headers`, `each`, `body`, `drop`, `time`.
 */
#include <string.h>

#include "policy/compile/destinations.h"
#include "policy/compile/source.h"
#include "policy/time_text.h"

#define HEADERS_MAX 16
#define DROP_MAX    16

static const char *const auth_names[] = {
#define AUTH(name, text) text,
#include "policy/auths.def"
#undef AUTH
};

static const char *const time_names[] = {
#define TIME(name, text, digits, unit) text,
#include "policy/time_formats.def"
#undef TIME
	NULL,
};

static bool is_printable(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	}
	return true;
}

/* A token of RFC 9110. */
static bool is_token(const char *name)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~";

	return name[0] != '\0' && name[strspn(name, letters)] == '\0';
}

/* Of auths.def: the kind whose text is the word, or "{ word: ...". -1: none. */
static int find_auth(const char *word, bool mapping)
{
	size_t length = strlen(word);

	for (unsigned i = 0; i < AUTH_COUNT; i++) {
		const char *name = auth_names[i];

		if (mapping ? strncmp(name, "{ ", 2) == 0 && strncmp(name + 2, word, length) == 0 &&
				      name[2 + length] == ':'
			    : strcmp(name, word) == 0)
			return (int)i;
	}
	return -1;
}

static void read_named_auth(struct compiler *c, const struct yaml *y, struct policy_destination *d)
{
	const char *name;

	if (!keys_check(&c->d, y, KEYS_AUTH, "auth"))
		return;
	if (y->count != 1) {
		diagnose(&c->d, y->at, "auth: has one of basic, header, scheme, body and query");
		return;
	}
	d->constants.auth = (uint32_t)find_auth(yaml_key(y, 0)->text, true);
	if (!scalar_text(c, yaml_value(y, 0), &name))
		return;
	if ((d->constants.auth == AUTH_HEADER || d->constants.auth == AUTH_SCHEME) &&
	    !is_token(name))
		diagnose(&c->d, yaml_value(y, 0)->at, "'%.60s' can not stand there in a header",
			 name);
	else if (name[0] == '\0' || !is_printable(name) || strpbrk(name, "\"\\:") != NULL)
		diagnose(&c->d, yaml_value(y, 0)->at, "a name is expected, not '%.60s'", name);
	d->auth_name = expr_text(&c->heap, NODE_TEXT, name, y->at);
}

static void read_auth(struct compiler *c, const struct yaml *y, struct policy_destination *d)
{
	static const char *const words[] = { "none", "basic", "bearer", "raw", NULL };
	int found = find_auth(y->text, false);

	if (y->kind != YAML_SCALAR)
		read_named_auth(c, y, d);
	else if (found < 0)
		diagnose_unknown(&c->d, y->at, "auth", y->text, words);
	else
		d->constants.auth = (uint32_t)found;
}

static struct expr *read_headers(struct compiler *c, const struct yaml *y)
{
	struct expr *headers = source_pairs(c, y, "headers");

	if (headers->count / 2 > HEADERS_MAX)
		diagnose(&c->d, y->at, "at most %d headers", HEADERS_MAX);
	for (unsigned i = 0; i < headers->count; i += 2) {
		const struct expr *name = headers->operand[i], *value = headers->operand[i + 1];
		const char *constant = expr_constant(value);

		if (!is_token(name->text) || (constant != NULL && !is_printable(constant)))
			diagnose(&c->d, name->at, "a header is `Name: text` on one line");
		if (value->op == NODE_OBJECT)
			diagnose(&c->d, value->at, "a header is a text, not an object");
	}
	return headers;
}

static bool is_member(const char *path)
{
	static const char *const whole[] = { "user", "session", "pid" };
	static const char *const roots[] = { "context", "properties" };

	for (unsigned i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		if (strcmp(path, whole[i]) == 0)
			return true;
	}
	for (unsigned i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		size_t length = strlen(roots[i]);

		if (strncmp(path, roots[i], length) == 0 &&
		    (path[length] == '\0' || (path[length] == '.' && path[length + 1] != '\0')))
			return is_printable(path) && strpbrk(path, "\"\\") == NULL;
	}
	return false;
}

static struct expr *read_drop(struct compiler *c, const struct yaml *y)
{
	struct expr *list = scalar_texts(c, y, NODE_LIST);

	if (list->count > DROP_MAX)
		diagnose(&c->d, y->at, "at most %d paths", DROP_MAX);
	for (unsigned i = 0; i < list->count; i++) {
		if (!is_member(list->operand[i]->text))
			diagnose(&c->d, list->operand[i]->at,
				 "drop: takes user, session, pid, context, properties and paths in "
				 "the last two (properties.name), not '%.60s'",
				 list->operand[i]->text);
	}
	return list;
}

static void check_body(struct compiler *c, const struct policy_destination *d)
{
	const struct expr *what;

	if (d->body == NULL)
		return;
	if (d->constants.format == FORMAT_NDJSON)
		diagnose(&c->d, d->body->at,
			 "ndjson has a line for each event and nothing around them: write each:");
	else if (d->body->op != NODE_OBJECT)
		diagnose(&c->d, d->body->at, "body: takes object: ...");
	else if (!reach_is_of_request(c, d->body, &what))
		diagnose(&c->d, what->at,
			 "body: is of no single event: it takes constants, ${events} and "
			 "${send.time}");
}

/* The key must find an object to stand in. */
static void check_body_auth(struct compiler *c, const struct policy_destination *d, struct mark at)
{
	const struct image_destination *k = &d->constants;

	if (k->auth != AUTH_BODY)
		return;
	if (k->format == FORMAT_NDJSON)
		diagnose(&c->d, at, "ndjson has no body for a key: take another auth:");
	else if (k->format == FORMAT_JSON && d->body == NULL &&
		 (k->batch != 1 || (d->each != NULL && d->each->op != NODE_OBJECT)))
		diagnose(&c->d, at,
			 "the key needs an object to stand in: write body: { object: { events: "
			 "\"${events}\" } }, or send: { batch: 1 }");
}

void payload_of(struct compiler *c, const struct yaml *y, struct policy_destination *d)
{
	const struct yaml *auth = yaml_get(y, "auth");
	const struct yaml *headers = yaml_get(y, "headers");
	const struct yaml *each = yaml_get(y, "each");
	const struct yaml *body = yaml_get(y, "body");
	const struct yaml *drop = yaml_get(y, "drop");
	const struct yaml *time = yaml_get(y, "time");

	if (auth != NULL)
		read_auth(c, auth, d);
	if (headers != NULL)
		d->headers = read_headers(c, headers);
	if (each != NULL)
		d->each = source_of(c, each);
	if (each != NULL && d->each != NULL && d->each->op != NODE_OBJECT &&
	    d->constants.format != FORMAT_JSON)
		diagnose(&c->d, each->at,
			 "each: takes object: ..., which is merged over what the "
			 "format writes");
	if (body != NULL)
		d->body = source_of(c, body);
	if (drop != NULL)
		d->drop = read_drop(c, drop);
	if (time != NULL &&
	    scalar_choice(c, time, "form of a time", time_names, &d->constants.time))
		d->constants.time++; /* TIME_OWN comes first */
	check_body(c, d);
	if (auth != NULL)
		check_body_auth(c, d, auth->at);
	reach_depth_fits(c, d->headers);
	reach_depth_fits(c, d->each);
	reach_depth_fits(c, d->body);
}
