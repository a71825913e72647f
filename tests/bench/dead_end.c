#include "tests/bench/dead_end.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Bound but not listening: connections are refused, and nobody else gets the port. */
static int bind_port(struct dead_end *end)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);

	end->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (end->listener < 0 ||
	    bind(end->listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    getsockname(end->listener, (struct sockaddr *)&address, &length) < 0)
		return -errno;
	end->port = ntohs(address.sin_port);
	return 0;
}

/* A full accept queue: Linux drops further connection requests without an answer. */
static int fill_queue(struct dead_end *end)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				       .sin_port = htons((uint16_t)end->port) };

	for (int i = 0; i < DEAD_END_FILLERS; i++) {
		end->filler[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (end->filler[i] < 0)
			return -errno;
		if (connect(end->filler[i], (struct sockaddr *)&address, sizeof(address)) < 0 &&
		    errno != EINPROGRESS)
			return -errno;
	}
	return 0;
}

int dead_end_open(struct dead_end *end, const char *how)
{
	*end = (struct dead_end){ .listener = -1, .filler = { -1, -1, -1, -1 }, .taken = -1 };

	int error = bind_port(end);
	if (error || !strcmp(how, "closed"))
		return error;

	bool silent = !strcmp(how, "silent");
	if (listen(end->listener, silent ? 4096 : 0) < 0)
		return -errno;
	return silent ? 0 : fill_queue(end);
}

static void let_go(struct dead_end *end)
{
	if (end->taken >= 0)
		close(end->taken);
	end->taken = -1;
}

static bool comes(int file, int most_ms)
{
	struct pollfd wait = { .fd = file, .events = POLLIN };

	return poll(&wait, 1, most_ms) == 1;
}

void dead_end_forget(struct dead_end *end)
{
	let_go(end);
	while (comes(end->listener, 0)) {
		end->taken = accept4(end->listener, NULL, NULL, SOCK_CLOEXEC);
		let_go(end);
	}
}

int dead_end_await(struct dead_end *end, int most_ms)
{
	char byte;

	if (!comes(end->listener, most_ms))
		return -ETIME;
	end->taken = accept4(end->listener, NULL, NULL, SOCK_CLOEXEC);
	if (end->taken < 0)
		return -errno;
	return comes(end->taken, most_ms) && recv(end->taken, &byte, 1, MSG_PEEK) == 1 ? 0 : -ETIME;
}

void dead_end_close(struct dead_end *end)
{
	let_go(end);
	for (int i = 0; i < DEAD_END_FILLERS; i++)
		if (end->filler[i] >= 0)
			close(end->filler[i]);
	if (end->listener >= 0)
		close(end->listener);
}
