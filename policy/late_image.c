/*
 * What late evaluation knows of the image without a process: destinations, names, the image's
 * place.
 */
#include "policy/late.h"

#include <errno.h>
#include <string.h>

#include "policy/image.h"
#include "policy/snapshot_format.h"

#define DROP_MAX (sizeof(((struct late_destination *)NULL)->drop) / sizeof(char *))

static const char *optional_text(const struct image *image, uint32_t node)
{
	return node != 0 ? node_text_at(&image->late, node) : NULL;
}

static void fill_delivery(const struct image_destination *d, struct late_destination *into)
{
	into->batch = d->batch;
	into->bytes = d->bytes;
	into->fill_ms = d->fill_ms;
	into->timeout_ms = d->timeout_ms;
	into->give_up_ms = d->give_up_ms;
	into->wait_min_ms = d->wait_min_ms;
	into->wait_max_ms = d->wait_max_ms;
	into->tries = d->tries;
	into->spool_bytes = d->spool_bytes;
	into->spool_age_ns = d->spool_age_ns;
	into->gzip = (d->flags & DESTINATION_GZIP) != 0;
	into->retry_network = (d->flags & DESTINATION_RETRY_NETWORK) != 0;
	into->retry_timeout = (d->flags & DESTINATION_RETRY_TIMEOUT) != 0;
	into->stop_failures = d->stop_failures;
	for (unsigned i = 0; i < 600; i++) {
		into->retry_status[i] = (d->retry_status[i / 8] >> i % 8 & 1) != 0;
		into->stop_status[i] = (d->stop_status[i / 8] >> i % 8 & 1) != 0;
	}
}

static void fill_drops(const struct image *image, const struct image_destination *d,
		       struct late_destination *into)
{
	const struct image_node *list = node_of(&image->late, d->drop, NODE_LIST);

	for (unsigned i = 0; list != NULL && i < list->count && i < DROP_MAX; i++)
		into->drop[into->drops++] = node_text_at(&image->late, list->operand[i]);
}

int late_destination(const struct image *image, uint32_t number, struct late_destination *into)
{
	const struct image_destination *d;

	if (number >= image->tables->destination_count)
		return -EBADMSG;
	d = &image->destination[number];
	if (d->format >= FORMAT_COUNT || d->auth >= AUTH_COUNT || d->time >= TIME_COUNT)
		return -EBADMSG;
	memset(into, 0, sizeof(*into));
	into->name = node_text_at(&image->late, d->name);
	into->format = (enum late_format)d->format;
	into->auth = (enum late_auth)d->auth;
	into->auth_name = d->auth_name != 0 ? node_text_at(&image->late, d->auth_name) : "";
	into->time = (enum time_form)d->time;
	into->has_body = d->body != 0;
	into->client_cert = optional_text(image, d->client_cert);
	into->client_key = optional_text(image, d->client_key);
	into->ca_file = optional_text(image, d->ca_file);
	into->proxy = optional_text(image, d->proxy);
	fill_delivery(d, into);
	fill_drops(image, d, into);
	return 0;
}

const char *late_service(const struct image *image, uint32_t number)
{
	if (number >= image->tables->service_count)
		return NULL;
	return node_text_at(&image->late, image->service[number].name);
}

const char *late_image_path(const uint8_t *snapshot, uint32_t bytes)
{
	struct snapshot_item item;

	/* It comes first, when it is there. */
	if (bytes < sizeof(item))
		return NULL;
	memcpy(&item, snapshot, sizeof(item));
	if (item.type != SNAPSHOT_IMAGE || item.length == 0 || item.length > bytes - sizeof(item) ||
	    snapshot[sizeof(item) + item.length - 1] != '\0')
		return NULL;
	return (const char *)snapshot + sizeof(item);
}
