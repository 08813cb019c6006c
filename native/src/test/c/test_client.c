// The thin client and the two inits, against a small daemon of the test's own.
#include "peer.h"

#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>

static int listen_at(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%.100s", path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK(bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 4) == 0);
  return fd;
}

// Runs the program under a name, with descriptors 0, 1, 2, and this environment besides; its pid.
static pid_t run_as(const char *name, int in, int out, int err, const char *const *words) {
  fflush(NULL);
  pid_t pid = fork();
  if (pid != 0) return pid;
  const char *all[16] = {"kapal", "--as", name};
  for (int i = 0; words[i]; i++) all[3 + i] = words[i];
  int fds[] = {in, out, err};
  for (int i = 0; i < 3; i++) fds[i] = fds[i] < 0 ? -1 : fcntl(fds[i], F_DUPFD_CLOEXEC, 50);
  for (int i = 0; i < 3; i++) {
    if (fds[i] >= 0) dup2(fds[i], i);
  }
  setenv("KAPAL_SOCKET", path_in("cli.sock"), 1);
  execv(program(), (char *const *)(uintptr_t)all);
  _exit(99);
}

static int exit_of(pid_t pid) {
  int status;
  CHECK(waitpid(pid, &status, 0) == pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

struct command { u32 flags, arguments, environment; u16 rows, columns; int fds[3]; char words[1 << 16]; };

static void get(int fd, void *to, size_t size) { CHECK(recv(fd, to, size, MSG_WAITALL) == (ssize_t)size); }

static int take_command(int listener, struct command *command) {
  int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  CHECK(fd >= 0);
  u32 head[8];
  union { char bytes[CMSG_SPACE(3 * sizeof(int))]; struct cmsghdr align; } control;
  struct iovec part = {head, sizeof head};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
  _Static_assert(sizeof head == 32, "u32 type, length, version, flags, u16 x 2, u32 arguments, environment and 4 more");
  part.iov_len = 28;
  CHECK(recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_WAITALL) == 28);
  EQ(head[0], 1);
  EQ(head[2], 1);
  command->flags = head[3];
  command->rows = (u16)head[4];
  command->columns = (u16)(head[4] >> 16);
  command->arguments = head[5];
  command->environment = head[6];
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  CHECK(header && header->cmsg_len == CMSG_LEN(12));
  memcpy(command->fds, CMSG_DATA(header), 12);
  CHECK(head[1] - 20 < sizeof command->words);
  get(fd, command->words, head[1] - 20);
  return fd;
}

static void tell(int fd, u32 type, u32 value) {
  u32 message[] = {type, 4, value};
  CHECK(send(fd, message, sizeof message, MSG_NOSIGNAL) == sizeof message);
}

static const char *nth(const struct command *command, u32 index) {
  const char *at = command->words;
  while (index--) at += strlen(at) + 1;
  return at;
}

static struct command command;

TEST(client, hands_over_words_and_streams) {
  int listener = listen_at(path_in("cli.sock")), out[2];
  pipe2(out, O_CLOEXEC);
  setenv("SOME_VARIABLE", "some value", 1);
  CHECK(chdir(test_directory) == 0);
  pid_t pid = run_as("kapal", -1, out[1], -1, (const char *const[]){"run", "--rm", "", "a b", NULL});
  int fd = take_command(listener, &command);
  EQ(command.arguments, 4);
  EQ(command.flags & 2, 0);
  STR(nth(&command, 0), test_directory);
  STR(nth(&command, 1), "run");
  STR(nth(&command, 3), "");
  STR(nth(&command, 4), "a b");
  bool found = false;
  for (u32 i = 0; i < command.environment; i++) found |= !strcmp(nth(&command, 5 + i), "SOME_VARIABLE=some value");
  CHECK(found);
  CHECK(write(command.fds[1], "printed", 7) == 7);
  close(command.fds[1]);
  tell(fd, 16, 42);
  EQ(exit_of(pid), 42);
  close(out[1]);
  STR(read_end(out[0]), "printed");
}

TEST(client, much_environment) {
  int listener = listen_at(path_in("cli.sock"));
  char value[3000];
  memset(value, 'v', sizeof value);
  value[2999] = 0;
  char name[16];
  for (int i = 0; i < 18; i++) {
    snprintf(name, sizeof name, "BIG%d", i);
    setenv(name, value, 1);
  }
  pid_t pid = run_as("kapal", -1, -1, -1, (const char *const[]){"x", NULL});
  int fd = take_command(listener, &command);
  CHECK(command.environment >= 18);
  tell(fd, 16, 0);
  EQ(exit_of(pid), 0);
}

TEST(client, forwards_signals) {
  int listener = listen_at(path_in("cli.sock"));
  pid_t pid = run_as("kapal", -1, -1, -1, (const char *const[]){"x", NULL});
  int fd = take_command(listener, &command);
  static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
  for (u32 i = 0; i < COUNT(numbers); i++) {
    u32 message[3];
    kill(pid, numbers[i]);
    get(fd, message, sizeof message);
    EQ(message[0], 2);
    EQ(message[1], 4);
    EQ(message[2], numbers[i]);
  }
  tell(fd, 16, 130);
  EQ(exit_of(pid), 130);
}

static bool is_raw(int terminal) {
  struct termios mode;
  CHECK(tcgetattr(terminal, &mode) == 0);
  return !(mode.c_lflag & (ICANON | ECHO | ISIG));
}

TEST(client, terminal_raw_resize_and_restored) {
  int listener = listen_at(path_in("cli.sock")), master, slave;
  struct winsize size = {.ws_row = 30, .ws_col = 90};
  CHECK(openpty(&master, &slave, NULL, NULL, &size) == 0);
  for (int kind = 0; kind < 3; kind++) {  // EXIT; the daemon is killed; RAW 0 before
    pid_t pid = run_as("kapal", slave, slave, kind == 1 ? open("/dev/null", O_WRONLY | O_CLOEXEC) : slave, (const char *const[]){"x", NULL});
    int fd = take_command(listener, &command);
    EQ(command.flags & 3, 3);
    EQ(command.rows, kind ? 50 : 30);
    CHECK(!is_raw(slave));
    tell(fd, 17, 1);
    EVENTUALLY(is_raw(slave));
    size.ws_row = 50;
    ioctl(slave, TIOCSWINSZ, &size);
    kill(pid, SIGWINCH);
    u16 message[6];
    get(fd, message, sizeof message);
    EQ(message[0], 3);
    EQ(message[4], 50);
    EQ(message[5], 90);
    if (kind == 2) {
      tell(fd, 17, 0);
      EVENTUALLY(!is_raw(slave));
    }
    if (kind != 1) tell(fd, 16, 7);
    close(fd);
    for (int i = 0; i < 3; i++) close(command.fds[i]);
    EQ(exit_of(pid), kind == 1 ? 125 : 7);
    CHECK(!is_raw(slave));
  }
}

static const char *complaint(pid_t (*start)(int err), int expected) {
  int err[2];
  pipe2(err, O_CLOEXEC);
  pid_t pid = start(err[1]);
  close(err[1]);
  EQ(exit_of(pid), expected);
  static char text[2000];
  return strcpy(text, read_end(err[0]));
}
static pid_t start_one(int err) { return run_as("kapal", -1, -1, err, (const char *const[]){"ps", NULL}); }

TEST(client, broken_connection_is_125) {
  int listener = listen_at(path_in("cli.sock"));
  for (int nonsense = 0; nonsense < 2; nonsense++) {
    fflush(NULL);
    pid_t daemon = fork();
    if (daemon == 0) {
      int fd = take_command(listener, &command);
      if (nonsense) tell(fd, 99, 1);
      if (nonsense) usleep(100000);
      _exit(0);
    }
    const char *text = complaint(start_one, 125);
    CHECK(strstr(text, path_in("cli.sock")) && strstr(text, nonsense ? "protocol" : "closed the connection") && strchr(text, ';'));
    CHECK(strchr(text, '\n') == text + strlen(text) - 1);
    waitpid(daemon, NULL, 0);
  }
}

TEST(client, no_daemon_and_no_start) {
  setenv("KAPAL_NO_START", "1", 1);
  const char *text = complaint(start_one, 125);
  CHECK(strstr(text, path_in("cli.sock")) && strstr(text, "No such file"));
  CHECK(strchr(text, '\n') == text + strlen(text) - 1);
}

TEST(client, not_allowed) {
  need_root();
  int listener = listen_at(path_in("cli.sock"));
  CHECK(listener >= 0 && chmod(path_in("cli.sock"), 0600) == 0 && chmod(test_directory, 0755) == 0);
  CHECK(setresgid(1000, 1000, 1000) == 0 && setresuid(1000, 1000, 1000) == 0);
  const char *text = complaint(start_one, 125);
  CHECK(strstr(text, "Permission denied") && strstr(text, "group"));
}

static void daemon_script(const char *text) {
  mkdir(path_in("home"), 0755);
  mkdir(path_in("home/bin"), 0755);
  write_file(path_in("home/bin/kapald"), text);
  chmod(path_in("home/bin/kapald"), 0755);
  setenv("KAPAL_HOME", path_in("home"), 1);
}

TEST(client, starts_the_daemon) {
  daemon_script("#!/bin/sh\nsleep 0.2\n"
                "for i in 0 1 2; do a=\"$a$(readlink /proc/$$/fd/$i) \"; done; echo $a > \"$(dirname $KAPAL_SOCKET)/streams\"\n"
                "ps -o sid= -p $$ > \"$(dirname $KAPAL_SOCKET)/session\"; echo $$ >> \"$(dirname $KAPAL_SOCKET)/session\"\n"
                "mv \"$(dirname $KAPAL_SOCKET)/early.sock\" \"$KAPAL_SOCKET\"\n");
  int listener = listen_at(path_in("early.sock"));
  pid_t pid = run_as("kapal", -1, -1, -1, (const char *const[]){"x", NULL});
  int fd = take_command(listener, &command);
  tell(fd, 16, 5);
  EQ(exit_of(pid), 5);
  STR(content(path_in("streams")), "/dev/null /dev/null /dev/null\n");
  long session = 0, own = -1;
  sscanf(content(path_in("session")), "%ld %ld", &session, &own);
  EQ(session, own);
}

TEST(client, daemon_that_cannot_be_started) {
  setenv("KAPAL_HOME", path_in("nowhere"), 1);
  const char *text = complaint(start_one, 125);
  CHECK(strstr(text, path_in("nowhere/bin/kapald")) && strstr(text, "No such file"));
  daemon_script("#!/bin/sh\nexit 3\n");
  i64 before = now();
  text = complaint(start_one, 125);
  CHECK(strstr(text, "does not answer") && now() - before < 5000000000);
}

TEST(init, gives_the_status_of_its_program) {
  EQ(exit_of(run_as("kapal-init", -1, -1, -1, (const char *const[]){tool(), "exit", "9", NULL})), 9);
  EQ(exit_of(run_as("kapal-init", -1, -1, -1, (const char *const[]){"--", tool(), "exit", "8", NULL})), 8);
  int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
  EQ(exit_of(run_as("kapal-init", -1, -1, null, (const char *const[]){"/nonexistent", NULL})), 127);
  EQ(exit_of(run_as("kapal-init", -1, -1, null, (const char *const[]){"/etc/passwd", NULL})), 126);
  EQ(exit_of(run_as("kapal-init", -1, -1, null, (const char *const[]){"/bin/sh", "-c", "kill -9 $$", NULL})), 137);
}

TEST(init, forwards_signals_and_reaps) {
  int out[2];
  pipe2(out, O_CLOEXEC);
  pid_t pid = run_as("kapal-init", -1, out[1], -1, (const char *const[]){tool(), "orphan", "signals", "term", NULL});
  close(out[1]);
  char text[64];
  read_exactly(out[0], text, 10 + 6);
  CHECK(!strncmp(text, "0 0 ", 4));  // nothing of the init's mask reaches the program
  kill(pid, SIGTERM);
  STR(read_end(out[0]), "got 15\n");
  EQ(exit_of(pid), 0);
}

// Until it blocks signals, they end it. What it runs before that may take long under sanitizers on a busy machine.
static void await_blocked(pid_t pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/status", pid);
  for (int i = 0; i < 2000; i++) {
    const char *blocked = strstr(content(path), "SigBlk:\t");
    if (blocked && strtoull(blocked + 8, NULL, 16) & 1ull << (SIGTERM - 1)) return;
    usleep(5000);
  }
}

TEST(init, pause_ends_with_its_input) {
  int ends[2];
  EQ(pipe2(ends, O_CLOEXEC), 0);
  pid_t pid = run_as("kapal-pause", ends[0], -1, -1, (const char *const[]){"--until-eof", NULL});
  close(ends[0]);
  EQ(write(ends[1], "x", 1), 1);
  usleep(20000);
  EQ(waitpid(pid, NULL, WNOHANG), 0);
  close(ends[1]);
  EQ(exit_of(pid), 0);
}

TEST(init, pause_ends_on_sigterm) {
  static const int numbers[] = {SIGTERM, SIGINT};
  for (u32 i = 0; i < 2; i++) {
    pid_t pid = run_as("kapal-pause", -1, -1, -1, (const char *const[]){NULL});
    await_blocked(pid);
    kill(pid, SIGCHLD);
    EQ(waitpid(pid, NULL, WNOHANG), 0);
    kill(pid, numbers[i]);
    EQ(exit_of(pid), 0);
  }
}
