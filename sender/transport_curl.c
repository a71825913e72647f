/*
 * http and https by libcurl's multi interface: one easy handle a route, connections kept between
 * batches. Nothing comes from the environment (proxy, netrc), no redirect is followed, and nothing
 * waits without a bound.
 */
#include "sender/transport.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sender/curl_library.h"
#include "sender/gzip.h"

extern const struct transport transport_curl;

#define CONNECT_MS   5000L
#define ANSWER_BYTES (64 * 1024) /* of a body; what comes behind is not read */

struct curl_state {
	CURL *easy;
	struct curl_slist *headers;
	struct buffer packed; /* the gzipped body */
	size_t answered;
	char answer[200];
	size_t answer_bytes;
	char error[CURL_ERROR_SIZE];
};

static const struct curl_library *curl;

static int curl_open(void **common)
{
	int r = curl_library_load(&curl);
	CURLM *multi;

	if (r)
		return r;
	multi = curl->multi_init();
	if (!multi)
		return -ENOMEM;
	*common = multi;
	return 0;
}

static void curl_close(void *common)
{
	curl->multi_cleanup(common);
}

static size_t take_answer(char *bytes, size_t size, size_t count, void *context)
{
	struct curl_state *state = context;
	size_t length = size * count;
	size_t room = sizeof(state->answer) - state->answer_bytes;
	size_t keep = length < room ? length : room;

	memcpy(state->answer + state->answer_bytes, bytes, keep);
	state->answer_bytes += keep;
	state->answered += length;
	return state->answered > ANSWER_BYTES ? 0 : length;
}

static bool has_header(const char *headers, const char *name)
{
	size_t length = strlen(name);

	for (const char *line = headers; *line; line = strchr(line, '\n') + 1)
		if (!strncasecmp(line, name, length) && line[length] == ':')
			return true;
	return false;
}

static void add_header(struct curl_state *state, const char *header)
{
	struct curl_slist *more = curl->slist_append(state->headers, header);

	if (more)
		state->headers = more;
}

static int add_lines(struct curl_state *state, const char *headers)
{
	char *lines = strdup(headers);
	char *rest = NULL;

	if (!lines)
		return -ENOMEM;
	for (char *line = strtok_r(lines, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		add_header(state, line);
	free(lines);
	return 0;
}

static int add_headers(struct curl_state *state, const struct transport_request *request)
{
	char type[96];

	if (add_lines(state, request->headers))
		return -ENOMEM;
	if (!has_header(request->headers, "Content-Type")) {
		snprintf(type, sizeof(type), "Content-Type: %s", request->content_type);
		add_header(state, type);
	}
	if (!has_header(request->headers, "User-Agent"))
		add_header(state, "User-Agent: bookend/" BOOKEND_VERSION);
	if (request->to->gzip)
		add_header(state, "Content-Encoding: gzip");
	add_header(state, "Expect:"); /* no pause before the body */
	return 0;
}

/* The key's header up to the key. NULL: it does not travel in one that we write. */
static const char *auth_header(const struct transport_request *request, char *into, size_t capacity)
{
	switch (request->auth) {
	case AUTH_BEARER:
		return "Authorization: Bearer ";
	case AUTH_RAW:
		return "Authorization: ";
	case AUTH_SCHEME:
		snprintf(into, capacity, "Authorization: %s ", request->auth_name);
		return into;
	case AUTH_HEADER:
		snprintf(into, capacity, "%s: ", request->auth_name);
		return into;
	default:
		return NULL;
	}
}

static int add_auth(struct curl_state *state, const struct transport_request *request)
{
	bool user = request->auth == AUTH_USER;
	const char *begin;
	char name[256];
	char *header;
	size_t bytes;

	if (!request->key[0])
		return 0;
	if (user || request->auth == AUTH_BASIC) {
		curl->easy_setopt(state->easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
		curl->easy_setopt(state->easy, CURLOPT_USERNAME,
				  user ? request->auth_name : request->key);
		curl->easy_setopt(state->easy, CURLOPT_PASSWORD, user ? request->key : "");
		return 0;
	}
	begin = auth_header(request, name, sizeof(name));
	if (!begin)
		return 0;
	bytes = strlen(begin) + strlen(request->key) + 1;
	header = malloc(bytes);
	if (!header)
		return -ENOMEM;
	snprintf(header, bytes, "%s%s", begin, request->key);
	add_header(state, header);
	free(header);
	return 0;
}

static void set_options(struct curl_state *state, const struct transport_request *request)
{
	const struct late_destination *to = request->to;
	long timeout = to->timeout_ms ? (long)to->timeout_ms : 10000;

	curl->easy_setopt(state->easy, CURLOPT_URL, request->url);
	curl->easy_setopt(state->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl->easy_setopt(state->easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl->easy_setopt(state->easy, CURLOPT_NOSIGNAL, 1L);
	curl->easy_setopt(state->easy, CURLOPT_QUICK_EXIT,
			  1L); /* do not wait for a name that never resolves */
	curl->easy_setopt(state->easy, CURLOPT_TIMEOUT_MS, timeout);
	curl->easy_setopt(state->easy, CURLOPT_CONNECTTIMEOUT_MS,
			  timeout < CONNECT_MS ? timeout : CONNECT_MS);
	curl->easy_setopt(state->easy, CURLOPT_PROXY, to->proxy ? to->proxy : "");
	curl->easy_setopt(state->easy, CURLOPT_NOPROXY, "");
	curl->easy_setopt(state->easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl->easy_setopt(state->easy, CURLOPT_OPENSOCKETFUNCTION, curl_library_socket);
	curl->easy_setopt(state->easy, CURLOPT_ERRORBUFFER, state->error);
	curl->easy_setopt(state->easy, CURLOPT_WRITEFUNCTION, take_answer);
	curl->easy_setopt(state->easy, CURLOPT_WRITEDATA, state);
	curl->easy_setopt(state->easy, CURLOPT_POST, 1L);
	curl->easy_setopt(state->easy, CURLOPT_HTTPHEADER, state->headers);
	if (to->ca_file)
		curl->easy_setopt(state->easy, CURLOPT_CAINFO, to->ca_file);
	if (to->client_cert)
		curl->easy_setopt(state->easy, CURLOPT_SSLCERT, to->client_cert);
	if (to->client_key)
		curl->easy_setopt(state->easy, CURLOPT_SSLKEY, to->client_key);
}

static struct curl_state *make_state(struct transport_request *request)
{
	struct curl_state *state = calloc(1, sizeof(*state));

	if (!state)
		return NULL;
	request->state = state;
	state->easy = curl->easy_init();
	if (!state->easy)
		return NULL;
	if (add_headers(state, request) || add_auth(state, request))
		return NULL;
	set_options(state, request);
	return state;
}

static int set_body(struct curl_state *state, const struct transport_request *request)
{
	char *body = request->body;
	size_t length = request->length;

	if (request->to->gzip) {
		buffer_clear(&state->packed);
		if (gzip_add(&state->packed, body, length))
			return -ENOMEM;
		body = state->packed.data;
		length = state->packed.length;
	}
	curl->easy_setopt(state->easy, CURLOPT_POSTFIELDS, body);
	curl->easy_setopt(state->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length);
	return 0;
}

static bool fail(struct transport_request *request, const char *message)
{
	request->result = TRANSPORT_NETWORK;
	request->status = 0;
	request->retry_after = 0;
	snprintf(request->message, sizeof(request->message), "%s", message);
	return true;
}

static void curl_forget(void *common, struct transport_request *request)
{
	struct curl_state *state = request->state;

	(void)common;
	if (!state)
		return;
	if (state->easy)
		curl->easy_cleanup(state->easy);
	curl->slist_free_all(state->headers);
	buffer_free(&state->packed);
	free(state);
	request->state = NULL;
}

static bool curl_submit(void *common, struct transport_request *request)
{
	struct curl_state *state = request->state;

	if (!state)
		state = make_state(request);
	if (!state || set_body(state, request)) {
		curl_forget(common, request);
		return fail(request, "out of memory");
	}
	state->answered = 0;
	state->answer_bytes = 0;
	state->error[0] = 0;
	curl->easy_setopt(state->easy, CURLOPT_PRIVATE, request);
	if (curl->multi_add_handle(common, state->easy))
		return fail(request, "libcurl took no more requests");
	return false;
}

static enum transport_result classify(CURLcode code)
{
	switch (code) {
	case CURLE_OK:
		return TRANSPORT_STATUS;
	case CURLE_OPERATION_TIMEDOUT:
		return TRANSPORT_TIMEOUT;
	case CURLE_URL_MALFORMAT:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_BAD_FUNCTION_ARGUMENT:
	case CURLE_NOT_BUILT_IN:
		return TRANSPORT_REFUSED;
	default:
		return TRANSPORT_NETWORK;
	}
}

static void finish(struct transport_request *request, CURLcode code)
{
	struct curl_state *state = request->state;
	const char *why = state->error[0] ? state->error : curl->easy_strerror(code);
	curl_off_t after = 0;
	long status = 0;

	curl->easy_getinfo(state->easy, CURLINFO_RESPONSE_CODE, &status);
	curl->easy_getinfo(state->easy, CURLINFO_RETRY_AFTER, &after);
	/* An answer longer than we care for is broken off by us: its status counts. */
	if (code == CURLE_WRITE_ERROR && status)
		code = CURLE_OK;
	request->result = classify(code);
	request->status = code == CURLE_OK ? (int)status : 0;
	request->retry_after = after > 0 && after < UINT32_MAX ? (uint32_t)after : 0;
	if (code == CURLE_OK)
		transport_message(request->message, sizeof(request->message), state->answer,
				  state->answer_bytes);
	else
		transport_message(request->message, sizeof(request->message), why, strlen(why));
}

static struct transport_request *next_done(CURLM *multi)
{
	struct transport_request *request = NULL;
	CURLMsg *message;
	CURLcode code;
	int left;

	message = curl->multi_info_read(multi, &left);
	if (!message || message->msg != CURLMSG_DONE)
		return NULL;
	code = message->data.result;
	curl->easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&request);
	curl->multi_remove_handle(multi, message->easy_handle);
	finish(request, code);
	return request;
}

static struct transport_request *curl_wait(void *common, int timeout_ms)
{
	struct transport_request *done;
	int running;

	curl->multi_perform(common, &running);
	done = next_done(common);
	if (done || !running)
		return done;
	curl->multi_poll(common, NULL, 0, timeout_ms, NULL);
	curl->multi_perform(common, &running);
	return next_done(common);
}

static void curl_cancel(void *common, struct transport_request *request)
{
	struct curl_state *state = request->state;

	if (state && state->easy)
		curl->multi_remove_handle(common, state->easy);
}

static const char *const schemes[] = { "http", "https", NULL };

const struct transport transport_curl = {
	.schemes = schemes,
	.open = curl_open,
	.close = curl_close,
	.submit = curl_submit,
	.wait = curl_wait,
	.cancel = curl_cancel,
	.forget = curl_forget,
};
