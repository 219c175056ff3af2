/*
 * A bare echo on epoll: the floor under every latency. No HTTP, no frames, no thread; what one read
 * brings goes back in one write.
 *
 * echo PORT
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 1024, BUFFER = 64 * 1024 };

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int listen_on(int port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0)
		fail("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0)
		fail("bind");
	if (listen(fd, 4096) < 0)
		fail("listen");
	return fd;
}

static void watch(int loop, int fd)
{
	struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};

	if (epoll_ctl(loop, EPOLL_CTL_ADD, fd, &e) < 0)
		fail("epoll_ctl");
}

static void accept_all(int loop, int door)
{
	int on = 1, fd;

	while ((fd = accept4(door, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		watch(loop, fd);
	}
}

/* echo closes a connection that ends or takes less than it sends: the load never does. */
static void echo(int fd)
{
	static char buffer[BUFFER];
	ssize_t n = read(fd, buffer, sizeof buffer);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || write(fd, buffer, n) != n)
		close(fd);
}

int main(int argc, char **argv)
{
	struct epoll_event events[EVENTS];
	int loop = epoll_create1(EPOLL_CLOEXEC), door;

	if (argc != 2) {
		fprintf(stderr, "echo PORT\n");
		return 2;
	}
	if (loop < 0)
		fail("epoll_create1");
	door = listen_on(atoi(argv[1]));
	watch(loop, door);
	for (;;) {
		int i, n = epoll_wait(loop, events, EVENTS, -1);

		if (n < 0 && errno != EINTR)
			fail("epoll_wait");
		for (i = 0; i < n; i++) {
			if (events[i].data.fd == door)
				accept_all(loop, door);
			else
				echo(events[i].data.fd);
		}
	}
}
