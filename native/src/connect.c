// kapal-connect PORT: connects to a port on the loopback of the network namespace that is open as descriptor 3, and sends
// the socket over descriptor 4; or the error. So that no thread of the daemon is ever in another namespace.
#include "names.h"
#include "sys.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>

enum { NAMESPACE = 3, CHANNEL = 4 };

static int dial(const struct sockaddr *address, socklen_t size) {
  int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && connect(fd, address, size) != 0) {
    int error = errno;
    close(fd);
    errno = error;
    return -1;
  }
  return fd;
}

int connect_main(int count, char **words) {
  u32 port = count == 2 ? (u32)atoi(words[1]) : 0;
  if (port == 0 || port > 65535) return 2;
  struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = setns(NAMESPACE, CLONE_NEWNET) != 0 ? -1 : dial((struct sockaddr *)&four, sizeof four), error = errno;
  // A service may listen on IPv6 alone. What IPv4 said is what is told.
  if (fd < 0 && error == ECONNREFUSED) fd = dial((struct sockaddr *)&six, sizeof six);
  int answer = fd < 0 ? error : 0;
  return send_with(CHANNEL, &answer, sizeof answer, fd, MSG_NOSIGNAL) < 0;
}
