/*
 * unix: URLs: lines to a listening stream socket. A request is a connection; what the kernel took
 * of it counts as delivered, since such a receiver answers nothing.
 */
#include "sender/transport.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

extern const struct transport transport_unix;

#define POLL_MOST  64
#define TIMEOUT_MS 10000

struct unix_state {
	struct transport_request *request; /* NULL: not under way */
	struct unix_state *next;
	int socket;
	size_t sent;
	uint64_t until_ns; /* boot time */
};

struct unix_common {
	struct unix_state *first; /* all that were not forgotten */
};

static int unix_open(void **common)
{
	*common = calloc(1, sizeof(struct unix_common));
	return *common ? 0 : -ENOMEM;
}

static void unix_close(void *common)
{
	free(common);
}

/* unix:/path or unix:///path */
static int read_address(const char *url, struct sockaddr_un *into)
{
	const char *path = url + strlen("unix:");

	if (path[0] == '/' && path[1] == '/')
		path += 2;
	if (path[0] != '/')
		return -EINVAL;
	if (strlen(path) >= sizeof(into->sun_path))
		return -ENAMETOOLONG;
	into->sun_family = AF_UNIX;
	strcpy(into->sun_path, path);
	return 0;
}

static int connect_to(const char *url)
{
	struct sockaddr_un address = { 0 };
	int r = read_address(url, &address);
	int s;

	if (r)
		return r;
	s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s < 0)
		return -errno;
	if (!connect(s, (struct sockaddr *)&address, sizeof(address)))
		return s;
	r = -errno;
	close(s);
	return r;
}

static bool finish(struct unix_state *state, enum transport_result result, int error)
{
	struct transport_request *request = state->request;

	if (state->socket >= 0)
		close(state->socket);
	state->socket = -1;
	state->request = NULL;
	request->result = result;
	request->status = result == TRANSPORT_STATUS ? 200 : 0;
	request->retry_after = 0;
	snprintf(request->message, sizeof(request->message), "%s", error ? strerror(error) : "");
	return true;
}

static bool is_misplaced(int error)
{
	return error == EINVAL || error == ENAMETOOLONG || error == EPROTOTYPE || error == EACCES;
}

/* True when the request is done. */
static bool go_on(struct unix_state *state)
{
	struct transport_request *request = state->request;

	while (state->sent < request->length) {
		ssize_t n = send(state->socket, request->body + state->sent,
				 request->length - state->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return clock_boot_ns() >= state->until_ns &&
			       finish(state, TRANSPORT_TIMEOUT, ETIMEDOUT);
		if (n < 0)
			return finish(state, TRANSPORT_NETWORK, errno);
		state->sent += (size_t)n;
	}
	return finish(state, TRANSPORT_STATUS, 0);
}

static struct unix_state *state_of(struct unix_common *common, struct transport_request *request)
{
	struct unix_state *state = request->state;

	if (state)
		return state;
	state = calloc(1, sizeof(*state));
	if (!state)
		return NULL;
	state->socket = -1;
	state->next = common->first;
	common->first = state;
	request->state = state;
	return state;
}

static bool unix_submit(void *common, struct transport_request *request)
{
	struct unix_state *state = state_of(common, request);
	uint32_t timeout = request->to->timeout_ms ? request->to->timeout_ms : TIMEOUT_MS;
	int r;

	if (!state) {
		request->result = TRANSPORT_NETWORK;
		snprintf(request->message, sizeof(request->message), "out of memory");
		return true;
	}
	state->request = request;
	state->sent = 0;
	state->until_ns = clock_boot_ns() + timeout * UINT64_C(1000000);
	r = connect_to(request->url);
	if (r < 0)
		return finish(state, is_misplaced(-r) ? TRANSPORT_REFUSED : TRANSPORT_NETWORK, -r);
	state->socket = r;
	return go_on(state);
}

static struct transport_request *step(struct unix_common *common)
{
	for (struct unix_state *state = common->first; state; state = state->next) {
		struct transport_request *request = state->request;

		if (request && go_on(state))
			return request;
	}
	return NULL;
}

static struct transport_request *unix_wait(void *common, int timeout_ms)
{
	struct unix_common *all = common;
	struct transport_request *done = step(all);
	struct pollfd look[POLL_MOST];
	nfds_t count = 0;

	if (done)
		return done;
	for (struct unix_state *s = all->first; s && count < POLL_MOST; s = s->next)
		if (s->request)
			look[count++] = (struct pollfd){ .fd = s->socket, .events = POLLOUT };
	if (!count)
		return NULL;
	poll(look, count, timeout_ms);
	return step(all);
}

static void unix_cancel(void *common, struct transport_request *request)
{
	struct unix_state *state = request->state;

	(void)common;
	if (!state)
		return;
	if (state->socket >= 0)
		close(state->socket);
	state->socket = -1;
	state->request = NULL;
}

static void unix_forget(void *common, struct transport_request *request)
{
	struct unix_common *all = common;
	struct unix_state *state = request->state;

	if (!state)
		return;
	unix_cancel(common, request);
	for (struct unix_state **at = &all->first; *at; at = &(*at)->next) {
		if (*at == state) {
			*at = state->next;
			break;
		}
	}
	free(state);
	request->state = NULL;
}

static const char *const schemes[] = { "unix", NULL };

const struct transport transport_unix = {
	.schemes = schemes,
	.lines = true,
	.open = unix_open,
	.close = unix_close,
	.submit = unix_submit,
	.wait = unix_wait,
	.cancel = unix_cancel,
	.forget = unix_forget,
};
