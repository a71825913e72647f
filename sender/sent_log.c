/*
 * A line is made in memory and appended under the file's lock.
 */
#include "sender/sent_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/paths.h"
#include "sender/mask.h"

static void add_member(struct buffer *line, const char *name, const char *text)
{
	buffer_text(line, ",\"");
	buffer_text(line, name);
	buffer_text(line, "\":");
	if (text)
		buffer_json(line, text, strlen(text));
	else
		buffer_text(line, "null");
}

static void add_masked(struct buffer *line, const struct mask *mask, const char *text,
		       size_t length)
{
	struct buffer plain = { 0 };

	mask_text(mask, &plain, text, length);
	buffer_json(line, plain.data ? plain.data : "", plain.length);
	line->failed |= plain.failed;
	buffer_free(&plain);
}

/* Without a user; a key in the query is named, not shown. */
static void add_url(struct buffer *line, const struct route *route, const struct mask *mask)
{
	const struct transport_request *request = &route->request;
	struct buffer url = { 0 };

	if (request->auth == AUTH_QUERY && route->key[0]) {
		buffer_text(&url, route->url);
		buffer_text(&url, strchr(route->url, '?') ? "&" : "?");
		buffer_text(&url, request->auth_name);
		buffer_text(&url, "=(secret)");
	} else {
		buffer_text(&url, request->url);
	}
	buffer_text(line, ",\"url\":");
	add_masked(line, mask, url.data ? url.data : "", url.length);
	buffer_free(&url);
}

static void add_header(struct buffer *line, const char *name, size_t length, bool first)
{
	buffer_text(line, first ? "" : ",");
	buffer_json(line, name, length);
	buffer_text(line, ":");
}

static const char *key_header(const struct transport_request *request, char into[300])
{
	switch (request->auth) {
	case AUTH_BASIC:
	case AUTH_USER:
		return "Basic (secret)";
	case AUTH_BEARER:
		return "Bearer (secret)";
	case AUTH_SCHEME:
		snprintf(into, 300, "%s (secret)", request->auth_name);
		return into;
	case AUTH_RAW:
	case AUTH_HEADER:
		return "(secret)";
	default:
		return NULL;
	}
}

static void add_headers(struct buffer *line, const struct route *route, const struct mask *mask)
{
	const struct transport_request *request = &route->request;
	char memory[300];
	const char *key = request->key[0] ? key_header(request, memory) : NULL;
	const char *key_name = request->auth == AUTH_HEADER ? request->auth_name : "Authorization";

	buffer_text(line, ",\"headers\":{");
	add_header(line, "Content-Type", 12, true);
	buffer_json(line, request->content_type, strlen(request->content_type));
	for (const char *at = route->headers; *at; at += strcspn(at, "\n") + 1) {
		size_t name = strcspn(at, ":");

		add_header(line, at, name, false);
		add_masked(line, mask, at + name + 2, strcspn(at + name + 2, "\n"));
	}
	if (key) {
		add_header(line, key_name, strlen(key_name), false);
		buffer_json(line, key, strlen(key));
	}
	if (route->to.gzip) {
		add_header(line, "Content-Encoding", 16, false);
		buffer_text(line, "\"gzip\"");
	}
	buffer_text(line, "}");
}

/* JSON as it is, anything else as a text. */
static void add_body(struct buffer *line, const struct route *route, const struct mask *mask)
{
	const struct transport_request *request = &route->request;
	bool whole = request->length <= SENT_LOG_BODY;
	struct buffer plain = { 0 };

	buffer_text(line, ",\"bytes\":");
	buffer_unsigned(line, request->length);
	buffer_text(line, ",\"body\":");
	if (mask->all) {
		buffer_text(line, "\"(secret)\"");
		return;
	}
	mask_json(mask, &plain, request->body, whole ? request->length : SENT_LOG_BODY);
	if (whole && !route->encoder->lines)
		buffer_add(line, plain.data, plain.length);
	else
		buffer_json(line, plain.data, plain.length);
	line->failed |= plain.failed;
	buffer_free(&plain);
}

static void make_line(struct buffer *line, const struct route *route, const struct mask *mask)
{
	const struct transport_request *request = &route->request;
	bool answered = request->result == TRANSPORT_STATUS;

	buffer_text(line, "{\"time\":");
	buffer_time(line, clock_real_ns(), 6);
	add_member(line, "destination", route->to.name);
	buffer_text(line, ",\"events\":");
	buffer_unsigned(line, route->parts);
	buffer_text(line, ",\"try\":");
	buffer_unsigned(line, route->tries);
	buffer_text(line, ",\"status\":");
	if (answered)
		buffer_unsigned(line, (uint64_t)request->status);
	else
		buffer_text(line, "null");
	add_member(line, "answer", request->message);
	buffer_text(line, ",\"method\":\"POST\"");
	add_url(line, route, mask);
	add_headers(line, route, mask);
	add_body(line, route, mask);
	buffer_text(line, "}\n");
}

/* The newer half, from its first whole line on. */
static void make_room(int file)
{
	char *half = malloc(SENT_LOG_BYTES / 2);
	ssize_t n = -1;
	struct stat st;
	char *line;

	if (half && !fstat(file, &st) && st.st_size > (off_t)SENT_LOG_BYTES / 2)
		n = pread(file, half, SENT_LOG_BYTES / 2, st.st_size - SENT_LOG_BYTES / 2);
	line = n > 0 ? memchr(half, '\n', (size_t)n) : NULL;
	if (!ftruncate(file, 0) && line) {
		size_t length = (size_t)(half + n - ++line);

		if (write(file, line, length) != (ssize_t)length)
			(void)!ftruncate(file, 0);
	}
	free(half);
}

static void append(const char *state, const struct buffer *line)
{
	char path[PATHS_MAX + 8];
	struct stat st;
	int file;

	snprintf(path, sizeof(path), "%s/sent", state);
	file = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (file < 0)
		return;
	if (!flock(file, LOCK_EX) && !fstat(file, &st)) {
		if ((uint64_t)st.st_size + line->length > SENT_LOG_BYTES)
			make_room(file);
		if (write(file, line->data, line->length) != (ssize_t)line->length)
			(void)!ftruncate(file, st.st_size);
	}
	close(file);
}

int sent_log_line(struct buffer *into, const struct route *route)
{
	struct mask mask;
	int r = mask_init(&mask, &route->secrets, route->key);

	if (r)
		return r;
	make_line(into, route, &mask);
	mask_fini(&mask);
	return into->failed ? -ENOMEM : 0;
}

void sent_log_add(const char *state, const struct route *route)
{
	struct buffer line = { 0 };

	/* A file is its own record. */
	if (strncmp(route->url, "file:", 5) && !sent_log_line(&line, route) &&
	    line.length < SENT_LOG_BYTES)
		append(state, &line);
	buffer_free(&line);
}
