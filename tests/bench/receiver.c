#include "tests/bench/receiver.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#define HEAD_MOST   16384
#define BODY_MOST   (32u << 20)
#define CONNECTIONS 256

struct receiver {
	int listener;
	_Atomic uint64_t events;
	_Atomic int connection[CONNECTIONS];
	pthread_t thread;
};

struct served {
	struct receiver *receiver;
	int file;
	char head[HEAD_MOST];
	size_t have; /* bytes in head, which may begin the body */
};

static bool read_more(struct served *s)
{
	ssize_t got = recv(s->file, s->head + s->have, sizeof(s->head) - 1 - s->have, 0);

	if (got <= 0)
		return false;
	s->have += (size_t)got;
	s->head[s->have] = '\0';
	return true;
}

/* The bytes of the head with its empty line, 0: the connection is over. */
static size_t read_head(struct served *s)
{
	for (;;) {
		const char *end = strstr(s->head, "\r\n\r\n");

		if (end)
			return (size_t)(end - s->head) + 4;
		if (!read_more(s))
			return 0;
	}
}

static bool read_body(struct served *s, size_t head, char *into, size_t length)
{
	size_t have = s->have - head < length ? s->have - head : length;

	memcpy(into, s->head + head, have);
	while (have < length) {
		ssize_t got = recv(s->file, into + have, length - have, 0);

		if (got <= 0)
			return false;
		have += (size_t)got;
	}
	return true;
}

static uint64_t count_events(const char *text, size_t length)
{
	static const char member[] = "\"event\":";
	const char *end = text + length;
	uint64_t count = 0;

	while ((text = memmem(text, (size_t)(end - text), member, strlen(member))) != NULL) {
		count++;
		text++;
	}
	return count;
}

static uint64_t count_packed(char *body, size_t length)
{
	z_stream stream = { .next_in = (Bytef *)body, .avail_in = (uInt)length };
	char *plain = malloc(BODY_MOST);
	uint64_t count = 0;

	if (plain && inflateInit2(&stream, 15 + 32) == Z_OK) {
		stream.next_out = (Bytef *)plain;
		stream.avail_out = BODY_MOST;
		if (inflate(&stream, Z_FINISH) == Z_STREAM_END)
			count = count_events(plain, stream.total_out);
		inflateEnd(&stream);
	}
	free(plain);
	return count;
}

static bool answer(struct served *s)
{
	static const char good[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
				   "Content-Length: 12\r\n\r\n{\"status\":1}";
	size_t head = read_head(s);
	const char *found = head ? strcasestr(s->head, "\r\ncontent-length:") : NULL;
	size_t length = found ? strtoul(found + strlen("\r\ncontent-length:"), NULL, 10) : 0;
	bool packed = head && strcasestr(s->head, "content-encoding: gzip");
	char *body = head && length <= BODY_MOST ? malloc(length + 1) : NULL;
	bool whole = body && read_body(s, head, body, length);

	if (whole)
		s->receiver->events +=
			packed ? count_packed(body, length) : count_events(body, length);
	free(body);
	s->have = 0;
	s->head[0] = '\0';
	return whole && send(s->file, good, strlen(good), MSG_NOSIGNAL) == (ssize_t)strlen(good);
}

static void *serve(void *argument)
{
	struct served *s = argument;

	while (answer(s))
		;
	for (int i = 0; i < CONNECTIONS; i++) {
		int file = s->file;

		atomic_compare_exchange_strong(&s->receiver->connection[i], &file, -1);
	}
	close(s->file);
	free(s);
	return NULL;
}

static void begin(struct receiver *r, int file)
{
	struct served *s = calloc(1, sizeof(*s));
	pthread_t thread;

	if (!s)
		return;
	s->receiver = r;
	s->file = file;
	setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	for (int i = 0; i < CONNECTIONS; i++) {
		int none = -1;

		if (atomic_compare_exchange_strong(&r->connection[i], &none, file))
			break;
	}
	if (!pthread_create(&thread, NULL, serve, s))
		pthread_detach(thread);
}

static void *accept_all(void *argument)
{
	struct receiver *r = argument;
	int file;

	while ((file = accept4(r->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		begin(r, file);
	return NULL;
}

struct receiver *receiver_open(unsigned *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	struct receiver *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	for (int i = 0; i < CONNECTIONS; i++)
		r->connection[i] = -1;
	r->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (r->listener >= 0 && !bind(r->listener, (struct sockaddr *)&address, length) &&
	    !getsockname(r->listener, (struct sockaddr *)&address, &length) &&
	    !listen(r->listener, 128) && !pthread_create(&r->thread, NULL, accept_all, r)) {
		*port = ntohs(address.sin_port);
		return r;
	}
	if (r->listener >= 0)
		close(r->listener);
	free(r);
	return NULL;
}

/* Connections that still serve keep the struct: they end when the other side does. */
void receiver_close(struct receiver *r)
{
	shutdown(r->listener, SHUT_RDWR);
	pthread_join(r->thread, NULL);
	close(r->listener);
	for (int i = 0; i < CONNECTIONS; i++)
		if (r->connection[i] >= 0)
			shutdown(r->connection[i], SHUT_RDWR);
}

uint64_t receiver_take(struct receiver *r)
{
	return atomic_exchange(&r->events, 0);
}
