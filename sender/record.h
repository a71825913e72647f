/*
 * Reading and writing the records of a spool segment in memory: pure functions over bytes, nothing
 * trusted. One thread.
 */
#ifndef BOOKEND_SENDER_RECORD_H
#define BOOKEND_SENDER_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "sender/buffer.h"
#include "sender/spool_format.h"

/* Is it a header of ours? 0 or -EBADMSG. */
int record_check_header(const struct spool_header *header);
void record_seal_header(struct spool_header *header);
/* A route's acknowledged offset; 0 when the word is torn or was never written. */
uint64_t record_read_ack(const struct spool_header *header, uint32_t route);
struct spool_ack record_make_ack(uint32_t route, uint64_t offset);

struct record {
	uint64_t offset; /* in the file */
	uint64_t end;	 /* of the padding behind it */
	enum spool_kind kind;
	const uint8_t *payload;
	uint32_t length;
};

/*
 * The record at *offset of a whole file's bytes; *offset moves behind it. 0; -ENODATA at the end;
 * -EBADMSG: torn, damaged or foreign, and *offset stays.
 */
int record_next(const uint8_t *file, uint64_t bytes, uint64_t *offset, struct record *into);
/* The same over our own records, as they were written at `base` of the file: nothing is checked. */
int record_next_own(const uint8_t *records, uint64_t base, uint64_t bytes, uint64_t *offset,
		    struct record *into);
/* 0, or -EBADMSG when it is no mark (route) or does not fit. The texts are not NUL-terminated. */
int record_mark(const struct record *record, struct spool_mark *into);
int record_route(const struct record *record, struct spool_route *into, const char **url,
		 const char **key, const char **headers);

/*
 * Appends a record whose payload the caller adds to the buffer between begin and end. base: the
 * file offset at which the buffer will be written. Returns what record_end() needs.
 */
size_t record_begin(struct buffer *b, enum spool_kind kind);
void record_end(struct buffer *b, size_t begun, uint64_t base);

#endif
