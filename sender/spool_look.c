/*
 * Looking at segments while their owners write and delete them: what vanishes or is half written
 * meanwhile is passed over.
 */
#include "sender/spool_look.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sender/spool_folder.h"

static void look_into(const char *folder, void (*call)(void *, const struct segment *),
		      void *context)
{
	DIR *dir = opendir(folder);
	struct segment *segment;
	struct dirent *entry;

	if (!dir)
		return;
	for (;;) {
		const char *end;

		entry = readdir(dir);
		if (!entry)
			break;
		end = strrchr(entry->d_name, '.');
		if (!end || strcmp(end, ".spool") != 0 ||
		    segment_peek(dirfd(dir), entry->d_name, &segment))
			continue;
		call(context, segment);
		segment_close(segment);
	}
	closedir(dir);
}

int spool_look_each(const struct sender_options *options,
		    void (*call)(void *context, const struct segment *segment), void *context)
{
	struct spool_place place;
	int r = spool_folder(options->state, options->uid, false, &place);

	if (r)
		return r;
	look_into(place.state, call, context);
	look_into(place.fallback, call, context);
	return 0;
}

static void add_segment(void *context, const struct segment *segment)
{
	struct sender_spool *into = context;

	into->segments++;
	into->bytes += segment->end;
	for (uint32_t i = 0; i < segment->items; i++)
		into->waiting += segment_item_waits(segment, &segment->item[i]);
}

int spool_look(const struct sender_options *options, struct sender_spool *into)
{
	struct spool_place place;
	int r = spool_folder(options->state, options->uid, false, &place);

	if (r)
		return r;
	*into = (struct sender_spool){ .why = place.why };
	snprintf(into->folder, sizeof(into->folder), "%s",
		 place.why ? place.fallback : place.state);
	return spool_look_each(options, add_segment, into);
}
