/*
 * A server such as readyset or graphql-engine: prints its version when asked, else listens on a
 * free loopback port and runs until SIGTERM, like any C program that knows nothing of telemetry.
 * SYSTEM_VERSION is what --version prints.
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static volatile sig_atomic_t ending;

static void on_term(int number)
{
	ending = number;
}

static int serve(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int server = socket(AF_INET, SOCK_STREAM, 0);

	if (server < 0 || bind(server, (struct sockaddr *)&any, sizeof(any)) != 0 ||
	    listen(server, 16) != 0)
		return -1;
	return server;
}

int main(int argc, char **argv)
{
	struct sigaction term = { .sa_handler = on_term };
	sigset_t blocked, before;

	if (argc > 1 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "version") == 0)) {
		puts(SYSTEM_VERSION);
		return 0;
	}
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	sigaction(SIGTERM, &term, NULL);
	if (serve() < 0) {
		perror(argv[0]);
		return 1;
	}
	puts("ready");
	fflush(stdout);
	while (ending == 0)
		sigsuspend(&before);
	return 0;
}
