/*
 * What strangers may send to the collector, and all that is then shown of it: a body of each
 * format, packed or not, goes through reading, storing, joining, the page and the JSON answer.
 * Nothing may crash or leak; the answer must be JSON again, the page must hold no element and no
 * quote but its own. The input's first byte chooses the format.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/collector/body.h"
#include "tools/collector/events_json.h"
#include "tools/collector/ingest.h"
#include "tools/collector/page.h"
#include "tools/collector/report_output.h"

static void require(bool holds)
{
	if (!holds)
		abort();
}

static struct store *memory_store(void)
{
	static struct store *store;

	if (!store)
		require(store_open(NULL, STORE_MEMORY, &store) == 0);
	return store;
}

static void show_json(struct store *store)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	require(out && events_json_write(store, NULL, 100, out) == 0 && fclose(out) == 0);
	json_t *json = json_loadb(text, length, 0, NULL);
	require(json != NULL);
	json_decref(json);
	free(text);
}

/* Every element of the page is one of these, or has no attribute but those that page.c gives. */
static void check_page(const char *page)
{
	static const char *const known[] = { "!doctype", "html", "head", "meta", "title",
					     "link",	 "body", "h1",	 "h2",	 "p",
					     "b",	 "a ",	 "a>",	 "code", "table",
					     "tr",	 "th",	 "td",	 "time" };

	for (const char *at = strchr(page, '<'); at; at = strchr(at + 1, '<')) {
		const char *name = at[1] == '/' ? at + 2 : at + 1;
		bool found = false;
		for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
			found |= strncmp(name, known[i], strlen(known[i])) == 0;
		require(found);
	}
}

static void show_page(struct store *store, const char *service)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	require(out && page_write(store, service, out) == 0 && fclose(out) == 0);
	require(strlen(text) == length);
	check_page(text);
	free(text);
}

static void show_report(struct store *store)
{
	struct lifecycles all = { 0 };
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	require(out && store_sessions(store, NULL, 0, lifecycles_add, &all) == 0);
	lifecycles_sort(&all, INT64_MIN);
	require(report_tables(&all, out) == 0 && report_json(&all, out) == 0 && fclose(out) == 0);
	for (size_t i = 0; i < length; i++)
		require((unsigned char)text[i] >= 0x20 || text[i] == '\n');
	lifecycles_free(&all);
	free(text);
}

static void keep_and_show(const struct batch *batch)
{
	struct store *store = memory_store();
	uint32_t fresh = 0;

	require(store_begin(store) == 0 && store_insert(store, batch, 1, &fresh) == 0);
	require(fresh <= batch->count && (fresh > 0) == (batch->count > 0));
	show_json(store);
	show_page(store, NULL);
	show_page(store, batch->count ? batch->events[0].service : NULL);
	show_report(store);
	store_rollback(store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const ingest_fn formats[] = { ingest_segment_track, ingest_segment_batch,
					     ingest_json, ingest_ndjson };
	struct complaint complaint = { 0 };
	struct body packed = { 0 }, plain = { 0 };
	struct batch batch;

	if (size == 0)
		return 0;
	require(body_add(&packed, (const char *)data + 1, size - 1, 1 << 20) == 0);
	const bool unpack = data[0] & 4;
	if (unpack && body_inflate(&packed, &plain, 1 << 20) != 0) {
		body_free(&packed);
		return 0;
	}
	const struct body *body = unpack ? &plain : &packed;
	if (formats[data[0] & 3](body->data ? body->data : "", body->length, 1, &batch,
				 &complaint) == 0) {
		keep_and_show(&batch);
		batch_free(&batch);
	} else {
		require(complaint.what[0] != '\0');
	}
	body_free(&packed);
	body_free(&plain);
	return 0;
}
