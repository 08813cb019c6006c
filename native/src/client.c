// The thin client: hands its words and its standard descriptors to the daemon and does as it is told. docs/client-protocol.md.
#include "client.h"
#include "names.h"

#include <limits.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>

enum { START_SECONDS = 20, RETRY_MS = 5 };

static struct termios cooked;
static bool raw;

void restore_terminal(void) {
  if (raw) tcsetattr(0, TCSADRAIN, &cooked);
  raw = false;
}

static int trouble(const char *socket, const char *reason, const char *remedy) {
  restore_terminal();
  fprintf(stderr, "kapal: the daemon at %s %s; %s\n", socket, reason, remedy);
  return TROUBLE;
}

void set_raw(bool on, bool lines) {
  if (!on) {
    restore_terminal();
    return;
  }
  if (raw || tcgetattr(0, &cooked) != 0) return;
  struct termios mode = cooked;
  cfmakeraw(&mode);
  if (lines) mode.c_oflag |= OPOST;
  raw = tcsetattr(0, TCSADRAIN, &mode) == 0;
}

int connect_to(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) return -ENAMETOOLONG;
  strcpy(address.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
  int error = errno;
  close(fd);
  return -error;
}

bool find_daemon(char *path, size_t size) {
  const char *home = getenv("KAPAL_HOME");
  if (home && *home) return (size_t)snprintf(path, size, "%s/bin/kapald", home) < size;
  ssize_t length = readlink("/proc/self/exe", path, size - 1);
  if (length < 0) return false;
  path[length] = 0;
  char *name = strrchr(path, '/');
  if (!name || (size_t)(name - path) + sizeof "/kapald" > size) return false;
  strcpy(name, "/kapald");
  return true;
}

// Runs the daemon apart from everything here; its pid or -errno. failed reads an errno, or nothing once it runs.
static pid_t start_daemon(const char *path, int *failed) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return -errno;
  pid_t pid = fork();
  if (pid == 0) {
    setsid();
    int null = open("/dev/null", O_RDWR);
    for (int i = 0; i < 3; i++) dup2(null, i);
    close_others(3, &ends[1], 1);
    if (chdir("/") == 0) execl(path, "kapald", (char *)NULL);
    int error = errno;
    _exit(write(ends[1], &error, sizeof error) < 0);
  }
  int error = errno;
  close(ends[1]);
  *failed = ends[0];
  return pid < 0 ? -error : pid;
}

// Starts the daemon and waits for its socket; a connection, or -1 when it has said why not.
static int start_and_connect(const char *path) {
  char program[PATH_MAX] = "kapald", reason[PATH_MAX + 128];
  int failed = -1, error = ENOENT, status;
  const char *remedy = "see why: kapald --check, or start it by hand: kapald";
  pid_t pid = find_daemon(program, sizeof program) ? start_daemon(program, &failed) : -ENOENT;
  bool refused = pid > 0 && read(failed, &error, sizeof error) == (ssize_t)sizeof error;
  close_fd(&failed);
  if (pid < 0 || refused) {
    snprintf(reason, sizeof reason, "is not running and %s cannot be run: %s", program, strerror(pid < 0 ? -pid : error));
    trouble(path, reason, "set KAPAL_HOME to Kapal's folder, or start kapald");
    return -1;
  }
  int tries = START_SECONDS * 1000 / RETRY_MS, fd = -1;
  for (bool alive = true; tries > 0; tries--) {
    fd = connect_to(path);
    if (fd >= 0) return fd;
    struct timespec pause = {.tv_nsec = RETRY_MS * 1000000};
    nanosleep(&pause, NULL);
    // Another client may have started one at the same time: if ours gives up, that one still gets a second.
    if (alive && waitpid(pid, &status, WNOHANG) == pid) {
      alive = false;
      if (WIFSIGNALED(status) || WEXITSTATUS(status) != 0) tries = tries < 1000 / RETRY_MS ? tries : 1000 / RETRY_MS;
    }
  }
  snprintf(reason, sizeof reason, "was started (%s) but does not answer: %s", program, strerror(-fd));
  trouble(path, reason, remedy);
  return -1;
}

// The connection, or -1 when it has said why not.
static int reach(const char *path) {
  int fd = connect_to(path);
  if (fd >= 0) return fd;
  if ((fd == -ENOENT || fd == -ECONNREFUSED) && !getenv("KAPAL_NO_START")) return start_and_connect(path);
  char reason[128];
  snprintf(reason, sizeof reason, "cannot be reached: %s", strerror(-fd));
  trouble(path, reason,
          fd == -EACCES || fd == -EPERM ? "run kapal as root or as a member of the group that owns the socket"
                                        : "start kapald, or set KAPAL_SOCKET to the socket of one that runs");
  return -1;
}

bool send_all(int fd, const void *data, size_t size) {
  for (const char *at = data; size;) {
    ssize_t sent = send(fd, at, size, MSG_NOSIGNAL);
    if (sent < 0 && errno != EINTR) return false;
    if (sent < 0) continue;
    at += sent;
    size -= (size_t)sent;
  }
  return true;
}

struct winsize window(void) {
  struct winsize size = {0};
  for (int i = 0; i < 3 && ioctl(i, TIOCGWINSZ, &size) != 0; i++) {}
  return size;
}

int send_command(int fd, u32 type, int count, char **words, const int *fds, u32 fd_count) {
  char directory[PATH_MAX];
  if (!getcwd(directory, sizeof directory)) strcpy(directory, "/");
  struct { u32 type, length, version, flags; u16 rows, columns; u32 arguments, environment; } head = {type, 0, 1, 0, 0, 0, 0, 0};
  size_t size = sizeof head + strlen(directory) + 1;
  for (int i = 1; i < count; i++, head.arguments++) size += strlen(words[i]) + 1;
  for (char **at = environ; *at; at++, head.environment++) size += strlen(*at) + 1;
  if (size - 8 > MESSAGE_MAX) return -E2BIG;
  for (int i = 0; i < 3; i++) head.flags |= isatty(i) ? 1u << i : 0;
  if (head.flags) {
    struct winsize terminal = window();
    head.rows = terminal.ws_row;
    head.columns = terminal.ws_col;
  }
  head.length = (u32)(size - 8);
  char *message = malloc(size), *to = message + sizeof head;
  if (!message) return -ENOMEM;
  memcpy(message, &head, sizeof head);
  to = stpcpy(to, directory) + 1;
  for (int i = 1; i < count; i++) to = stpcpy(to, words[i]) + 1;
  for (char **at = environ; *at; at++) to = stpcpy(to, *at) + 1;
  union { char bytes[CMSG_SPACE(COMMAND_FDS * sizeof *fds)]; struct cmsghdr align; } control = {0};
  struct iovec part = {message, size};
  struct msghdr packet = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = CMSG_SPACE(fd_count * sizeof *fds)};
  struct cmsghdr *header = CMSG_FIRSTHDR(&packet);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(fd_count * sizeof *fds);
  memcpy(CMSG_DATA(header), fds, fd_count * sizeof *fds);
  ssize_t sent = sendmsg(fd, &packet, MSG_NOSIGNAL);
  int error = sent < 0 || !send_all(fd, message + sent, size - (size_t)sent) ? -errno : 0;
  free(message);
  return error;
}

static void forward(int fd, int signals) {
  struct signalfd_siginfo info;
  if (read(signals, &info, sizeof info) != (ssize_t)sizeof info) return;
  if (info.ssi_signo == SIGWINCH) {
    struct winsize size = window();
    struct { u32 type, length; u16 rows, columns; } message = {RESIZE, 4, size.ws_row, size.ws_col};
    send_all(fd, &message, sizeof message);
  } else {
    u32 message[] = {SIGNAL, 4, info.ssi_signo};
    send_all(fd, message, sizeof message);
  }
}

// Does what the daemon says until it says EXIT; the status, or -1 when the connection broke, -2 when it spoke nonsense.
static int obey(int fd, int signals) {
  u32 message[3];
  size_t have = 0;
  struct pollfd set[] = {{.fd = fd, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
  for (;;) {
    if (poll(set, 2, -1) < 0) continue;
    if (set[1].revents) forward(fd, signals);
    if (!set[0].revents) continue;
    ssize_t got = recv(fd, (char *)message + have, sizeof message - have, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (got <= 0) return -1;
    have += (size_t)got;
    if (have < sizeof message) continue;
    have = 0;
    if (message[1] != 4 || (message[0] != EXIT && message[0] != RAW)) return -2;
    if (message[0] == EXIT) return (int)(message[2] & 255);
    set_raw(message[2] != 0, false);
  }
}

int client_main(int count, char **words) {
  const char *path = getenv("KAPAL_SOCKET");
  if (!path || !*path) path = "/run/kapal/cli.sock";
  for (int fd = 0; fd >= 0 && fd < 3;) fd = open("/dev/null", O_RDWR);  // The three have to be there to be handed over.
  int fd = reach(path);
  if (fd < 0) return TROUBLE;
  sigset_t forwarded;
  sigemptyset(&forwarded);
  static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH};
  for (u32 i = 0; i < COUNT(numbers); i++) sigaddset(&forwarded, numbers[i]);
  sigprocmask(SIG_BLOCK, &forwarded, NULL);
  int signals = signalfd(-1, &forwarded, SFD_CLOEXEC | SFD_NONBLOCK), error = send_command(fd, COMMAND, count, words, (const int[]){0, 1, 2}, 3);
  if (error == -E2BIG) return trouble(path, "takes commands of at most 4 MiB", "use fewer arguments or a smaller environment");
  int status = error ? -1 : obey(fd, signals);
  if (status == -1) return trouble(path, "closed the connection before the command was done", "look into its log, and see what became of the command: kapal ps -a");
  if (status == -2) return trouble(path, "does not speak this program's protocol", "use a kapal and a kapald of the same version");
  restore_terminal();
  return status;
}
