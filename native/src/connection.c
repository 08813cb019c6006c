// Who talks to the monitor: packets in, packets out.
#include "packet.h"

static struct { int fd, slot; bool hello; } connections[CONNECTIONS_MAX];

void connections_begin(void) {
  for (u32 i = 0; i < CONNECTIONS_MAX; i++) connections[i].fd = -1;
}

void connection_greeted(u32 index) { connections[index].hello = true; }

void connections_poll(void) {
  for (u32 i = 0; i < CONNECTIONS_MAX; i++) {
    connections[i].slot = connections[i].fd >= 0 ? poll_add(connections[i].fd, POLLIN) : -1;
  }
}

static void connection_close(u32 index) {
  close_fd(&connections[index].fd);
  for (struct process *at = processes; at; at = at->next) {
    if (at->hold && at->holder == (int)index) released = !(at->hold = false);
  }
}

// A peer that does not read its packets is let go; it can come back and ask for the status.
static void connection_send(u32 index, int fd) {
  if (packet_send(connections[index].fd, fd) != 0) connection_close(index);
}

void connections_tell(void) {
  for (u32 i = 0; i < CONNECTIONS_MAX; i++) {
    if (connections[i].fd >= 0 && connections[i].hello) connection_send(i, -1);
  }
}

// Takes the descriptors out of a message; false when it was cut short.
static bool take_fds(struct msghdr *message, struct fds *fds) {
  for (struct cmsghdr *at = CMSG_FIRSTHDR(message); at; at = CMSG_NXTHDR(message, at)) {
    if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SCM_RIGHTS) continue;
    fds->count = (u32)((at->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    memcpy(fds->fd, CMSG_DATA(at), fds->count * sizeof(int));
  }
  return !(message->msg_flags & (MSG_TRUNC | MSG_CTRUNC));
}

// Reads and answers one request; false when there was none.
static bool connection_serve(u32 index) {
  static u8 bytes[PACKET_MAX];
  static union { char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))]; struct cmsghdr align; } control;
  struct iovec part = {bytes, sizeof bytes};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
  ssize_t got = recvmsg(connections[index].fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  struct header header = {0};
  struct fds fds = {.count = 0};
  if (got <= 0) {
    connection_close(index);
    return false;
  }
  bool whole = take_fds(&message, &fds) && got >= (ssize_t)sizeof header;
  if (got >= (ssize_t)sizeof header) memcpy(&header, bytes, sizeof header);
  struct answer answer = {.fd = -1};
  struct process *made = NULL;
  int error = -EMSGSIZE;
  packet_begin(OK, header.request, header.process);
  packet_u64(0);
  if (whole && header.length == (size_t)got && header.reserved == 0) {
    struct body body = {bytes + sizeof header, (u32)got - (u32)sizeof header, false};
    error = request_do(index, &header, &body, &fds, &answer, &made);
  }
  for (u32 i = 0; i < fds.count; i++) close_fd(&fds.fd[i]);
  if (made) answer.value = (u64)made->pid;
  if (error) {
    packet_begin(FAILURE, header.request, header.process);
    packet_u32((u32)-error);
  } else {
    packet_value(answer.value);
  }
  connection_send(index, answer.fd);
  if (made && made->error) process_failed(made);
  return connections[index].fd >= 0;
}

// Only the monitor's own user may talk to it.
void connection_accept(void) {
  int fd = accept4(LISTENER, NULL, NULL, SOCK_CLOEXEC);
  if (fd < 0) return;
  struct ucred peer = {.uid = (uid_t)-1};
  socklen_t size = sizeof peer;
  u32 i = 0;
  while (i < CONNECTIONS_MAX && connections[i].fd >= 0) i++;
  if (i == CONNECTIONS_MAX || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.uid != geteuid()) {
    close(fd);
    return;
  }
  connections[i].fd = fd;
  connections[i].slot = -1;
  connections[i].hello = false;
}

void connections_serve(void) {
  for (u32 i = 0; i < CONNECTIONS_MAX; i++) {
    if (!poll_result(connections[i].slot) || connections[i].fd < 0) continue;
    for (u32 k = 0; k < REQUESTS_AT_ONCE && connection_serve(i); k++) {}
  }
}
