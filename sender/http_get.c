/*
 * A multi handle of its own for one request, so that the wait can be broken off.
 */
#include "sender/http_get.h"

#include <errno.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "sender/curl_library.h"

#define LOOK_MS 100

static const struct curl_library *curl;

struct answer {
	char *into;
	size_t length, capacity;
	bool too_long;
};

static size_t take(char *bytes, size_t size, size_t count, void *context)
{
	struct answer *a = context;
	size_t length = size * count;

	if (length > a->capacity - a->length) {
		a->too_long = true;
		return 0;
	}
	memcpy(a->into + a->length, bytes, length);
	a->length += length;
	return length;
}

static struct curl_slist *make_headers(const struct late_probe *probe)
{
	struct curl_slist *list = curl->slist_append(NULL, "User-Agent: bookend/" BOOKEND_VERSION);
	char *header;

	if (!list || !probe->bearer)
		return list;
	if (strpbrk(probe->bearer, "\r\n") ||
	    asprintf(&header, "Authorization: Bearer %s", probe->bearer) < 0) {
		curl->slist_free_all(list);
		return NULL;
	}
	if (!curl->slist_append(list, header)) {
		curl->slist_free_all(list);
		list = NULL;
	}
	free(header);
	return list;
}

static void set_options(CURL *easy, const struct late_probe *probe, struct curl_slist *headers,
			struct answer *answer)
{
	long timeout = (long)probe->timeout_ms;

	curl->easy_setopt(easy, CURLOPT_URL, probe->url);
	curl->easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl->easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl->easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl->easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl->easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout);
	curl->easy_setopt(easy, CURLOPT_PROXY, "");
	curl->easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl->easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, curl_library_socket);
	curl->easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
	curl->easy_setopt(easy, CURLOPT_WRITEDATA, answer);
	curl->easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
}

static int outcome(CURL *easy, CURLcode code, const struct answer *answer)
{
	long status = 0;

	if (answer->too_long)
		return -EFBIG;
	if (code == CURLE_OPERATION_TIMEDOUT)
		return -ETIME;
	curl->easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	return code == CURLE_OK && status >= 200 && status < 300 ? (int)answer->length : -EIO;
}

static int perform(CURLM *multi, CURL *easy, const struct answer *answer,
		   bool (*go_on)(void *context), void *context)
{
	int running = 1, left;
	CURLMsg *message;

	for (;;) {
		curl->multi_perform(multi, &running);
		message = curl->multi_info_read(multi, &left);
		if (message && message->msg == CURLMSG_DONE)
			return outcome(easy, message->data.result, answer);
		if (!running)
			return -EIO;
		if (!go_on(context))
			return -EINTR;
		curl->multi_poll(multi, NULL, 0, LOOK_MS, NULL);
	}
}

static int request(const struct late_probe *probe, CURLM *multi, CURL *easy, struct answer *answer,
		   bool (*go_on)(void *context), void *context)
{
	struct curl_slist *headers = make_headers(probe);
	int r = -ENOMEM;

	if (!headers)
		return r;
	set_options(easy, probe, headers, answer);
	if (!curl->multi_add_handle(multi, easy)) {
		r = perform(multi, easy, answer, go_on, context);
		curl->multi_remove_handle(multi, easy);
	}
	curl->slist_free_all(headers);
	return r;
}

int http_get(const struct late_probe *probe, bool (*go_on)(void *context), void *context,
	     char *into, size_t capacity)
{
	struct answer answer = { .into = into, .capacity = capacity };
	CURLM *multi;
	CURL *easy;
	int r = curl_library_load(&curl);

	if (r)
		return r;
	multi = curl->multi_init();
	easy = curl->easy_init();
	r = multi && easy ? request(probe, multi, easy, &answer, go_on, context) : -ENOMEM;
	if (easy)
		curl->easy_cleanup(easy);
	if (multi)
		curl->multi_cleanup(multi);
	return r;
}
