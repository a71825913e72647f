#include "base/sender_thread.h"

struct sender_way_row {
	enum sender_by by;
	const char *name;
	const char *text;
};

static const struct sender_way_row *sender_way_row(uint32_t way)
{
	static const struct sender_way_row rows[] = {
#define WAY(name, by, lower, text) { SENDER_BY_##by, #lower, text },
#include "base/sender_ways.def"
#undef WAY
	};

	return &rows[way < SENDER_WAYS ? way : SENDER_UNDECIDED];
}

enum sender_by sender_way_by(uint32_t way)
{
	return sender_way_row(way)->by;
}

const char *sender_way_text(uint32_t way)
{
	return sender_way_row(way)->text;
}

const char *sender_way_name(uint32_t way)
{
	return sender_way_row(way)->name;
}

const char *sender_by_name(enum sender_by by)
{
	switch (by) {
	case SENDER_BY_THREAD:
		return "thread";
	case SENDER_BY_HELPER:
		return "helper";
	case SENDER_BY_LATER:
		return "later";
	case SENDER_BY_NOBODY:
		break;
	}
	return "nobody";
}
