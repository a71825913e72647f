/*
 * `bookend collect`: from the command line to the last commit. Threads: main waits for a signal,
 * MHD's one serves, the writer's one stores. Signals are blocked in all of them; main takes them
 * with sigwaitinfo().
 */
#include "tools/collector/collector.h"

#include <errno.h>
#include <getopt.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/paths.h"
#include "tools/collector/http.h"

#define DEFAULT_LISTEN "127.0.0.1:7117"

static const char usage[] =
	"usage: bookend collect [--listen ADDRESS:PORT] [--db FILE] [--key KEY] [--port-file "
	"FILE]\n"
	"\n"
	"Stores the events it is sent over HTTP and shows them at /. SIGTERM ends it.\n"
	"\n"
	"  --listen ADDRESS:PORT  where to listen; port 0: any free one (default " DEFAULT_LISTEN
	")\n"
	"  --db FILE              the database (default: collector.db in the state directory)\n"
	"  --key KEY              only who knows it may write and read\n"
	"  --port-file FILE       write the port's number there when it accepts\n";

struct options {
	const char *listen;
	const char *db;
	const char *key;
	const char *port_file;
};

struct listener {
	int socket;
	bool loopback;
	char address[NI_MAXHOST + 2]; /* as in a URL */
	unsigned port;
};

/* -1: go on; else the exit status. */
static int read_options(int argc, char **argv, struct options *into)
{
	static const struct option known[] = { { "listen", required_argument, NULL, 'l' },
					       { "db", required_argument, NULL, 'd' },
					       { "key", required_argument, NULL, 'k' },
					       { "port-file", required_argument, NULL, 'p' },
					       { "help", no_argument, NULL, 'h' },
					       { 0 } };
	int option;

	*into = (struct options){ .listen = DEFAULT_LISTEN };
	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (option == 'l')
			into->listen = optarg;
		else if (option == 'd')
			into->db = optarg;
		else if (option == 'k')
			into->key = optarg;
		else if (option == 'p')
			into->port_file = optarg;
		else {
			fputs(usage, option == 'h' ? stdout : stderr);
			return option == 'h' ? 0 : 2;
		}
	}
	if (optind == argc)
		return -1;
	fprintf(stderr, "bookend collect: what is \"%s\"?\n%s", argv[optind], usage);
	return 2;
}

static bool is_loopback(const struct sockaddr *address)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)address;
	const struct sockaddr_in *four = (const struct sockaddr_in *)(const void *)address;

	if (address->sa_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
	return ntohl(four->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

/* ADDRESS:PORT or [ADDRESS]:PORT into its two parts. */
static bool split(const char *text, char host[NI_MAXHOST], char port[8])
{
	const char *colon = strrchr(text, ':');
	size_t length = colon ? (size_t)(colon - text) : 0;

	if (length == 0 || length >= NI_MAXHOST || strlen(colon + 1) > 5 || !colon[1] ||
	    colon[1 + strspn(colon + 1, "0123456789")] || atoi(colon + 1) > 65535)
		return false;
	if (text[0] == '[' && colon[-1] == ']') {
		text++;
		length -= 2;
	}
	memcpy(host, text, length);
	host[length] = '\0';
	strcpy(port, colon + 1);
	return true;
}

static int bind_and_listen(const struct addrinfo *where, struct listener *into)
{
	const int on = 1;
	struct sockaddr_storage bound;
	socklen_t length = sizeof(bound);
	char port[8], host[NI_MAXHOST];

	into->socket = socket(where->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (into->socket < 0)
		return -errno;
	setsockopt(into->socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(into->socket, where->ai_addr, where->ai_addrlen) != 0 ||
	    listen(into->socket, 256) != 0 ||
	    getsockname(into->socket, (struct sockaddr *)&bound, &length) != 0) {
		const int error = -errno;
		close(into->socket);
		return error;
	}
	getnameinfo((struct sockaddr *)&bound, length, host, sizeof(host), port, sizeof(port),
		    NI_NUMERICHOST | NI_NUMERICSERV);
	into->loopback = is_loopback(where->ai_addr);
	into->port = (unsigned)atoi(port);
	snprintf(into->address, sizeof(into->address), where->ai_family == AF_INET6 ? "[%s]" : "%s",
		 host);
	return 0;
}

static bool open_listener(const char *text, struct listener *into)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
					.ai_socktype = SOCK_STREAM };
	struct addrinfo *where;
	char host[NI_MAXHOST], port[8];

	if (!split(text, host, port) || getaddrinfo(host, port, &hints, &where) != 0) {
		fprintf(stderr,
			"bookend collect: --listen \"%s\": write ADDRESS:PORT, such as %s\n", text,
			DEFAULT_LISTEN);
		return false;
	}
	const int error = bind_and_listen(where, into);
	freeaddrinfo(where);
	if (error)
		fprintf(stderr, "bookend collect: cannot listen on %s: %s\n", text,
			strerror(-error));
	return error == 0;
}

/* Whole or not at all: readers poll for it. */
static bool write_port_file(const char *path, unsigned port)
{
	char name[PATHS_MAX];
	const int length = snprintf(name, sizeof(name), "%s.new", path);
	FILE *file = length < (int)sizeof(name) ? fopen(name, "we") : NULL;
	bool good = file && fprintf(file, "%u\n", port) > 0;

	if (file && fclose(file) != 0)
		good = false;
	if (good && rename(name, path) == 0)
		return true;
	fprintf(stderr, "bookend collect: cannot write %s: %s\n", path, strerror(errno));
	return false;
}

static void log_trouble(const char *line)
{
	fprintf(stderr, "bookend collect: cannot store: %s\n", line);
}

static struct store *open_store(const char *path, enum store_mode mode)
{
	struct store *store = NULL;
	const int error = store_open(path, mode, &store);

	if (!error)
		return store;
	fprintf(stderr, "bookend collect: cannot use the database %s: %s\n", path,
		store ? store_trouble(store) : strerror(-error));
	store_close(store);
	return NULL;
}

/* Everything is up: says so, and waits for the end. False: nobody could be told. */
static bool run(const struct options *options, const struct listener *listener,
		const sigset_t *ends)
{
	if (!listener->loopback && !options->key)
		fprintf(stderr,
			"bookend collect: warning: %s is open to other machines, and there is no "
			"--key\n",
			listener->address);
	if (options->port_file && !write_port_file(options->port_file, listener->port))
		return false;
	printf("listening on http://%s:%u\n", listener->address, listener->port);
	if (fflush(stdout) != 0)
		return false;
	while (sigwaitinfo(ends, NULL) < 0)
		;
	return true;
}

static bool serve(const struct options *options, const struct listener *listener,
		  struct store *writing, struct store *reading, const sigset_t *ends)
{
	struct http_options about = { .listen = listener->socket,
				      .rules = { .key = options->key,
						 .loopback = listener->loopback },
				      .store = reading };
	struct http *http = NULL;

	int error = writer_start(writing, log_trouble, &about.writer);
	if (!error) {
		error = http_start(&about, &http);
		if (error)
			writer_stop(about.writer);
	}
	if (error) {
		fprintf(stderr, "bookend collect: cannot start: %s\n", strerror(-error));
		return false;
	}
	const bool good = run(options, listener, ends);
	http_drain(http);
	writer_stop(about.writer);
	http_stop(http);
	return good;
}

int collect_main(int argc, char **argv)
{
	struct options options;
	struct listener listener;
	sigset_t ends;
	char path[PATHS_MAX + 16];
	const int status = read_options(argc, argv, &options);

	if (status >= 0)
		return status;
	umask(077); /* what people run is theirs to know */
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	pthread_sigmask(SIG_BLOCK, &ends, NULL);
	signal(SIGPIPE, SIG_IGN);
	const char *db = collector_database(options.db, 1, path, sizeof(path));
	if (!db || !open_listener(options.listen, &listener))
		return 1;
	struct store *writing = open_store(db, STORE_WRITE);
	struct store *reading = writing ? open_store(db, STORE_READ) : NULL;
	const bool good = reading && serve(&options, &listener, writing, reading, &ends);
	store_close(reading);
	store_close(writing);
	return good ? 0 : 1;
}
