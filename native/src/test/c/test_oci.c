// The drop-in's thin program, against a small server of the test's own. docs/client-protocol.md, The drop-in.
#include "builder.h"
#include "peer.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

static struct builder b;

struct told { u32 type, length; u8 body[4096]; int fd; };

static int listener_at(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%.100s", path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK(bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 4) == 0);
  return fd;
}

// Runs kapal-oci with two words; its pid, and the connection on which it has said them.
static pid_t oci_start(int *connection, int out) {
  const char *path = path_in("oci.sock");
  int fd = listener_at(path);
  pid_t pid = fork();
  if (pid == 0) {
    setenv("KAPAL_OCI_SOCKET", path, 1);
    if (out >= 0) dup2(out, 1);
    execl(getenv("KAPAL_TEST_PROGRAM"), "kapal-oci", "create", "one", (char *)NULL);
    _exit(99);
  }
  *connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
  close(fd);
  unlink(path);
  return pid;
}

static void take(int fd, void *to, size_t size, int *passed) {
  for (size_t have = 0; have < size;) {
    union { char bytes[CMSG_SPACE(8 * sizeof(int))]; struct cmsghdr align; } control;
    struct iovec part = {(char *)to + have, size - have};
    struct msghdr in = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    ssize_t got = recvmsg(fd, &in, MSG_CMSG_CLOEXEC);
    CHECK(got > 0);
    struct cmsghdr *header = CMSG_FIRSTHDR(&in);
    if (header) memcpy(passed, CMSG_DATA(header), header->cmsg_len - CMSG_LEN(0));
    have += (size_t)got;
  }
}

static struct told hear(int fd) {
  struct told told = {.fd = -1};
  int passed[8] = {-1};
  take(fd, &told, 8, passed);
  CHECK(told.length <= sizeof told.body);
  take(fd, told.body, told.length, passed);
  told.fd = passed[0];
  return told;
}

static u32 word_of(const struct told *told, u32 index) {
  u32 word;
  memcpy(&word, told->body + 4 * index, 4);
  return word;
}

static void say(int fd, u32 type, const u32 *words, u32 count, const int *fds, u32 fd_count) {
  u32 bytes[64] = {type, 4 * count};
  memcpy(bytes + 2, words, 4 * count);
  union { char bytes[CMSG_SPACE(8 * sizeof(int))]; struct cmsghdr align; } control = {0};
  struct iovec part = {bytes, 8 + 4 * count};
  struct msghdr out = {.msg_iov = &part, .msg_iovlen = 1};
  if (fd_count) {
    out.msg_control = control.bytes;
    out.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
    struct cmsghdr *header = CMSG_FIRSTHDR(&out);
    *header = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(fd_count * sizeof(int))};
    memcpy(CMSG_DATA(header), fds, fd_count * sizeof(int));
  }
  EQ(sendmsg(fd, &out, MSG_NOSIGNAL), (ssize_t)(8 + 4 * count));
}
#define SAY(fd, type, ...) say(fd, type, (const u32[]){__VA_ARGS__}, sizeof((const u32[]){__VA_ARGS__}) / 4, NULL, 0)

static int plan_memfd(void) {
  size_t size;
  u8 *bytes = plan_end(&b, &size);
  int fd = memfd_create("plan", MFD_CLOEXEC);
  EQ(write(fd, bytes, size), (ssize_t)size);
  free(bytes);
  return fd;
}

enum { T_EXIT = 16, T_LAUNCH = 19, T_CONTINUE, T_KILL, T_SYNC = 32, T_SENT, T_RUNNING, T_FAILED, T_EXITED };

static void launch_plan(int connection, u32 number, u32 flags, u32 out) {
  int fd = plan_memfd();
  say(connection, T_LAUNCH, (const u32[]){number, flags, 0, out, 1, 0}, 6, &fd, 1);
  close(fd);
}

static int status_of_child(pid_t pid) {
  int status;
  EQ(waitpid(pid, &status, 0), pid);
  return status;
}

TEST(oci, says_its_words_and_leaves_as_told) {
  int connection;
  pid_t pid = oci_start(&connection, -1);
  struct told told = hear(connection);
  EQ(told.type, 4);
  EQ(word_of(&told, 0), 1);
  EQ(word_of(&told, 3), 2);  // arguments
  const char *directory = (const char *)told.body + 20;
  CHECK(directory[0] == '/');
  const char *first = directory + strlen(directory) + 1;
  STR(first, "create");
  STR(first + 7, "one");
  SAY(connection, T_EXIT, 7);
  EQ(status_of_child(pid), 7 << 8);
  close(connection);
}

TEST(oci, executes_a_plan_and_tells_how_it_went) {
  int connection, out[2];
  CHECK(pipe2(out, O_CLOEXEC) == 0);
  pid_t pid = oci_start(&connection, out[1]);
  close(out[1]);
  hear(connection);
  plan_begin(&b);
  STEP(&b, 5, 0, 9);  // SYNC
  EXEC(&b, tool(), "say", "printed\n", "exit", "3");
  launch_plan(connection, 1, 0, 1);
  struct told told = hear(connection);
  EQ(told.type, T_SYNC);
  EQ(word_of(&told, 2), 9);
  SAY(connection, T_CONTINUE, 1);
  told = hear(connection);
  EQ(told.type, T_RUNNING);
  told = hear(connection);
  EQ(told.type, T_EXITED);
  EQ(word_of(&told, 1), 3 << 8);
  SAY(connection, T_EXIT, 0);
  EQ(status_of_child(pid), 0);
  char text[32] = {0};
  EQ(read(out[0], text, sizeof text), 8);
  STR(text, "printed\n");
  close(out[0]);
  close(connection);
}

TEST(oci, a_failed_step_is_named) {
  int connection;
  pid_t pid = oci_start(&connection, -1);
  hear(connection);
  plan_begin(&b);
  CALL(&b, 0, 0, 0)->number = 0xffff;
  EXEC(&b, "/bin/true");
  launch_plan(connection, 1, 0, 0);
  struct told told = hear(connection);
  EQ(told.type, T_FAILED);
  EQ(word_of(&told, 1), 2);
  EQ(word_of(&told, 2), 0);
  EQ(word_of(&told, 3), ENOSYS);
  EQ(hear(connection).type, T_EXITED);
  // A plan that breaks a rule makes no process.
  plan_begin(&b);
  b.head.version = 7;
  EXEC(&b, "/bin/true");
  launch_plan(connection, 2, 0, 0);
  told = hear(connection);
  EQ(told.type, T_FAILED);
  EQ(word_of(&told, 1), 0);
  SAY(connection, T_EXIT, 1);
  EQ(status_of_child(pid), 1 << 8);
  close(connection);
}

TEST(oci, a_stage_that_fails_ends_the_launch) {
  int connection;
  pid_t pid = oci_start(&connection, -1);
  hear(connection);
  setpgid(0, 0);  // A signal to a process group must not come here.
  for (u32 number = 1; number < 20; number++) {
    plan_begin(&b);
    CALL(&b, 0, 0, 0)->number = 0xffff;
    b.head.stage_steps = 1;
    EXEC(&b, "/bin/true");
    launch_plan(connection, number, 0, 0);
    struct told told = hear(connection);
    EQ(told.type, T_FAILED);
    EQ(word_of(&told, 1), 1);
    SAY(connection, T_KILL, number, SIGKILL);
    EQ(hear(connection).type, T_EXITED);
  }
  SAY(connection, T_EXIT, 0);
  EQ(status_of_child(pid), 0);
  close(connection);
}

TEST(oci, what_stays_is_left_to_who_inherits_it) {
  int connection;
  prctl(PR_SET_CHILD_SUBREAPER, 1UL, 0UL, 0UL, 0UL);
  pid_t pid = oci_start(&connection, -1);
  hear(connection);
  plan_begin(&b);
  EXEC(&b, tool(), "exit", "5");
  launch_plan(connection, 1, 1, 0);
  struct told told = hear(connection);
  EQ(told.type, T_RUNNING);
  pid_t child = (pid_t)word_of(&told, 1);
  EQ(hear(connection).type, T_EXITED);
  SAY(connection, T_EXIT, 0);
  EQ(status_of_child(pid), 0);
  EQ(status_of_child(child), 5 << 8);
  prctl(PR_SET_CHILD_SUBREAPER, 0UL, 0UL, 0UL, 0UL);
  close(connection);
}

TEST(oci, what_does_not_stay_dies_with_it) {
  int connection;
  prctl(PR_SET_CHILD_SUBREAPER, 1UL, 0UL, 0UL, 0UL);
  pid_t pid = oci_start(&connection, -1);
  hear(connection);
  plan_begin(&b);
  EXEC(&b, tool(), "sleep", "20000");
  launch_plan(connection, 1, 0, 0);
  struct told told = hear(connection);
  EQ(told.type, T_RUNNING);
  pid_t child = (pid_t)word_of(&told, 1);
  kill(pid, SIGKILL);
  EQ(status_of_child(pid), SIGKILL);
  EQ(status_of_child(child), SIGKILL);
  prctl(PR_SET_CHILD_SUBREAPER, 0UL, 0UL, 0UL, 0UL);
  close(connection);
}

TEST(oci, who_connects_starts_and_watches) {
  int connection;
  prctl(PR_SET_CHILD_SUBREAPER, 1UL, 0UL, 0UL, 0UL);
  pid_t pid = oci_start(&connection, -1);
  hear(connection);
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%.100s", path_in("start.sock"));
  int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  CHECK(bind(listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(listener, 1) == 0);
  int state = memfd_create("state", MFD_CLOEXEC);
  EQ(ftruncate(state, 4096), 0);
  plan_begin(&b);
  b.head.descriptors = 1;
  STEP(&b, 5, 0, 5);        // SYNC
  STEP(&b, 13, 0x002, 0);   // AWAIT
  STEP(&b, 5, 0, 6);        // SYNC: to who connected
  EXEC(&b, "/no/such/program");
  int fds[] = {plan_memfd(), state, listener};
  say(connection, T_LAUNCH, (const u32[]){1, 1 | 4, 0, 0, 0, 1, (u32)-1}, 7, fds, 3);
  struct told told = hear(connection);
  EQ(told.type, T_SYNC);
  pid_t child = (pid_t)word_of(&told, 1);
  SAY(connection, T_CONTINUE, 1);
  SAY(connection, T_EXIT, 0);
  EQ(status_of_child(pid), 0);
  int starter = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  EQ(connect(starter, (struct sockaddr *)&address, sizeof address), 0);
  u32 report[2];
  EQ(recv(starter, report, sizeof report, 0), 8);
  EQ(report[0], 1);
  EQ(report[1], 6);
  EQ(send(starter, "", 1, 0), 1);
  EQ(recv(starter, report, sizeof report, 0), 0);
  u32 kept[5];
  EQ(pread(state, kept, sizeof kept, 0), (ssize_t)sizeof kept);
  EQ(kept[1], 2);
  EQ(kept[2], 3);
  EQ(kept[3], ENOENT);
  EQ(status_of_child(child), 127 << 8);
  for (u32 i = 0; i < 3; i++) close(fds[i]);
  close(starter);
  close(connection);
  prctl(PR_SET_CHILD_SUBREAPER, 0UL, 0UL, 0UL, 0UL);
}

TEST(oci, nonsense_ends_it_with_nothing_running) {
  static const u32 wrong[][8] = {{T_LAUNCH, 0}, {T_LAUNCH, 4, 1}, {T_LAUNCH, 24, 0, 0, 0, 0, 0, 0}, {T_LAUNCH, 24, 1, 8, 0, 0, 0, 0},
                                 {T_LAUNCH, 24, 1, 0, 0, 0, 0, 5}, {99, 0}, {T_EXIT, 4097}, {T_EXIT, 0xffffffff}};
  for (u32 i = 0; i < COUNT(wrong); i++) {
    int connection;
    pid_t pid = oci_start(&connection, -1);
    hear(connection);
    u32 length = wrong[i][1] > 24 ? 0 : wrong[i][1];
    EQ(send(connection, wrong[i], 8 + length, MSG_NOSIGNAL), (ssize_t)(8 + length));
    EQ(status_of_child(pid), 1 << 8);
    close(connection);
  }
  int connection;
  pid_t pid = oci_start(&connection, -1);
  hear(connection);
  close(connection);
  EQ(status_of_child(pid), 1 << 8);
}

// The daemon looks at who connects before it reads: it may have left when the command is still being sent.
TEST(oci, a_server_that_leaves_before_the_command_is_there_is_gone_on_without) {
  char folder[200], program[240], big[100 << 10];
  snprintf(folder, sizeof folder, "%.190s", path_in("bin"));
  EQ(mkdir(folder, 0700), 0);
  snprintf(program, sizeof program, "%s/kapald", folder);
  int file = open(program, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
  // In place of a JVM: has the client leave with 5.
  static const char script[] = "#!/bin/sh\nprintf '\\020\\000\\000\\000\\004\\000\\000\\000\\005\\000\\000\\000' >&3\ncat <&3 >/dev/null\n";
  EQ(write(file, script, sizeof script - 1), (ssize_t)sizeof script - 1);
  close(file);
  memset(big, 'x', sizeof big - 1);
  big[sizeof big - 1] = 0;
  setenv("KAPAL_HOME", path_in("%s", ""), 1);
  // More than a socket holds: the client is still sending when the server goes.
  for (char name[] = "BIG_A"; name[4] < 'I'; name[4]++) setenv(name, big, 1);
  static const u32 elsewhere[] = {22, 0};
  for (u32 said = 0; said < 2; said++) {
    int connection;
    pid_t pid = oci_start(&connection, -1);
    if (said) EQ(send(connection, elsewhere, sizeof elsewhere, MSG_NOSIGNAL), (ssize_t)sizeof elsewhere);
    close(connection);
    EQ(status_of_child(pid), 5 << 8);
  }
  for (char name[] = "BIG_A"; name[4] < 'I'; name[4]++) unsetenv(name);
  unsetenv("KAPAL_HOME");
}
