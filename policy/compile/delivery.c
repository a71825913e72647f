/*
 * How a destination is delivered to: `send`, `retry`, `stop`, `spool`, all constants.
 */
#include <string.h>

#include "policy/compile/destinations.h"

#define EXIT_MS_MAX 30000

static void set_status(uint8_t *bits, unsigned first, unsigned last)
{
	for (unsigned i = first; i <= last; i++)
		bits[i / 8] |= (uint8_t)(1u << i % 8);
}

void delivery_defaults(struct image_destination *d)
{
	d->batch = 100;
	d->bytes = 512u << 10;
	d->fill_ms = 1000;
	d->timeout_ms = 10000;
	d->give_up_ms = 60000;
	d->wait_min_ms = 500;
	d->wait_max_ms = 30000;
	d->flags = DESTINATION_RETRY_NETWORK | DESTINATION_RETRY_TIMEOUT;
	set_status(d->retry_status, 429, 429);
	set_status(d->retry_status, 500, 599);
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
	one = yaml_get(y, "exit");
	if (one != NULL)
		scalar_milliseconds(c, one, &d->exit_ms);
	if (one != NULL && d->exit_ms > EXIT_MS_MAX)
		diagnose(&c->d, one->at,
			 "exit: at most 30s, for that long an ending program waits");
}

/* 429 or 5xx, into the bits of statuses. False: it is neither. */
static bool read_status(const char *text, uint8_t *bits)
{
	unsigned status;

	if (strlen(text) != 3 || text[0] < '3' || text[0] > '5')
		return false;
	status = (unsigned)(text[0] - '0') * 100;
	if (strcmp(text + 1, "xx") == 0) {
		set_status(bits, status, status + 99);
		return true;
	}
	if (strspn(text, "0123456789") != 3)
		return false;
	status += (unsigned)(text[1] - '0') * 10 + (unsigned)(text[2] - '0');
	set_status(bits, status, status);
	return true;
}

static void add_failure(struct compiler *c, const struct yaml *one, void *context)
{
	struct image_destination *d = context;

	if (strcmp(one->text, "network") == 0)
		d->flags |= DESTINATION_RETRY_NETWORK;
	else if (strcmp(one->text, "timeout") == 0)
		d->flags |= DESTINATION_RETRY_TIMEOUT;
	else if (!read_status(one->text, d->retry_status))
		diagnose(&c->d, one->at,
			 "a status (429), a class (5xx), network or timeout is expected, not "
			 "'%.60s'",
			 one->text);
}

static void add_stop(struct compiler *c, const struct yaml *one, void *context)
{
	if (!read_status(one->text, context))
		diagnose(&c->d, one->at, "a status (401) or a class (4xx) is expected, not '%.60s'",
			 one->text);
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

static void read_stop(struct compiler *c, const struct yaml *y, struct image_destination *d)
{
	const struct yaml *after, *failures;

	if (!keys_check(&c->d, y, KEYS_STOP, "stop"))
		return;
	after = yaml_get(y, "after");
	failures = yaml_get(y, "failures");
	if (after == NULL && failures == NULL)
		diagnose(&c->d, y->at, "stop: takes after, failures or both");
	if (after != NULL)
		scalar_each(c, after, add_stop, d->stop_status);
	if (failures != NULL)
		scalar_number(c, failures, 1, 1000, &d->stop_failures);
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

void delivery_of(struct compiler *c, const struct yaml *y, struct image_destination *d)
{
	const struct yaml *send = yaml_get(y, "send");
	const struct yaml *retry = yaml_get(y, "retry");
	const struct yaml *stop = yaml_get(y, "stop");
	const struct yaml *spool = yaml_get(y, "spool");

	if (send != NULL)
		read_send(c, send, d);
	if (retry != NULL)
		read_retry(c, retry, d);
	if (stop != NULL)
		read_stop(c, stop, d);
	if (spool != NULL)
		read_spool(c, spool, d);
}
