#include "tools/status.h"
#include "tools/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "sender/stats_format.h"

static const char *const count_name[] = {
#define COUNT(NAME, name, text) #name,
#include "sender/stats_counts.def"
#undef COUNT
};

static const char *const count_text[] = {
#define COUNT(NAME, name, text) text,
#include "sender/stats_counts.def"
#undef COUNT
};

static void print_time(uint64_t real_ns, char into[40])
{
	struct text t = text_init(into, 40);

	if (real_ns != 0)
		text_add_time(&t, real_ns, 0);
}

static void print_destination(struct listing *list, const struct stats_destination *one)
{
	char name[sizeof(one->name) + 1] = "", error[STATS_TEXT + 1] = "";
	char success[40], failure[40], failures[16];

	/* The file is shared: texts may lack their end. */
	memcpy(name, one->name, sizeof(one->name));
	memcpy(error, one->error, sizeof(one->error));
	print_time(one->success_ns, success);
	print_time(one->error_ns, failure);
	snprintf(failures, sizeof(failures), "%u", one->failures);
	listing_row(list, (const char *[]){ name, success, failures, failure, error });
}

static void print_destinations(struct listing *list, const struct stats_file *stats)
{
	static const struct listing_column columns[] = { { "name", "destination", false },
							 { "success", "last success", false },
							 { "failures", "failures", true },
							 { "error_time", "last error", false },
							 { "error", "what it said", false } };

	listing_table(list, "destinations", "Destinations", columns, 5);
	for (int i = 0; stats && i < STATS_DESTINATIONS; i++)
		if (stats->destination[i].taken == 2)
			print_destination(list, &stats->destination[i]);
	listing_table_end(list);
}

void status_delivery(struct status *status)
{
	struct listing *list = &status->list;
	struct stats_file *stats = NULL;
	char path[PATHS_MAX + 16];
	uint8_t *bytes = NULL;
	size_t length = 0;

	snprintf(path, sizeof(path), "%s/stats", status->state);
	if (!status->state_error && file_read(path, sizeof(*stats), &bytes, &length) == 0 &&
	    length == sizeof(*stats) && memcmp(bytes, STATS_MAGIC, 8) == 0)
		stats = (struct stats_file *)(void *)bytes;
	listing_section(list, "delivery", "Delivery");
	for (int i = 0; i < STATS_COUNT_LAST; i++)
		listing_count(list, count_name[i], count_text[i], stats ? stats->count[i] : 0);
	listing_section_end(list);
	print_destinations(list, stats);
	free(bytes);
}
