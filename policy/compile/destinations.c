/*
 * `destinations`: where events go, and how.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "policy/compile/source.h"

#define HEADERS_MAX 16

static const char *const format_names[] = {
#define FORMAT(name, text) text,
#include "policy/formats.def"
#undef FORMAT
	NULL,
};

static const char *const auth_names[] = {
#define AUTH(name, text) text,
#include "policy/auths.def"
#undef AUTH
	NULL,
};

static bool choose(struct compiler *c, const struct yaml *y, const char *what,
		   const char *const *names, uint32_t *into)
{
	const char *text = "";

	if (!scalar_text(c, y, &text))
		return false;
	for (unsigned i = 0; names[i] != NULL; i++) {
		if (strcmp(names[i], text) == 0) {
			*into = i;
			return true;
		}
	}
	diagnose_unknown(&c->d, y->at, what, text, names);
	return false;
}

static void set_status(struct image_destination *d, unsigned first, unsigned last)
{
	for (unsigned i = first; i <= last; i++)
		d->retry_status[i / 8] |= (uint8_t)(1u << i % 8);
}

static void set_defaults(struct image_destination *d)
{
	d->batch = 100;
	d->bytes = 512u << 10;
	d->fill_ms = 1000;
	d->timeout_ms = 10000;
	d->give_up_ms = 60000;
	d->wait_min_ms = 500;
	d->wait_max_ms = 30000;
	d->flags = DESTINATION_RETRY_NETWORK | DESTINATION_RETRY_TIMEOUT;
	set_status(d, 429, 429);
	set_status(d, 500, 599);
}

static void read_send(struct compiler *c, const struct yaml *y, struct image_destination *d)
{
	const struct yaml *one;
	uint64_t bytes;

	if (!keys_check(&c->d, y, KEYS_SEND, "send"))
		return;
	one = yaml_get(y, "batch");
	if (one != NULL)
		scalar_number(c, one, 1, 100000, &d->batch);
	one = yaml_get(y, "bytes");
	if (one != NULL && scalar_bytes(c, one, &bytes)) {
		if (bytes < 1024 || bytes > 64u << 20)
			diagnose(&c->d, one->at, "bytes: from 1KiB to 64MiB");
		d->bytes = (uint32_t)bytes;
	}
	one = yaml_get(y, "wait");
	if (one != NULL)
		scalar_milliseconds(c, one, &d->fill_ms);
	one = yaml_get(y, "timeout");
	if (one != NULL)
		scalar_milliseconds(c, one, &d->timeout_ms);
	one = yaml_get(y, "give_up");
	if (one != NULL)
		scalar_milliseconds(c, one, &d->give_up_ms);
}

static void add_failure(struct compiler *c, const struct yaml *one, void *context)
{
	struct image_destination *d = context;
	const char *text = one->text;

	if (strcmp(text, "network") == 0)
		d->flags |= DESTINATION_RETRY_NETWORK;
	else if (strcmp(text, "timeout") == 0)
		d->flags |= DESTINATION_RETRY_TIMEOUT;
	else if (strlen(text) == 3 && text[0] >= '3' && text[0] <= '5' &&
		 strcmp(text + 1, "xx") == 0)
		set_status(d, (unsigned)(text[0] - '0') * 100,
			   (unsigned)(text[0] - '0') * 100 + 99);
	else if (strlen(text) == 3 && text[0] >= '3' && text[0] <= '5' &&
		 strspn(text, "0123456789") == 3)
		set_status(
			d, (unsigned)((text[0] - '0') * 100 + (text[1] - '0') * 10 + text[2] - '0'),
			(unsigned)((text[0] - '0') * 100 + (text[1] - '0') * 10 + text[2] - '0'));
	else
		diagnose(&c->d, one->at,
			 "a status (429), a class (5xx), network or timeout is expected, not "
			 "'%.60s'",
			 text);
}

static void read_retry(struct compiler *c, const struct yaml *y, struct image_destination *d)
{
	const struct yaml *one;

	if (!keys_check(&c->d, y, KEYS_RETRY, "retry"))
		return;
	one = yaml_get(y, "after");
	if (one != NULL) {
		memset(d->retry_status, 0, sizeof(d->retry_status));
		d->flags &= ~(DESTINATION_RETRY_NETWORK | DESTINATION_RETRY_TIMEOUT);
		if (one->kind != YAML_LIST || one->count > 0)
			scalar_each(c, one, add_failure, d);
	}
	one = yaml_get(y, "wait");
	if (one != NULL)
		scalar_range(c, one, &d->wait_min_ms, &d->wait_max_ms);
	one = yaml_get(y, "tries");
	if (one != NULL)
		scalar_number(c, one, 1, 1000, &d->tries);
}

static void read_spool(struct compiler *c, const struct yaml *y, struct image_destination *d)
{
	const struct yaml *one;

	if (!keys_check(&c->d, y, KEYS_SPOOL, "spool"))
		return;
	one = yaml_get(y, "bytes");
	if (one != NULL)
		scalar_bytes(c, one, &d->spool_bytes);
	one = yaml_get(y, "age");
	if (one != NULL)
		scalar_duration(c, one, &d->spool_age_ns);
}

static bool is_printable(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	}
	return true;
}

/* A token of RFC 9110. */
static bool is_header_name(const char *name)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~";

	return name[0] != '\0' && name[strspn(name, letters)] == '\0';
}

static void add_header(struct compiler *c, const struct yaml *key, const struct yaml *y,
		       struct expr *list)
{
	size_t bytes = strlen(key->text) + strlen(y->text) + 3;
	char *line = heap_take(&c->heap, bytes);
	const char *value;

	if (!scalar_text(c, y, &value))
		return;
	if (!is_header_name(key->text) || !is_printable(value)) {
		diagnose(&c->d, key->at, "a header is `Name: text` on one line");
		return;
	}
	if (strstr(value, "${") != NULL)
		diagnose(&c->d, y->at, "headers are constant in this version: no ${...} here");
	snprintf(line, bytes, "%s: %s", key->text, value);
	expr_add(&c->heap, list, expr_text(&c->heap, NODE_TEXT, line, y->at));
}

static struct expr *read_headers(struct compiler *c, const struct yaml *y)
{
	struct expr *list = expr_new(&c->heap, NODE_LIST, 0, y->at);

	if (y->kind != YAML_MAP)
		diagnose(&c->d, y->at, "headers is a mapping of names to texts");
	for (unsigned i = 0; y->kind == YAML_MAP && i < y->count; i++)
		add_header(c, yaml_key(y, i), yaml_value(y, i), list);
	if (list->count > HEADERS_MAX)
		diagnose(&c->d, y->at, "at most %d headers", HEADERS_MAX);
	return list;
}

static bool begins(const char *text, const char *with)
{
	return strncasecmp(text, with, strlen(with)) == 0 && text[strlen(with)] != '\0';
}

static void check_url(struct compiler *c, const struct policy_destination *d)
{
	const char *url = expr_constant(d->url);
	bool file;

	if (url == NULL)
		return;
	file = begins(url, "file:/");
	if (!file && !begins(url, "http://") && !begins(url, "https://"))
		diagnose(&c->d, d->url->at,
			 "a URL begins with http://, https:// or file:/, not '%.60s'", url);
	else if (file && d->constants.format != FORMAT_NDJSON)
		diagnose(&c->d, d->url->at, "a file takes format: ndjson");
}

static struct expr *read_path(struct compiler *c, const struct yaml *y, const char *what)
{
	const char *text;

	if (!scalar_text(c, y, &text))
		return NULL;
	if (strstr(text, "${") != NULL)
		diagnose(&c->d, y->at, "%s is constant in this version: no ${...} here", what);
	return expr_text(&c->heap, NODE_TEXT, text, y->at);
}

static void read_transport(struct compiler *c, const struct yaml *y, struct policy_destination *d)
{
	const struct yaml *headers = yaml_get(y, "headers");
	const struct yaml *gzip = yaml_get(y, "gzip");
	const struct yaml *tls = yaml_get(y, "tls");
	const struct yaml *proxy = yaml_get(y, "proxy");
	bool on = false;

	if (headers != NULL)
		d->headers = read_headers(c, headers);
	if (gzip != NULL && scalar_bool(c, gzip, &on) && on)
		d->constants.flags |= DESTINATION_GZIP;
	if (proxy != NULL)
		d->proxy = read_path(c, proxy, "proxy");
	if (tls == NULL || !keys_check(&c->d, tls, KEYS_TLS, "tls"))
		return;
	if (yaml_get(tls, "ca") == NULL)
		diagnose(&c->d, tls->at, "tls: takes ca, a file of certificates");
	else
		d->ca_file = read_path(c, yaml_get(tls, "ca"), "ca");
	if (d->ca_file != NULL && d->ca_file->text[0] != '/')
		diagnose(&c->d, d->ca_file->at, "ca: takes an absolute path");
}

static void read_where(struct compiler *c, const struct yaml *y, struct policy_destination *d)
{
	const struct yaml *format = yaml_get(y, "format");
	const struct yaml *url = yaml_get(y, "url");
	const struct yaml *key = yaml_get(y, "key");
	const struct yaml *auth = yaml_get(y, "auth");

	if (format == NULL)
		diagnose(&c->d, y->at,
			 "the destination '%.60s' needs format: ndjson, segment or json", d->name);
	else
		choose(c, format, "format", format_names, &d->constants.format);
	if (url == NULL)
		diagnose(&c->d, y->at, "the destination '%.60s' needs url:", d->name);
	else
		d->url = source_of(c, url);
	if (key != NULL)
		d->key = source_of(c, key);
	if (auth != NULL)
		choose(c, auth, "auth", auth_names, &d->constants.auth);
	check_url(c, d);
	reach_depth_fits(c, d->url);
	reach_depth_fits(c, d->key);
}

static void read_destination(struct compiler *c, const struct yaml *y, struct policy_destination *d)
{
	const struct yaml *send = yaml_get(y, "send");
	const struct yaml *retry = yaml_get(y, "retry");
	const struct yaml *spool = yaml_get(y, "spool");

	set_defaults(&d->constants);
	if (!keys_check(&c->d, y, KEYS_DESTINATION, "a destination"))
		return;
	read_where(c, y, d);
	if (send != NULL)
		read_send(c, send, &d->constants);
	if (retry != NULL)
		read_retry(c, retry, &d->constants);
	if (spool != NULL)
		read_spool(c, spool, &d->constants);
	read_transport(c, y, d);
}

void destinations_of(struct compiler *c, const struct yaml *y)
{
	if (y == NULL || y->kind != YAML_MAP || y->count == 0) {
		struct mark top = { 1, 1 };

		diagnose(&c->d, y != NULL ? y->at : top,
			 "destinations: is missing or empty: name at least one, with format: and "
			 "url:");
		return;
	}
	c->destination = heap_take(&c->heap, y->count * sizeof(*c->destination));
	c->destinations = y->count;
	for (unsigned i = 0; i < y->count; i++) {
		c->destination[i].name = yaml_key(y, i)->text;
		read_destination(c, yaml_value(y, i), &c->destination[i]);
	}
}

static bool holds(const struct expr *list, uint32_t number)
{
	for (unsigned i = 0; i < list->count; i++) {
		if (list->operand[i]->value == number)
			return true;
	}
	return false;
}

static void add_named(struct compiler *c, const struct yaml *one, void *list)
{
	const char **names = heap_take(&c->heap, (c->destinations + 1) * sizeof(*names));

	for (unsigned i = 0; i < c->destinations; i++) {
		names[i] = c->destination[i].name;
		if (strcmp(names[i], one->text) == 0) {
			if (holds(list, i))
				diagnose(&c->d, one->at,
					 "the destination '%.60s' stands here twice", one->text);
			expr_add(&c->heap, list, expr_new(&c->heap, NODE_INTEGER, i, one->at));
			return;
		}
	}
	diagnose_unknown(&c->d, one->at, "destination", one->text, names);
}

struct expr *destinations_named(struct compiler *c, const struct yaml *y)
{
	struct expr *list = expr_new(&c->heap, NODE_LIST, 0, y->at);

	scalar_each(c, y, add_named, list);
	return list;
}

int compile_check_to(const char *to)
{
	return begins(to, "file:/") || begins(to, "http://") || begins(to, "https://") ? 0
										       : -EINVAL;
}

void destinations_override(struct compiler *c)
{
	const struct mark nowhere = { 0, 0 };
	struct policy_destination *d = heap_take(&c->heap, sizeof(*d));
	struct expr *to = expr_new(&c->heap, NODE_LIST, 0, nowhere);

	set_defaults(&d->constants);
	d->name = "to";
	d->constants.format = begins(c->options->to, "file:/") ? FORMAT_NDJSON : FORMAT_JSON;
	d->url = expr_text(&c->heap, NODE_TEXT, c->options->to, nowhere);
	c->destination = d;
	c->destinations = 1;
	expr_add(&c->heap, to, expr_new(&c->heap, NODE_INTEGER, 0, nowhere));
	for (unsigned i = 0; i < c->services; i++) {
		for (unsigned j = 0; j < c->service[i].events; j++)
			c->service[i].event[j].scope.to = to;
	}
}
