/*
 * `destinations`: where events go, and how.
 */
#include "policy/compile/destinations.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "policy/compile/source.h"

static const char *const format_names[] = {
#define FORMAT(name, text) text,
#include "policy/formats.def"
#undef FORMAT
	NULL,
};

static bool begins(const char *text, const char *with)
{
	return strncasecmp(text, with, strlen(with)) == 0 && text[strlen(with)] != '\0';
}

static void check_url(struct compiler *c, const struct policy_destination *d)
{
	const char *url = expr_constant(d->url);
	bool lines;

	if (url == NULL)
		return;
	lines = begins(url, "file:/") || begins(url, "unix:/");
	if (!lines && !begins(url, "http://") && !begins(url, "https://"))
		diagnose(&c->d, d->url->at,
			 "a URL begins with http://, https://, file:/ or unix:/, not '%.60s'", url);
	else if (lines && d->constants.format != FORMAT_NDJSON)
		diagnose(&c->d, d->url->at, "a %s takes format: ndjson",
			 begins(url, "file:/") ? "file" : "socket");
}

/* A path where a file must be found, whatever the directory. */
static struct expr *read_path(struct compiler *c, const struct yaml *map, const char *key)
{
	const struct yaml *y = yaml_get(map, key);
	const char *text;

	if (y == NULL || !scalar_text(c, y, &text))
		return NULL;
	if (strstr(text, "${") != NULL)
		diagnose(&c->d, y->at, "%s is constant in this version: no ${...} here", key);
	else if (strcmp(key, "proxy") != 0 && text[0] != '/')
		diagnose(&c->d, y->at, "%s: takes an absolute path", key);
	return expr_text(&c->heap, NODE_TEXT, text, y->at);
}

static void read_tls(struct compiler *c, const struct yaml *y, struct policy_destination *d)
{
	if (!keys_check(&c->d, y, KEYS_TLS, "tls"))
		return;
	d->ca_file = read_path(c, y, "ca");
	d->client_cert = read_path(c, y, "cert");
	d->client_key = read_path(c, y, "cert_key");
	if (y->count == 0)
		diagnose(&c->d, y->at, "tls: takes ca, a file of certificates, or cert");
	if (d->client_key != NULL && d->client_cert == NULL)
		diagnose(&c->d, d->client_key->at, "cert_key: belongs to cert:");
}

static void read_transport(struct compiler *c, const struct yaml *y, struct policy_destination *d)
{
	const struct yaml *gzip = yaml_get(y, "gzip");
	bool on = false;

	if (gzip != NULL && scalar_bool(c, gzip, &on) && on)
		d->constants.flags |= DESTINATION_GZIP;
	d->proxy = read_path(c, y, "proxy");
	if (yaml_get(y, "tls") != NULL)
		read_tls(c, yaml_get(y, "tls"), d);
}

static void read_where(struct compiler *c, const struct yaml *y, struct policy_destination *d)
{
	const struct yaml *format = yaml_get(y, "format");
	const struct yaml *url = yaml_get(y, "url");
	const struct yaml *key = yaml_get(y, "key");
	char list[128];

	if (format == NULL)
		diagnose(&c->d, y->at, "the destination '%.60s' needs format: %s", d->name,
			 diagnose_list(format_names, list, sizeof(list)));
	else
		scalar_choice(c, format, "format", format_names, &d->constants.format);
	if (url == NULL)
		diagnose(&c->d, y->at, "the destination '%.60s' needs url:", d->name);
	else
		d->url = source_of(c, url);
	if (key != NULL)
		d->key = source_of(c, key);
	check_url(c, d);
	reach_depth_fits(c, d->url);
	reach_depth_fits(c, d->key);
}

static void read_destination(struct compiler *c, const struct yaml *y, struct policy_destination *d)
{
	delivery_defaults(&d->constants);
	if (!keys_check(&c->d, y, KEYS_DESTINATION, "a destination"))
		return;
	read_where(c, y, d);
	delivery_of(c, y, &d->constants);
	read_transport(c, y, d);
	payload_of(c, y, d);
	if (yaml_get(y, "consent") != NULL)
		d->consent = conditions_consent(c, yaml_get(y, "consent"), false);
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

	delivery_defaults(&d->constants);
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
