#include "tools/collector/admit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tools/collector/body.h"

static const char *header(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

/* Takes as long for a near miss as for a wild guess. */
static bool same_secret(const char *given, const char *key)
{
	const size_t length = strlen(key);
	unsigned char difference = strlen(given) != length;

	for (size_t i = 0; i < length; i++)
		difference |= (unsigned char)(key[i] ^ given[difference ? 0 : i]);
	return difference == 0;
}

/* Basic with the key as user, as Segment's clients do and a browser can, or Bearer. */
static bool has_key(struct MHD_Connection *connection, const char *key)
{
	const char *authorization = header(connection, MHD_HTTP_HEADER_AUTHORIZATION);
	char *password = NULL;

	if (!authorization)
		return false;
	if (strncasecmp(authorization, "Bearer ", 7) == 0)
		return same_secret(authorization + 7, key);
	char *user = MHD_basic_auth_get_username_password(connection, &password);
	const bool same = user && same_secret(user, key);
	MHD_free(user);
	MHD_free(password);
	return same;
}

/*
 * Is the Host header an address or localhost? A page elsewhere can point a name of its own at
 * 127.0.0.1 and have a browser on this machine read us (DNS rebinding); such a request carries that
 * name.
 */
static bool is_own_name(const char *host)
{
	char name[64];
	struct in6_addr address;
	size_t length = host ? strlen(host) : 0;

	if (!host)
		return true;
	if (host[0] == '[')
		return strchr(host, ']') != NULL;
	if (strchr(host, ':'))
		length = (size_t)(strchr(host, ':') - host);
	if (length >= sizeof(name))
		return false;
	memcpy(name, host, length);
	name[length] = '\0';
	return strcasecmp(name, "localhost") == 0 || inet_pton(AF_INET, name, &address) == 1;
}

static bool admit_length(struct MHD_Connection *connection, struct admission *into,
			 struct answer *answer)
{
	const char *length = header(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);
	const char *chunked = header(connection, MHD_HTTP_HEADER_TRANSFER_ENCODING);

	if (!length && !chunked) {
		answer_error(answer, MHD_HTTP_LENGTH_REQUIRED,
			     "send a Content-Length, or the body in chunks");
		return false;
	}
	const unsigned long long bytes = length ? strtoull(length, NULL, 10) : 0;
	if (bytes <= BODY_BYTES)
		return true;
	answer_error(answer, MHD_HTTP_CONTENT_TOO_LARGE, "a body of more than %u bytes",
		     BODY_BYTES);
	into->at_once = bytes > BODY_SWALLOWED || header(connection, MHD_HTTP_HEADER_EXPECT);
	return false;
}

static bool admit_body(struct MHD_Connection *connection, struct admission *into,
		       struct answer *answer)
{
	const char *type = header(connection, MHD_HTTP_HEADER_CONTENT_TYPE);
	const char *packing = header(connection, MHD_HTTP_HEADER_CONTENT_ENCODING);

	if (!admit_length(connection, into, answer))
		return false;
	into->ingest = route_ingest(into->route, type);
	if (!into->ingest) {
		answer_error(answer, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
			     "%s takes Content-Type %s%s%s", into->route->path,
			     into->route->json ? "application/json" : "",
			     into->route->json && into->route->ndjson ? " or " : "",
			     into->route->ndjson ? "application/x-ndjson" : "");
		return false;
	}
	into->gzip = packing && strcasecmp(packing, "gzip") == 0;
	if (!packing || into->gzip || strcasecmp(packing, "identity") == 0)
		return true;
	answer_error(answer, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
		     "of Content-Encoding only gzip and identity are taken");
	return false;
}

bool admit(struct MHD_Connection *connection, const char *path, const char *method,
	   const struct admit_rules *rules, struct admission *into, struct answer *answer)
{
	const bool post = strcmp(method, MHD_HTTP_METHOD_POST) == 0;
	const bool get = strcmp(method, MHD_HTTP_METHOD_GET) == 0 ||
			 strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;

	into->route = route_find(path);
	if (!into->route) {
		answer_error(answer, MHD_HTTP_NOT_FOUND, "there is no such path");
		return false;
	}
	if (!(post && into->route->json) && !(get && into->route->get)) {
		answer->allow = into->route->allow;
		answer_error(answer, MHD_HTTP_METHOD_NOT_ALLOWED, "%s takes %s", path,
			     into->route->allow);
		return false;
	}
	if (rules->key && !into->route->open && !has_key(connection, rules->key)) {
		answer_error(answer, MHD_HTTP_UNAUTHORIZED,
			     "send the collector's key: Authorization: Bearer KEY, or Basic with "
			     "it as user");
		return false;
	}
	if (get && rules->loopback && !is_own_name(header(connection, MHD_HTTP_HEADER_HOST))) {
		answer_error(answer, MHD_HTTP_FORBIDDEN,
			     "ask for this page as localhost, or by address");
		return false;
	}
	return get || admit_body(connection, into, answer);
}
