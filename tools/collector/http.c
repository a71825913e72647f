/*
 * The life of a request: admit() at its headers, then its body piece by piece, then either an
 * answer at once or a job for the writer, which resumes it. MHD calls handle() once for the
 * headers, once or more for the body, and at the end with no data left; after a resume it does so
 * again.
 */
#include "tools/collector/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tools/collector/body.h"
#include "tools/collector/moment.h"

#define HTTP_CONNECTIONS 512
#define HTTP_IDLE	 30	     /* seconds without a byte */
#define HTTP_BODIES	 (64u << 20) /* bytes of all bodies being read */
#define HTTP_DRAIN	 3	     /* seconds that a begun request gets to become whole */

struct http {
	struct MHD_Daemon *daemon;
	struct http_options options;
	size_t bodies;	      /* bytes of bodies being read; the MHD thread only */
	atomic_bool draining; /* set by main */
	pthread_mutex_t lock;
	pthread_cond_t idle;
	unsigned begun; /* requests begun and not completed; under lock */
};

struct request {
	struct http *http;
	struct MHD_Connection *connection;
	struct admission admission;
	struct answer answer;
	struct body body;
	size_t swallowed;
	bool pushed; /* the writer has it, or had it */
	struct writer_job job;
};

static struct request *request_new(struct http *http, struct MHD_Connection *connection)
{
	struct request *request = calloc(1, sizeof(*request));

	if (!request)
		return NULL;
	request->http = http;
	request->connection = connection;
	pthread_mutex_lock(&http->lock);
	http->begun++;
	pthread_mutex_unlock(&http->lock);
	return request;
}

static void drop_body(struct request *request)
{
	request->http->bodies -= request->body.length;
	body_free(&request->body);
}

static void request_over(void *context, struct MHD_Connection *connection, void **place,
			 enum MHD_RequestTerminationCode how)
{
	struct http *http = context;
	struct request *request = *place;

	(void)connection;
	(void)how;
	if (!request)
		return;
	drop_body(request);
	answer_free(&request->answer);
	free(request);
	*place = NULL;
	pthread_mutex_lock(&http->lock);
	if (--http->begun == 0)
		pthread_cond_signal(&http->idle);
	pthread_mutex_unlock(&http->lock);
}

static void refuse_for_now(struct request *request, unsigned seconds, const char *why)
{
	request->answer.retry_after = seconds;
	answer_error(&request->answer, MHD_HTTP_SERVICE_UNAVAILABLE, "%s", why);
}

static enum MHD_Result reply(struct request *request)
{
	return answer_send(&request->answer, request->connection,
			   atomic_load(&request->http->draining));
}

static enum MHD_Result begin(struct request *request, const char *path, const char *method)
{
	struct http *http = request->http;

	if (atomic_load(&http->draining))
		refuse_for_now(request, 1, "the collector is stopping");
	else
		admit(request->connection, path, method, &http->options.rules, &request->admission,
		      &request->answer);
	return request->admission.at_once ? reply(request) : MHD_YES;
}

/* A refused request's body is read too, within bounds: a client that still writes would miss the
 * answer. */
static enum MHD_Result take_piece(struct request *request, const char *bytes, size_t length)
{
	struct http *http = request->http;

	if (request->answer.status != 0 || !request->admission.ingest) {
		request->swallowed += length;
		return request->swallowed <= BODY_SWALLOWED ? MHD_YES : MHD_NO;
	}
	if (http->bodies + length > HTTP_BODIES) {
		refuse_for_now(request, 1, "too many large requests at once");
	} else {
		const int error = body_add(&request->body, bytes, length, BODY_BYTES);
		if (error == -E2BIG)
			answer_error(&request->answer, MHD_HTTP_CONTENT_TOO_LARGE,
				     "a body of more than %u bytes", BODY_BYTES);
		else if (error)
			refuse_for_now(request, 1, "out of memory");
		else
			http->bodies += length;
	}
	if (request->answer.status != 0)
		drop_body(request);
	return MHD_YES;
}

/* False: the answer says what is wrong. */
static bool unpack(struct request *request, struct body *into)
{
	const int error = body_inflate(&request->body, into, BODY_INFLATED);

	if (error == -E2BIG)
		answer_error(&request->answer, MHD_HTTP_CONTENT_TOO_LARGE,
			     "more than %u bytes when unpacked", BODY_INFLATED);
	else if (error == -EBADMSG)
		answer_error(&request->answer, MHD_HTTP_BAD_REQUEST,
			     "the body is not gzip, or damaged, or cut");
	else if (error)
		refuse_for_now(request, 1, "out of memory");
	return error == 0;
}

/* The body becomes a job's batch. False: the answer says what is wrong. */
static bool ingest(struct request *request)
{
	struct complaint complaint = { .what = "out of memory" };
	struct body plain = { 0 };
	const struct body *body = &request->body;

	request->job.received = moment_now();
	if (request->admission.gzip) {
		if (!unpack(request, &plain))
			return false;
		body = &plain;
	}
	const int error =
		request->admission.ingest(body->data ? body->data : "", body->length,
					  request->job.received, &request->job.batch, &complaint);
	body_free(&plain);
	drop_body(request);
	if (error == -ENOMEM)
		refuse_for_now(request, 1, complaint.what);
	else if (error)
		answer_complaint(&request->answer,
				 error == -E2BIG ? MHD_HTTP_CONTENT_TOO_LARGE
						 : MHD_HTTP_BAD_REQUEST,
				 &complaint);
	return error == 0;
}

/* In the writer's thread. The request may be gone as soon as it is resumed. */
static void stored(struct writer_job *job)
{
	struct request *request = (struct request *)((char *)job - offsetof(struct request, job));

	MHD_resume_connection(request->connection);
}

static enum MHD_Result hand_over(struct request *request)
{
	request->pushed = true;
	request->job.done = stored;
	MHD_suspend_connection(request->connection);
	const int error = writer_push(request->http->options.writer, &request->job);
	if (error) {
		batch_free(&request->job.batch);
		request->job.error = error;
		MHD_resume_connection(request->connection);
	}
	return MHD_YES;
}

static void answer_job(struct request *request)
{
	const struct writer_job *job = &request->job;

	if (job->error == 0)
		answer_stored(&request->answer, job->events, job->events - job->fresh);
	else if (job->error == -EAGAIN)
		refuse_for_now(request, 1, "too much is waiting to be stored");
	else if (job->error == -ENOSPC)
		refuse_for_now(request, 30, "the disk is full");
	else
		refuse_for_now(request, 30,
			       "the database cannot be written; the collector's log says why");
}

static enum MHD_Result complete(struct request *request)
{
	const struct route *route = request->admission.route;

	if (request->pushed) {
		answer_job(request);
	} else if (request->answer.status == 0 && request->admission.ingest) {
		if (ingest(request))
			return hand_over(request);
	} else if (request->answer.status == 0) {
		const struct query query = {
			.limit = MHD_lookup_connection_value(request->connection,
							     MHD_GET_ARGUMENT_KIND, "limit"),
			.service = MHD_lookup_connection_value(request->connection,
							       MHD_GET_ARGUMENT_KIND, "service"),
		};
		route->get(request->http->options.store, &query, &request->answer);
	}
	return reply(request);
}

/* The parameters are MHD's. */
/* NOLINTNEXTLINE(readability-function-size) */
static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *path,
			      const char *method, const char *version, const char *bytes,
			      size_t *length, void **place)
{
	struct request *request = *place;

	(void)version;
	if (!request) {
		request = request_new(context, connection);
		*place = request;
		return request ? begin(request, path, method) : MHD_NO;
	}
	if (*length == 0)
		return complete(request);
	const enum MHD_Result result = take_piece(request, bytes, *length);
	*length = 0;
	return result;
}

int http_start(const struct http_options *options, struct http **into)
{
	struct http *http = calloc(1, sizeof(*http));

	if (!http)
		return -ENOMEM;
	http->options = *options;
	pthread_mutex_init(&http->lock, NULL);
	pthread_cond_init(&http->idle, NULL);
	/* poll, not epoll: that is edge-triggered, and MHD 0.9.75 then misses an end of file that
	 * comes with data. */
	http->daemon = MHD_start_daemon(MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0,
					NULL, NULL, handle, http, MHD_OPTION_LISTEN_SOCKET,
					options->listen, MHD_OPTION_NOTIFY_COMPLETED, request_over,
					http, MHD_OPTION_CONNECTION_LIMIT, HTTP_CONNECTIONS,
					MHD_OPTION_CONNECTION_TIMEOUT, HTTP_IDLE, MHD_OPTION_END);
	if (!http->daemon) {
		free(http);
		return -EIO;
	}
	*into = http;
	return 0;
}

void http_drain(struct http *http)
{
	struct timespec until;

	atomic_store(&http->draining, true);
	const int listener = MHD_quiesce_daemon(http->daemon);
	if (listener >= 0)
		close(listener);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += HTTP_DRAIN;
	pthread_mutex_lock(&http->lock);
	while (http->begun > 0 && pthread_cond_timedwait(&http->idle, &http->lock, &until) == 0)
		;
	pthread_mutex_unlock(&http->lock);
}

void http_stop(struct http *http)
{
	MHD_stop_daemon(http->daemon);
	pthread_cond_destroy(&http->idle);
	pthread_mutex_destroy(&http->lock);
	free(http);
}
