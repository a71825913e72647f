/*
 * Spool records over bytes. Each length is checked against what is there before anything behind it
 * is looked at.
 */
#include "sender/record.h"

#include <errno.h>
#include <string.h>

#include "base/checksum.h"

int record_check_header(const struct spool_header *header)
{
	if (memcmp(header->magic, SPOOL_MAGIC, sizeof(header->magic)) != 0)
		return -EBADMSG;
	if (header->version != SPOOL_VERSION || header->header_bytes != sizeof(*header))
		return -EBADMSG;
	if (header->check != checksum(header, offsetof(struct spool_header, check), 0))
		return -EBADMSG;
	return 0;
}

void record_seal_header(struct spool_header *header)
{
	memcpy(header->magic, SPOOL_MAGIC, sizeof(header->magic));
	header->version = SPOOL_VERSION;
	header->header_bytes = sizeof(*header);
	header->check = checksum(header, offsetof(struct spool_header, check), 0);
}

struct spool_ack record_make_ack(uint32_t route, uint64_t offset)
{
	return (struct spool_ack){ .offset = offset, .check = checksum(&offset, 8, route + 1) };
}

uint64_t record_read_ack(const struct spool_header *header, uint32_t route)
{
	const struct spool_ack *ack = &header->ack[route];

	return ack->check == checksum(&ack->offset, 8, route + 1) ? ack->offset : 0;
}

static void take(const struct spool_record *head, const uint8_t *at, uint64_t offset,
		 struct record *into)
{
	*into = (struct record){ .offset = offset,
				 .end = offset +
					((sizeof(*head) + head->length + 7) & ~UINT64_C(7)),
				 .kind = (enum spool_kind)head->kind,
				 .payload = at + sizeof(*head),
				 .length = head->length };
}

int record_next_own(const uint8_t *records, uint64_t base, uint64_t bytes, uint64_t *offset,
		    struct record *into)
{
	struct spool_record head;

	if (*offset >= bytes)
		return -ENODATA;
	memcpy(&head, records + (*offset - base), sizeof(head));
	take(&head, records + (*offset - base), *offset, into);
	*offset = into->end;
	return 0;
}

int record_next(const uint8_t *file, uint64_t bytes, uint64_t *offset, struct record *into)
{
	struct spool_record head;
	uint64_t at = *offset;
	uint64_t room;

	if (at >= bytes)
		return -ENODATA;
	room = bytes - at;
	if (room < sizeof(head))
		return -EBADMSG;
	memcpy(&head, file + at, sizeof(head));
	if (head.length > SPOOL_RECORD_MAX || sizeof(head) + head.length > room)
		return -EBADMSG;
	if (head.check !=
	    checksum(file + at + offsetof(struct spool_record, length),
		     sizeof(head) - offsetof(struct spool_record, length) + head.length, at))
		return -EBADMSG;
	take(&head, file + at, at, into);
	if (into->end > bytes)
		return -EBADMSG;
	*offset = into->end;
	return 0;
}

int record_mark(const struct record *record, struct spool_mark *into)
{
	if (record->length != sizeof(*into))
		return -EBADMSG;
	memcpy(into, record->payload, sizeof(*into));
	return 0;
}

int record_route(const struct record *record, struct spool_route *into, const char **url,
		 const char **key, const char **headers)
{
	uint64_t want = sizeof(*into);

	if (record->length < want)
		return -EBADMSG;
	memcpy(into, record->payload, sizeof(*into));
	want += (uint64_t)into->url_bytes + into->key_bytes + into->headers_bytes;
	if (record->length != want || into->number >= SPOOL_ROUTES)
		return -EBADMSG;
	*url = (const char *)record->payload + sizeof(*into);
	*key = *url + into->url_bytes;
	*headers = *key + into->key_bytes;
	return 0;
}

size_t record_begin(struct buffer *b, enum spool_kind kind)
{
	struct spool_record head = { .kind = (uint16_t)kind };
	size_t begun = b->length;

	buffer_add(b, &head, sizeof(head));
	return begun;
}

void record_end(struct buffer *b, size_t begun, uint64_t base)
{
	static const uint8_t zeros[8];
	struct spool_record head;

	if (b->failed)
		return;
	memcpy(&head, b->data + begun, sizeof(head));
	head.length = (uint32_t)(b->length - begun - sizeof(head));
	memcpy(b->data + begun, &head, sizeof(head));
	head.check = checksum(b->data + begun + offsetof(struct spool_record, length),
			      sizeof(head) - offsetof(struct spool_record, length) + head.length,
			      base + begun);
	memcpy(b->data + begun, &head, sizeof(head));
	buffer_add(b, zeros, -(b->length - begun) & 7);
}
