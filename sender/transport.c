/*
 * The table of transports.
 */
#include "sender/transport.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#define TRANSPORT(name) extern const struct transport transport_##name;
#include "sender/transport_all.def"
#undef TRANSPORT

static const struct transport *const transports[] = {
#define TRANSPORT(name) &transport_##name,
#include "sender/transport_all.def"
#undef TRANSPORT
};
static_assert(sizeof(transports) / sizeof(transports[0]) == TRANSPORTS, "transport_all.def");

const struct transport *transport_number(uint32_t number)
{
	return transports[number];
}

uint32_t transport_place(const struct transport *transport)
{
	uint32_t place = 0;

	while (transports[place] != transport)
		place++;
	return place;
}

const struct transport *transport_find(const char *url)
{
	size_t length = strcspn(url, ":");

	for (size_t i = 0; i < TRANSPORTS; i++)
		for (const char *const *scheme = transports[i]->schemes; *scheme; scheme++)
			if (strlen(*scheme) == length && !strncasecmp(*scheme, url, length))
				return transports[i];
	return NULL;
}

void transport_message(char *into, size_t capacity, const char *bytes, size_t length)
{
	size_t n = length < capacity - 1 ? length : capacity - 1;

	for (size_t i = 0; i < n; i++)
		into[i] = (unsigned char)bytes[i] < 32 || bytes[i] == 127 ? ' ' : bytes[i];
	into[n] = 0;
}
