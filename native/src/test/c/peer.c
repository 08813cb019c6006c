#include "peer.h"

#include <sys/mman.h>
#include <sys/un.h>
#include <sys/wait.h>

static struct packet kept[64];
static u32 kept_count;

int monitor_connect(const struct monitor *monitor) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%.90s/monitor.sock", monitor->directory);
  int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
  return fd;
}

void monitor_start(struct monitor *monitor) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  *monitor = (struct monitor){.socket = -1};
  snprintf(monitor->directory, sizeof monitor->directory, "%s", test_directory);
  snprintf(address.sun_path, sizeof address.sun_path, "%.90s/monitor.sock", test_directory);
  int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), directory = open(test_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  CHECK(bind(listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(listener, 16) == 0);
  char options[512];
  snprintf(options, sizeof options, "log_path=%s/sanitizer:detect_leaks=1", test_directory);
  setenv("ASAN_OPTIONS", options, 1);
  setenv("UBSAN_OPTIONS", options, 1);
  pid_t pid = fork();
  if (pid == 0) {
    int a = fcntl(listener, F_DUPFD, 100), b = fcntl(directory, F_DUPFD, 100);
    dup2(a, 3);
    dup2(b, 4);
    dup2(a, 77);  // Something that it must not keep.
    execl(program(), "kapal", "--as", "kapal-monitor", "test", (char *)NULL);
    _exit(9);
  }
  int status;
  CHECK(waitpid(pid, &status, 0) == pid);
  EQ(status, 0);
  close(listener);
  close(directory);
  monitor->socket = monitor_connect(monitor);
  monitor->pid = (pid_t)ask32(monitor, M_HELLO, 0, 1);
  CHECK(monitor->pid > 1);
}

static void receive(struct monitor *monitor, struct packet *packet) {
  union { char bytes[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control;
  struct iovec part = {packet, 65536};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
  ssize_t got = recvmsg(monitor->socket, &message, MSG_CMSG_CLOEXEC);
  if (got < 16) test_fail(__FILE__, __LINE__, "the monitor closed the connection (%zd, %s)", got, strerror(errno));
  EQ(packet->size, got);
  packet->body_size = (u32)got - 16;
  packet->fd = -1;
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  if (header) memcpy(&packet->fd, CMSG_DATA(header), sizeof(int));
}

i64 ask(struct monitor *monitor, u16 type, u32 process, const void *body, u32 size, const int *fds, u32 count, struct packet *reply) {
  static struct packet own;
  if (!reply) reply = &own;
  static u8 bytes[65536];
  u32 head[] = {16 + size, type, ++monitor->requests, process};
  memcpy(bytes, head, 16);
  if (size) memcpy(bytes + 16, body, size);
  static char control[CMSG_SPACE(253 * sizeof(int))] __attribute__((aligned(8)));
  struct iovec part = {bytes, 16 + size};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (count) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(count * sizeof(int));
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(header), fds, count * sizeof(int));
  }
  CHECK(sendmsg(monitor->socket, &message, MSG_NOSIGNAL) == (ssize_t)(16 + size));
  for (;;) {
    receive(monitor, reply);
    if (reply->request == monitor->requests) break;
    EQ(reply->request, 0);
    CHECK(kept_count < COUNT(kept));
    kept[kept_count++] = *reply;
  }
  EQ(reply->process, process);
  if (reply->type == M_ERROR) return -(i64)word(reply, 0);
  EQ(reply->type, M_OK);
  i64 value;
  memcpy(&value, reply->body, 8);
  return value;
}

i64 ask32(struct monitor *monitor, u16 type, u32 process, u32 value) { return ask(monitor, type, process, &value, 4, NULL, 0, NULL); }
i64 ask0(struct monitor *monitor, u16 type, u32 process) { return ask(monitor, type, process, NULL, 0, NULL, 0, NULL); }

struct packet *event(struct monitor *monitor) {
  static struct packet packet;
  if (kept_count) {
    packet = kept[0];
    memmove(kept, kept + 1, --kept_count * sizeof *kept);
  } else {
    receive(monitor, &packet);
    EQ(packet.request, 0);
  }
  return &packet;
}

u32 word(const struct packet *packet, u32 index) {
  u32 value;
  CHECK(4 * index + 4 <= packet->body_size);
  memcpy(&value, packet->body + 4 * index, 4);
  return value;
}

struct packet *expect(struct monitor *monitor, u16 type, u32 process) {
  struct packet *packet = event(monitor);
  if (packet->type == M_FAILED && type != M_FAILED)
    test_fail(__FILE__, __LINE__, "the launch of %u failed: part %u step %u %s", packet->process, word(packet, 0), word(packet, 1),
              strerror((int)word(packet, 2)));
  EQ(packet->type, type);
  EQ(packet->process, process);
  return packet;
}

i64 launch(struct monitor *monitor, u32 process, const struct builder *plan, const int *fds, u32 count, struct log_options log) {
  size_t size;
  u8 *bytes = plan_end(plan, &size);
  int all[256] = {memfd_create("plan", MFD_CLOEXEC)};
  CHECK(write_all(all[0], bytes, size) == 0);
  free(bytes);
  if (count) memcpy(all + 1, fds, count * sizeof(int));
  u8 body[600];
  u32 length = log.path ? (u32)strlen(log.path) : 0;
  memcpy(body, (u32[]){log.format, log.files}, 8);
  memcpy(body + 8, &log.limit, 8);
  memcpy(body + 16, (u32[]){log.flags, length}, 8);
  if (length) memcpy(body + 24, log.path, length);
  i64 result = ask(monitor, M_LAUNCH, process, body, 24 + length, all, count + 1, NULL);
  close(all[0]);
  return result;
}

i64 attach(struct monitor *monitor, u32 process, u32 streams, int a, int b, int c) {
  int fds[] = {a, b, c};
  return ask(monitor, M_ATTACH, process, &streams, 4, fds, (u32)__builtin_popcount(streams), NULL);
}

struct entry status_of(struct monitor *monitor, u32 process) {
  static struct packet reply;
  struct entry entry = {0};
  EQ(ask(monitor, M_STATUS, 0, NULL, 0, NULL, 0, &reply), 0);
  u32 count = word(&reply, 2);
  EQ(reply.body_size, 12 + 64 * count);
  for (u32 i = 0; i < count; i++) {
    memcpy(&entry, reply.body + 12 + 64 * i, 64);
    if (entry.number == process) return entry;
  }
  return (struct entry){0};
}

void check_sanitizers(void) {
  char command[600];
  snprintf(command, sizeof command, "cat %s/sanitizer.* >&2 2>/dev/null", test_directory);
  if (system(command) == 0) test_fail(__FILE__, __LINE__, "a sanitizer has reported something");
}

void monitor_quit(struct monitor *monitor) {
  EQ(ask0(monitor, M_QUIT, 0), 0);
  char byte;
  EQ(recv(monitor->socket, &byte, 1, 0), 0);
  close(monitor->socket);
  EVENTUALLY(kill(monitor->pid, 0) != 0);
  check_sanitizers();
}

void read_exactly(int fd, char *to, size_t size) {
  for (size_t have = 0; have < size;) {
    ssize_t got = read(fd, to + have, size - have);
    CHECK(got > 0);
    have += (size_t)got;
  }
  to[size] = 0;
}

const char *read_end(int fd) {
  static char text[1 << 16];
  size_t have = 0;
  for (ssize_t got; have < sizeof text - 1 && (got = read(fd, text + have, sizeof text - 1 - have)) > 0;) have += (size_t)got;
  text[have] = 0;
  return text;
}
