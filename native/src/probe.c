// Small measurements from inside a container, and whether virtual machines run. kapal-probe WHAT [ARGUMENT]; prints one line.
#include "names.h"
#include "sys.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>

enum { MOST_MS = 60000, MOST_MIB = 4096, CHUNK = 1 << 20 };

static double seconds_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int trouble(const char *what) {
  fprintf(stderr, "kapal-probe: %s: %s\n", what, strerror(errno));
  return 1;
}

// Nanoseconds of the cheapest system call, the best of several rounds: what disturbs only adds.
static int syscalls(double seconds) {
  double best = 0, end = seconds_now() + seconds;
  for (u32 round = 0, count = 1000; round < 3 || seconds_now() < end; round++) {
    double from = seconds_now();
    for (u32 i = 0; i < count; i++) syscall(SYS_getppid);
    double took = seconds_now() - from, each = took / count;
    if (round == 0 || each < best) best = each;
    if (took < seconds / 20 && count < 1u << 24) count *= 2;
  }
  printf("%.1f\n", best * 1e9);
  return 0;
}

// Bytes per second written and synced, and read back from the cache: whether it can be emptied differs from kernel to kernel.
static int disk(const char *path, u64 mib) {
  static char buffer[CHUNK];
  // No zeros, which file systems may leave out, and no two chunks alike to one that looks for that.
  for (u32 i = 0, x = 1; i < CHUNK; i++, x = x * 1664525 + 1013904223) buffer[i] = (char)(x >> 24);
  int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return trouble(path);
  double from = seconds_now();
  int status = 0;
  for (u64 i = 0; i < mib && status == 0; i++) {
    memcpy(buffer, &i, sizeof i);
    status = write_all(fd, buffer, CHUNK);
  }
  if (status == 0 && fsync(fd) != 0) status = -errno;
  double written = seconds_now();
  ssize_t got = 1;
  u64 total = 0;
  if (status == 0 && lseek(fd, 0, SEEK_SET) < 0) status = -errno;
  while (status == 0 && (got = read(fd, buffer, CHUNK)) > 0) total += (u64)got;
  double end = seconds_now();
  unlink(path);
  errno = status ? -status : got < 0 ? errno : EIO;
  if (status || got < 0 || total != mib * CHUNK) return trouble(path);
  printf("%.0f %.0f\n", (double)(mib * CHUNK) / (written - from), (double)total / (end - written));
  return 0;
}

static void send_until(int fd, double end) {
  static char buffer[256 << 10];
  while (seconds_now() < end && send(fd, buffer, sizeof buffer, MSG_NOSIGNAL) > 0) {}
}

// Bytes per second over TCP to the same place: the network stack without the wire.
static int network(double seconds) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 1) != 0 ||
      getsockname(listener, (struct sockaddr *)&address, &size) != 0) return trouble("loopback");
  pid_t pid = fork();
  if (pid < 0) return trouble("fork");
  if (pid == 0) {
    int out = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (out < 0 || connect(out, (struct sockaddr *)&address, size) != 0) _exit(1);
    send_until(out, seconds_now() + seconds);
    _exit(0);
  }
  static char buffer[256 << 10];
  struct timeval patience = {.tv_sec = 10};
  setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  int in = accept(listener, NULL, NULL);
  u64 total = 0;
  double from = seconds_now();
  for (ssize_t got; in >= 0 && (got = read(in, buffer, sizeof buffer)) > 0;) total += (u64)got;
  double took = seconds_now() - from;
  int status;
  waitpid(pid, &status, 0);
  if (in < 0 || total == 0) return trouble("loopback");
  printf("%.0f\n", (double)total / took);
  return 0;
}

// Takes what is sent to a port of any address, one sender after the other, and tells each how many bytes came.
static int sink(u16 port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
  if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
      bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 8) != 0) return trouble("sink");
  for (;;) {
    static char buffer[256 << 10];
    int in = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (in < 0 && errno == EINTR) continue;
    if (in < 0) return trouble("sink");
    struct timeval patience = {.tv_sec = 10};
    setsockopt(in, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    u64 total = 0;
    for (ssize_t got; (got = read(in, buffer, sizeof buffer)) > 0;) total += (u64)got;
    send(in, &total, sizeof total, MSG_NOSIGNAL);
    close(in);
  }
}

// Bytes per second that arrive at a sink, by its own count.
static int send_to(const char *host, u16 port, double seconds) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  if (inet_pton(AF_INET, host, &address.sin_addr) != 1) {
    fprintf(stderr, "kapal-probe: %s is no IPv4 address\n", host);
    return 2;
  }
  int out = -1;
  // The sink, or the way to it, may have begun just now.
  for (double limit = seconds_now() + 5;;) {
    out = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (out >= 0 && connect(out, (struct sockaddr *)&address, sizeof address) == 0) break;
    if (out < 0 || seconds_now() > limit) return trouble(host);
    close(out);
    usleep(20000);
  }
  struct timeval patience = {.tv_sec = 10};
  setsockopt(out, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(out, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  double from = seconds_now();
  send_until(out, from + seconds);
  u64 total = 0;
  if (shutdown(out, SHUT_WR) != 0 || recv(out, &total, sizeof total, MSG_WAITALL) != sizeof total || total == 0) return trouble(host);
  printf("%.0f\n", (double)total / (seconds_now() - from));
  return 0;
}

static int kernel(void) {
  struct utsname name;
  if (uname(&name) != 0) return trouble("uname");
  return puts(name.release) < 0;
}

static u64 number(const char *word, u64 most) {
  char *end;
  errno = 0;
  u64 value = strtoull(word, &end, 10);
  return errno || *end || end == word || value < 1 || value > most ? 0 : value;
}

int probe_main(int count, char **words) {
  const char *what = count > 1 ? words[1] : "";
  u64 n = count > 2 ? number(words[count - 1], strcmp(what, "disk") == 0 ? MOST_MIB : MOST_MS) : 0;
  if (strcmp(what, "hello") == 0 && count == 2) return puts("hello") < 0;
  if (strcmp(what, "kernel") == 0 && count == 2) return kernel();
  if (strcmp(what, "idle") == 0 && count == 3) return pause_main(count, words);
  if (strcmp(what, "kvm") == 0 && count == 2) return kvm_trial();
  if (strcmp(what, "syscalls") == 0 && count == 3 && n) return syscalls((double)n / 1000);
  if (strcmp(what, "disk") == 0 && count == 4 && n) return disk(words[2], n);
  if (strcmp(what, "network") == 0 && count == 3 && n) return network((double)n / 1000);
  if (strcmp(what, "sink") == 0 && count == 3 && n) return sink((u16)n);
  u64 port = count == 5 ? number(words[3], UINT16_MAX) : 0;
  if (strcmp(what, "send") == 0 && port && n) return send_to(words[2], (u16)port, (double)n / 1000);
  fprintf(stderr, "usage: kapal-probe hello | kernel | idle MARK | kvm | syscalls MS | disk FILE MIB | network MS | sink PORT | "
                  "send ADDRESS PORT MS\n");
  return 2;
}
