#include "sender/schedule_set.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"

static struct schedule *find(struct schedule_set *set, const uint8_t hash[16])
{
	for (unsigned i = 0; i < set->count; i++)
		if (!memcmp(set->open[i].hash, hash, 16))
			return &set->open[i];
	return NULL;
}

struct schedule *schedule_set_get(struct schedule_set *set, const char *service, const char *label,
				  int *error)
{
	struct schedule *s;
	uint8_t hash[16];

	schedule_name(service, label, hash);
	s = find(set, hash);
	if (s)
		return s;
	*error = set->count == SCHEDULE_SET ? schedule_set_close(set) : 0;
	if (!*error && !set->count) {
		set->lock = schedules_lock(set->state);
		*error = set->lock < 0 ? set->lock : 0;
	}
	if (*error)
		return NULL;
	s = &set->open[set->count];
	*error = schedule_open(s, set->state, hash, clock_real_ns());
	if (!*error)
		set->count++;
	else if (!set->count)
		close(set->lock);
	return *error ? NULL : s;
}

int schedule_set_close(struct schedule_set *set)
{
	int first = 0;

	if (!set->count)
		return 0;
	for (unsigned i = 0; i < set->count; i++) {
		int r = schedule_save(&set->open[i]);

		first = first ? first : r;
		schedule_close(&set->open[i]);
	}
	set->count = 0;
	close(set->lock);
	return first;
}
