// The monitor and its launches, end to end, through the protocol. KAPAL_TEST_PROGRAM says which build is tested.
#include "peer.h"

#include <poll.h>
#include <pty.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <termios.h>

static struct monitor m;
static struct builder b;
static const struct log_options no_log;
enum { ALL = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET };

// A plan that runs the tool in place.
#define TOOL(...) EXEC(&b, tool(), __VA_ARGS__)
static void plain(u32 stdio) {
  plan_begin(&b);
  b.head.stdio = stdio;
}
// Runs the plan as a process to its end: its wait status.
static u32 run_to_end(u32 number, struct log_options log) {
  CHECK(launch(&m, number, &b, NULL, 0, log) > 0);
  expect(&m, M_RUNNING, number);
  return word(expect(&m, M_EXITED, number), 0);
}
static const char *log_path(void) {
  static char path[300];
  return strcpy(path, path_in("log"));
}
static struct log_options cri(void) { return (struct log_options){2, 1, 0, 0, log_path()}; }
// What was logged, without the times.
static const char *log_text(void) {
  static char text[1 << 16];
  char *to = text;
  for (const char *at = content(log_path()); *at; at = strchr(at, '\n') + 1) {
    const char *from = strchr(at, ' '), *end = strchr(at, '\n');
    if (!from || !end) break;
    to = mempcpy(to, from + 1, (size_t)(end - from));
  }
  *to = 0;
  return text;
}

TEST(launch, exit_status_and_streams) {
  need_root();
  monitor_start(&m);
  plain(7);
  TOOL("say", "out\n", "err", "err\n", "exit", "3");
  EQ(run_to_end(1, cri()), 3 << 8);
  CHECK(strstr(log_text(), "stdout F out\n") && strstr(log_text(), "stderr F err\n"));
  struct entry entry = status_of(&m, 1);
  EQ(entry.state, 4);
  EQ(entry.status, 3 << 8);
  CHECK(entry.end >= entry.start && now() - entry.end < 10000000000 && entry.pid > 0);
  char expected[64];
  snprintf(expected, sizeof expected, "768 %lld\n", (long long)entry.end);
  STR(content(path_in("exit.1")), expected);
  STR(content(path_in(".exit.1")), "(missing)");
  EQ(ask0(&m, M_FORGET, 1), 0);
  STR(content(path_in("exit.1")), "(missing)");
  EQ(status_of(&m, 1).number, 0);
  monitor_quit(&m);
}

TEST(launch, starts_clean) {
  need_root();
  monitor_start(&m);
  plain(7);
  TOOL("signals", "descriptors");
  EQ(run_to_end(1, cri()), 0);
  // No signal changed or blocked, dies with the monitor, leads its session, umask; and three descriptors.
  STR(log_text(), "stdout F 0 9 1 022\nstdout P 0 1 2 \n");
  monitor_quit(&m);
}

TEST(launch, without_streams_it_has_dev_null) {
  need_root();
  monitor_start(&m);
  plain(0);
  TOOL("cat", "descriptors", "exit", "5");
  EQ(run_to_end(1, cri()), 5 << 8);
  STR(log_text(), "");
  monitor_quit(&m);
}

TEST(launch, killed_by_a_signal) {
  need_root();
  monitor_start(&m);
  plain(0);
  TOOL("hang");
  EQ(ask32(&m, M_SIGNAL, 1, SIGTERM), -ENOENT);
  i64 pid = launch(&m, 1, &b, NULL, 0, no_log);
  CHECK(pid > 0);
  EQ(word(expect(&m, M_RUNNING, 1), 0), pid);
  EQ(ask32(&m, M_SIGNAL, 1, 65), -EINVAL);
  EQ(ask32(&m, M_SIGNAL, 1, 0), 0);
  EQ(ask32(&m, M_SIGNAL, 1, SIGTERM), 0);
  EQ(word(expect(&m, M_EXITED, 1), 0), SIGTERM);
  EQ(ask32(&m, M_SIGNAL, 1, SIGTERM), -ESRCH);
  monitor_quit(&m);
}

TEST(launch, signals_reach_the_process) {
  need_root();
  monitor_start(&m);
  plain(7);
  TOOL("term");
  int out[2];
  pipe2(out, O_CLOEXEC);
  CHECK(launch(&m, 1, &b, NULL, 0, (struct log_options){.flags = 2}) > 0);
  CHECK(attach(&m, 1, 2, out[1], -1, -1) > 0);
  close(out[1]);
  char text[16];
  read_exactly(out[0], text, 6);
  EQ(ask32(&m, M_SIGNAL, 1, SIGTERM), 0);
  STR(read_end(out[0]), "got 15\n");
  expect(&m, M_RUNNING, 1);
  EQ(word(expect(&m, M_EXITED, 1), 0), 0);
  monitor_quit(&m);
}

static void expect_failure(u32 number, u32 part, u32 step, int error) {
  struct packet *packet = expect(&m, M_FAILED, number);
  if (word(packet, 0) != part || word(packet, 1) != step || word(packet, 2) != (u32)error)
    test_fail(__FILE__, __LINE__, "failed in part %u step %u with %s", word(packet, 0), word(packet, 1), strerror((int)word(packet, 2)));
  struct entry entry = status_of(&m, number);
  EQ(entry.state, 4);
  EQ(entry.part, part);
  EQ(entry.step, step);
  EQ(entry.error, error);
}

TEST(launch, failures_name_part_step_and_error) {
  need_root();
  monitor_start(&m);
  int before = open_descriptors(m.pid);
  plain(7);
  CALL(&b, SYS_getpid, 0, 0);
  CALL(&b, SYS_chdir, 1, plan_string(&b, "/nonexistent"));
  TOOL("exit", "0");
  CHECK(launch(&m, 1, &b, NULL, 0, no_log) > 0);
  expect_failure(1, 2, 1, ENOENT);
  plain(7);
  CALL(&b, SYS_setns, 0, 99, 0);
  TOOL("exit", "0");
  b.head.stage_steps = 1;
  EQ(launch(&m, 2, &b, NULL, 0, no_log), 0);
  expect_failure(2, 1, 0, EBADF);
  plain(7);
  b.head.cgroup_slot = 0;
  b.head.descriptors = 1;
  TOOL("exit", "0");
  EQ(launch(&m, 3, &b, (int[]){m.socket}, 1, no_log), 0);
  expect_failure(3, 3, 0, EBADF);
  plain(7);
  b.head.slots = 0;
  TOOL("exit", "0");
  EQ(launch(&m, 4, &b, NULL, 0, no_log), 0);
  expect_failure(4, 0, RULE_SLOTS, EINVAL);
  plain(7);
  TOOL("exit", "0");
  EQ(launch(&m, 5, &b, (int[]){m.socket}, 1, no_log), 0);  // More descriptors than the plan speaks of.
  expect_failure(5, 0, RULE_DESCRIPTORS, EINVAL);
  plain(7);
  CALL(&b, SYS_getpid, 0, 0);
  CHECK(launch(&m, 6, &b, NULL, 0, no_log) > 0);  // No EXEC.
  expect_failure(6, 2, 1, ENOEXEC);
  plain(7);
  CALL(&b, SYS_fchdir, 2, 3);
  TOOL("exit", "0");
  CHECK(launch(&m, 7, &b, NULL, 0, no_log) > 0);  // An empty slot.
  expect_failure(7, 2, 0, EBADF);
  EQ(open_descriptors(m.pid), before);
  monitor_quit(&m);
}

TEST(launch, exec_tries_each_path) {
  need_root();
  monitor_start(&m);
  write_file(path_in("noexec"), "x");
  plain(7);
  u32 paths = plan_list(&b, (const char *const[]){"/nonexistent", path_in("noexec"), path_in("noexec/x"), tool(), NULL});
  u32 words = plan_list(&b, (const char *const[]){"tool", "env", "KAPAL", NULL});
  u32 environment = plan_list(&b, (const char *const[]){"A=1", "KAPAL=yes", NULL});
  STEP(&b, OP_EXEC, 0x111, paths, words, environment);
  EQ(run_to_end(1, cri()), 0);
  STR(log_text(), "stdout P yes\n");
  plain(7);
  paths = plan_list(&b, (const char *const[]){path_in("noexec"), "/nonexistent", NULL});
  STEP(&b, OP_EXEC, 0x111, paths, paths, paths);
  launch(&m, 2, &b, NULL, 0, no_log);
  expect_failure(2, 2, 0, EACCES);
  plain(7);
  write_file(path_in("garbage"), "garbage");
  chmod(path_in("garbage"), 0755);
  paths = plan_list(&b, (const char *const[]){path_in("garbage"), tool(), NULL});
  STEP(&b, OP_EXEC, 0x111, paths, paths, paths);
  launch(&m, 3, &b, NULL, 0, no_log);
  expect_failure(3, 2, 0, ENOEXEC);
  monitor_quit(&m);
}

TEST(launch, jumps) {
  need_root();
  monitor_start(&m);
  plain(7);
  struct step *step = CALL(&b, SYS_chdir, 1, plan_string(&b, "/nonexistent"));
  step->errno1 = EPERM;
  step->jump1 = 0;
  step->errno2 = ENOENT;
  step->jump2 = 1;
  EXEC(&b, "/wrong1");
  CALL(&b, SYS_chdir, 1, plan_string(&b, "/"))->skip = 1;
  EXEC(&b, "/wrong2");
  step = CALL(&b, SYS_chdir, 1, plan_string(&b, "/nonexistent"));
  step->errno1 = 0xffff;
  TOOL("exit", "4");
  EQ(run_to_end(1, no_log), 4 << 8);
  monitor_quit(&m);
}

TEST(launch, sync_barrier) {
  need_root();
  monitor_start(&m);
  plain(7);
  STEP(&b, OP_SYNC, 0, 11);
  STEP(&b, OP_SYNC, 0, 22);
  TOOL("say", "go", "exit", "1");
  i64 pid = launch(&m, 1, &b, NULL, 0, cri());
  struct packet *packet = expect(&m, M_SYNC, 1);
  EQ(word(packet, 0), 11);
  EQ(word(packet, 1), pid);
  EQ(status_of(&m, 1).state, 2);
  EQ(status_of(&m, 1).sync, 11);
  EQ(ask32(&m, M_CONTINUE, 1, 22), -EINVAL);
  EQ(ask0(&m, M_FORGET, 1), -EBUSY);
  EQ(ask0(&m, M_QUIT, 0), -EBUSY);
  EQ(ask32(&m, M_CONTINUE, 1, 11), 0);
  EQ(word(expect(&m, M_SYNC, 1), 0), 22);
  EQ(ask32(&m, M_CONTINUE, 1, 22), 0);
  EQ(ask32(&m, M_CONTINUE, 1, 22), -EINVAL);
  expect(&m, M_RUNNING, 1);
  expect(&m, M_EXITED, 1);
  STR(log_text(), "stdout P go\n");
  monitor_quit(&m);
}

TEST(launch, killed_at_the_barrier) {
  need_root();
  monitor_start(&m);
  plain(7);
  CALL(&b, SYS_getpid, 0, 0);
  STEP(&b, OP_SYNC, 0, 1);
  TOOL("exit", "1");
  b.head.clone_flags = CLONE_NEWPID;
  launch(&m, 1, &b, NULL, 0, no_log);
  expect(&m, M_SYNC, 1);
  EQ(ask32(&m, M_SIGNAL, 1, SIGKILL), 0);
  expect_failure(1, 2, 1, ECANCELED);
  // The same in a stage.
  b.head.stage_steps = 2;
  EQ(launch(&m, 2, &b, NULL, 0, no_log), 0);
  struct packet *packet = expect(&m, M_SYNC, 2);
  CHECK(word(packet, 1) > 0);
  EQ(ask32(&m, M_SIGNAL, 2, SIGKILL), 0);
  expect_failure(2, 1, 1, ECANCELED);
  monitor_quit(&m);
}

TEST(launch, stage_joins_and_the_monitor_is_the_parent) {
  need_root();
  monitor_start(&m);
  // The stage joins another process's UTS and pid namespaces, as an exec into a container does.
  plain(7);
  TOOL("hang");
  b.head.clone_flags = CLONE_NEWUTS | CLONE_NEWPID;
  i64 first = launch(&m, 1, &b, NULL, 0, no_log);
  expect(&m, M_RUNNING, 1);
  char path[64];
  snprintf(path, sizeof path, "/proc/%lld/ns/pid", (long long)first);
  int pid_ns = open(path, O_RDONLY | O_CLOEXEC);
  plain(7);
  b.head.descriptors = 1;
  CALL(&b, SYS_setns, 0x002, 0, CLONE_NEWPID);
  STEP(&b, OP_SYNC, 0, 1);
  b.head.stage_steps = 2;
  STEP(&b, OP_SYNC, 0, 2);
  TOOL("pid", "signals", "descriptors", "exit", "6");
  EQ(launch(&m, 2, &b, &pid_ns, 1, cri()), 0);
  u32 stage = word(expect(&m, M_SYNC, 2), 1);
  EQ(ask32(&m, M_CONTINUE, 2, 1), 0);
  u32 init = word(expect(&m, M_SYNC, 2), 1);
  CHECK(init != stage && status_of(&m, 2).pid == init);
  snprintf(path, sizeof path, "/proc/%u/stat", init);
  int parent = 0;
  CHECK(sscanf(content(path), "%*d (%*[^)]) %*c %d", &parent) == 1);
  EQ(parent, m.pid);
  EQ(ask32(&m, M_CONTINUE, 2, 2), 0);
  EQ(word(expect(&m, M_RUNNING, 2), 0), init);
  EQ(word(expect(&m, M_EXITED, 2), 0), 6 << 8);
  STR(log_text(), "stdout F 2\nstdout F 0 9 1 022\nstdout P 0 1 2 \n");
  EQ(ask32(&m, M_SIGNAL, 1, SIGKILL), 0);
  EQ(word(expect(&m, M_EXITED, 1), 0), SIGKILL);
  monitor_quit(&m);
}

// A container: all namespaces, a root of its own by pivot_root, mounts, device and directory made in it, ids changed.
static void container(const char *root) {
  plan_begin(&b);
  b.head.stdio = 7;
  b.head.clone_flags = ALL;
  u32 slash = plan_string(&b, "/"), dot = plan_string(&b, "."), none = plan_string(&b, ""), at = plan_string(&b, root);
  CALL(&b, SYS_mount, 0x01111, none, slash, none, MS_REC | MS_PRIVATE, 0)->kinds = 0x00010;
  b.step[b.steps - 1].arg[0] = b.step[b.steps - 1].arg[2] = 0;
  CALL(&b, SYS_mount, 0x00011, at, at, 0, MS_BIND | MS_REC, 0);
  CALL(&b, SYS_openat, 0x010, (u64)AT_FDCWD, at, O_PATH | O_DIRECTORY | O_CLOEXEC)->out = 0;
  STEP(&b, OP_OPEN_IN, 0x012, 0, plan_string(&b, "/proc"), O_PATH, 0, HOW_DIRECTORY)->out = 1;
  CALL(&b, SYS_fchdir, 2, 1);
  CALL(&b, SYS_mount, 0x00111, plan_string(&b, "proc"), dot, plan_string(&b, "proc"), MS_NOSUID | MS_NODEV | MS_NOEXEC, 0);
  STEP(&b, OP_OPEN_IN, 0x012, 0, plan_string(&b, "/proc"), O_PATH, 0, 0)->out = 1;
  STEP(&b, OP_CHECK_FS, 0x002, 1, PROC_MAGIC);
  STEP(&b, OP_OPEN_IN, 0x012, 0, plan_string(&b, "/dev/null"), O_PATH, 0, HOW_FILE);
  CALL(&b, SYS_fchdir, 2, 0);
  CALL(&b, SYS_mount, 0x00011, plan_string(&b, "/dev/null"), plan_string(&b, "dev/null"), 0, MS_BIND, 0);
  STEP(&b, OP_OPEN_IN, 0x012, 0, plan_string(&b, "/dev/null"), O_PATH, 0, 0)->out = 2;
  STEP(&b, OP_CHECK_DEVICE, 0x002, 2, 1, 3);
  CALL(&b, SYS_pivot_root, 0x11, dot, dot);
  CALL(&b, SYS_umount2, 0x1, dot, MNT_DETACH);
  CALL(&b, SYS_chdir, 0x1, slash);
  STEP(&b, OP_CHECK_CWD, 0, 0);
  CALL(&b, SYS_sethostname, 0x1, plan_string(&b, "kapal"), 5);
  STEP(&b, OP_CLOEXEC_FROM, 0, 3);
}

static const char *make_root(void) {
  mkdir(path_in("root"), 0755);
  char command[1200];
  snprintf(command, sizeof command, "cp %s %s", tool(), path_in("root/tool"));
  CHECK(system(command) == 0);
  return path_in("root");
}

TEST(launch, container_with_a_root_of_its_own) {
  need_root();
  monitor_start(&m);
  umask(022);
  container(make_root());
  CALL(&b, SYS_setresgid, 0, 1000, 1000, 1000);
  CALL(&b, SYS_setresuid, 0, 1000, 1000, 1000);
  EXEC(&b, "/tool", "pid", "signals", "descriptors", "exit", "7");
  EQ(run_to_end(1, cri()), 7 << 8);
  STR(log_text(), "stdout F 1\nstdout F 0 9 1 022\nstdout P 0 1 2 \n");
  struct stat status;
  CHECK(stat(path_in("root/dev/null"), &status) == 0 && S_ISREG(status.st_mode));  // the mount was in the container only
  monitor_quit(&m);
}

TEST(launch, seccomp_and_listener) {
  need_root();
  monitor_start(&m);
  plain(7);
  // Every getppid answers EPERM; the rest is allowed.
  struct { u16 code; u8 jt, jf; u32 k; } filter[] = {
      {0x20, 0, 0, 0}, {0x15, 0, 1, SYS_getppid}, {0x06, 0, 0, 0x00050000 | EPERM}, {0x06, 0, 0, 0x7fff0000}};
  u32 program_ = plan_bytes(&b, filter, sizeof filter, 8);
  CALL(&b, SYS_prctl, 0, 38 /* PR_SET_NO_NEW_PRIVS */, 1, 0, 0, 0);
  STEP(&b, OP_SECCOMP, 0x001, program_, 4, 8)->out = 5;
  STEP(&b, OP_SEND, 0x002, 5, SEND_LISTENER);
  STEP(&b, OP_FORGET, 0x002, 5);
  struct step *step = CALL(&b, SYS_getppid, 0, 0);
  step->errno1 = EPERM;
  step->jump1 = 1;
  EXEC(&b, "/wrong");
  TOOL("hang");
  launch(&m, 1, &b, NULL, 0, no_log);
  expect(&m, M_RUNNING, 1);
  struct packet reply;
  EQ(ask(&m, M_TERMINAL, 1, NULL, 0, NULL, 0, &reply), 0);
  CHECK(reply.fd >= 0);
  char path[64], link[64] = {0};
  snprintf(path, sizeof path, "/proc/self/fd/%d", reply.fd);
  CHECK(readlink(path, link, sizeof link - 1) > 0);
  STR(link, "anon_inode:seccomp notify");
  close(reply.fd);
  EQ(ask32(&m, M_SIGNAL, 1, SIGKILL), 0);
  expect(&m, M_EXITED, 1);
  monitor_quit(&m);
}

TEST(launch, checks_refuse) {
  need_root();
  monitor_start(&m);
  int root = open("/", O_PATH | O_CLOEXEC), zero = open("/dev/zero", O_PATH | O_CLOEXEC), file = open(tool(), O_PATH | O_CLOEXEC);
  int fds[] = {root, zero, file};
  const struct { u16 op; u32 kinds; u64 arg[3]; int error; } cases[] = {
      {OP_CHECK_FS, 2, {0, PROC_MAGIC, 0}, EXDEV},
      {OP_CHECK_DEVICE, 2, {1, 1, 3}, ENODEV},
      {OP_CHECK_DEVICE, 2, {2, 1, 5}, ENODEV},
      {OP_OPEN_IN, 0x012, {2, 0, 0}, ENOTDIR}};
  for (u32 i = 0; i < COUNT(cases); i++) {
    plain(7);
    b.head.descriptors = 3;
    plan_string(&b, "x");
    plan_step(&b, cases[i].op, cases[i].kinds, cases[i].arg, 3);
    TOOL("exit", "0");
    launch(&m, 1 + i, &b, fds, 3, no_log);
    expect_failure(1 + i, 2, 0, cases[i].error);
  }
  // A working directory that was kept from outside of the root (CVE-2024-21626).
  const char *own = make_root();
  plan_begin(&b);
  b.head.descriptors = 1;
  CALL(&b, SYS_chroot, 1, plan_string(&b, own));
  CALL(&b, SYS_fchdir, 2, 0);
  STEP(&b, OP_CHECK_CWD, 0, 0);
  EXEC(&b, "/tool");
  launch(&m, 50, &b, fds, 1, no_log);
  expect_failure(50, 2, 2, EXDEV);
  monitor_quit(&m);
}

TEST(launch, nobody_may_look_into_a_launch) {
  need_root();
  monitor_start(&m);
  plain(7);
  CALL(&b, SYS_setresuid, 0, 1000, 1000, 1000);
  STEP(&b, OP_SYNC, 0, 1);
  TOOL("exit", "0");
  i64 pid = launch(&m, 1, &b, NULL, 0, no_log);
  expect(&m, M_SYNC, 1);
  // Another process of that user can neither trace it nor reach what it has open (CVE-2016-9962).
  pid_t other = fork();
  if (other == 0) {
    char path[64];
    CHECK(setresuid(1000, 1000, 1000) == 0);
    snprintf(path, sizeof path, "/proc/%lld/fd/0", (long long)pid);
    char link[64];
    bool safe = readlink(path, link, sizeof link) < 0 && syscall(SYS_ptrace, 16 /* ATTACH */, pid, 0, 0) < 0;
    _exit(!safe);
  }
  int status;
  CHECK(waitpid(other, &status, 0) == other);
  EQ(status, 0);
  EQ(ask32(&m, M_CONTINUE, 1, 1), 0);
  expect(&m, M_RUNNING, 1);
  expect(&m, M_EXITED, 1);
  monitor_quit(&m);
}

TEST(launch, standard_input) {
  need_root();
  monitor_start(&m);
  int in[2], out[2];
  pipe2(in, O_CLOEXEC);
  pipe2(out, O_CLOEXEC);
  plain(7);
  TOOL("cat");
  launch(&m, 1, &b, NULL, 0, (struct log_options){.flags = 2});
  expect(&m, M_RUNNING, 1);
  CHECK(attach(&m, 1, 3, in[0], out[1], -1) > 0);
  close(in[0]);
  close(out[1]);
  CHECK(write(in[1], "hello", 5) == 5);
  char text[16];
  read_exactly(out[0], text, 5);
  STR(text, "hello");
  close(in[1]);  // The source ends, so the process's input does.
  STR(read_end(out[0]), "(end)");
  expect(&m, M_EXITED, 1);
  // Kept open: the end of one source is not the end; the request is.
  pipe2(in, O_CLOEXEC);
  pipe2(out, O_CLOEXEC);
  launch(&m, 2, &b, NULL, 0, (struct log_options){.flags = 3});
  attach(&m, 2, 3, in[0], out[1], -1);
  close(out[1]);
  close(in[0]);
  close(in[1]);
  pipe2(in, O_CLOEXEC);
  CHECK(attach(&m, 2, 1, in[0], -1, -1) > 0);
  close(in[0]);
  CHECK(write(in[1], "more", 4) == 4);
  read_exactly(out[0], text, 4);
  STR(text, "more");
  EQ(ask0(&m, M_CLOSE_INPUT, 2), 0);
  STR(read_end(out[0]), "(end)");
  expect(&m, M_RUNNING, 2);
  expect(&m, M_EXITED, 2);
  monitor_quit(&m);
}

TEST(launch, much_input_is_not_lost) {
  need_root();
  monitor_start(&m);
  int in[2], out[2];
  socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in);
  pipe2(out, O_CLOEXEC);
  plain(7);
  TOOL("cat");
  launch(&m, 1, &b, NULL, 0, (struct log_options){.flags = 2});
  attach(&m, 1, 3, in[0], out[1], -1);
  close(in[0]);
  close(out[1]);
  enum { SIZE = 3 << 20 };
  pid_t writer = fork();
  if (writer == 0) {
    char block[1000];
    for (int sent = 0; sent < SIZE; sent += 1000) {
      for (int i = 0; i < 1000; i++) block[i] = (char)((sent + i) * 31 >> 3);
      if (write_all(in[1], block, 1000)) _exit(1);
    }
    _exit(0);
  }
  close(in[1]);
  int total = 0, wrong = 0;
  char block[8192], tail[8] = {0};
  for (ssize_t got; (got = read(out[0], block, sizeof block)) > 0;) {
    for (ssize_t i = 0; i < got; i++, total++) {
      if (total < (SIZE + 999) / 1000 * 1000) wrong += block[i] != (char)(total * 31 >> 3);
      else tail[(total - (SIZE + 999) / 1000 * 1000) & 7] = block[i];
    }
  }
  EQ(wrong, 0);
  STR(tail, "(end)");
  int status;
  waitpid(writer, &status, 0);
  EQ(status, 0);
  monitor_quit((expect(&m, M_RUNNING, 1), expect(&m, M_EXITED, 1), &m));
}

TEST(launch, slow_sink_slows_only_its_process) {
  need_root();
  monitor_start(&m);
  int slow[2], all[2];
  pipe2(slow, O_CLOEXEC);
  pipe2(all, O_CLOEXEC);
  plain(7);
  enum { SIZE = 1 << 20 };
  TOOL("many", "1048576");
  launch(&m, 1, &b, NULL, 0, (struct log_options){.flags = 2, .format = 2, .files = 1, .path = log_path()});
  attach(&m, 1, 2, slow[1], -1, -1);
  EQ(fcntl(slow[1], F_GETFL) & O_NONBLOCK, 0);  // The description that was handed in keeps its flags.
  close(slow[1]);
  expect(&m, M_RUNNING, 1);
  // It hangs on its sink, while others run and requests are answered.
  plain(7);
  TOOL("say", "x", "exit", "2");
  for (u32 i = 2; i < 12; i++) {
    launch(&m, i, &b, NULL, 0, no_log);
    expect(&m, M_RUNNING, i);
    EQ(word(expect(&m, M_EXITED, i), 0), 2 << 8);
  }
  EQ(status_of(&m, 1).state, 3);
  usleep(50000);
  struct stat log;
  CHECK(stat(log_path(), &log) == 0 && log.st_size < SIZE / 2);  // what was not delivered was not read either
  // Nothing is lost and all of it in order.
  char *text = malloc(SIZE + 1);
  read_exactly(slow[0], text, SIZE);
  char line[32];
  for (int n = 0; n < SIZE / 20; n++) {
    snprintf(line, sizeof line, "%019d\n", n);
    EQ(memcmp(text + 20 * n, line, 20), 0);
  }
  free(text);
  STR(read_end(slow[0]), "");
  expect(&m, M_EXITED, 1);
  monitor_quit(&m);
}

TEST(launch, sinks_of_every_kind_agree) {
  need_root();
  monitor_start(&m);
  int pipe_[2], socket_[2], file = open(path_in("file"), O_RDWR | O_CREAT | O_CLOEXEC, 0600), gone[2], late[2];
  pipe2(pipe_, O_CLOEXEC);
  pipe2(gone, O_CLOEXEC);
  pipe2(late, O_CLOEXEC);
  socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socket_);
  enum { SIZE = 300000 };
  plain(7);
  STEP(&b, OP_SYNC, 0, 1);
  TOOL("many", "300000");
  launch(&m, 1, &b, NULL, 0, no_log);
  expect(&m, M_SYNC, 1);
  attach(&m, 1, 2, pipe_[1], -1, -1);
  attach(&m, 1, 2, socket_[1], -1, -1);
  attach(&m, 1, 2, file, -1, -1);
  attach(&m, 1, 2, gone[1], -1, -1);
  close(gone[0]);  // Its reader has gone: the others do not notice.
  close(pipe_[1]);
  close(socket_[1]);
  close(gone[1]);
  EQ(ask32(&m, M_CONTINUE, 1, 1), 0);
  char *one = malloc(SIZE + 1), *two = malloc(SIZE + 1);
  struct pollfd set[] = {{pipe_[0], POLLIN, 0}, {socket_[0], POLLIN, 0}};
  size_t have[2] = {0, 0};
  while (have[0] < SIZE || have[1] < SIZE) {
    CHECK(poll(set, 2, 10000) > 0);
    for (int i = 0; i < 2; i++) {
      if (!set[i].revents) continue;
      ssize_t got = read(set[i].fd, (i ? two : one) + have[i], SIZE - have[i]);
      if (got <= 0) set[i].fd = -1;
      else have[i] += (size_t)got;
    }
  }
  EQ(have[0], SIZE);
  EQ(memcmp(one, two, SIZE), 0);
  expect(&m, M_RUNNING, 1);
  expect(&m, M_EXITED, 1);
  EQ(pread(file, two, SIZE, 0), SIZE);
  EQ(memcmp(one, two, SIZE), 0);
  free(one);
  free(two);
  monitor_quit(&m);
}

TEST(launch, shared_description_without_reopening) {
  need_root();
  // Sinks that cannot be opened anew (here: /proc hidden) are written in small pieces, and nothing is lost.
  if (strstr(program(), "/test/")) test_skip("needs the release build: the sanitizers need /proc");
  CHECK(mount("tmpfs", "/proc", "tmpfs", 0, "size=4k") == 0);
  monitor_start(&m);
  int out[2];
  pipe2(out, O_CLOEXEC);
  plain(7);
  TOOL("many", "200000");
  launch(&m, 1, &b, NULL, 0, (struct log_options){.flags = 2});
  attach(&m, 1, 2, out[1], -1, -1);
  close(out[1]);
  char *text = malloc(200001);
  read_exactly(out[0], text, 200000);
  EQ(memcmp(text + 199980, "0000000000000009999\n", 20), 0);
  free(text);
  STR(read_end(out[0]), "");
  umount("/proc");
  expect(&m, M_RUNNING, 1);
  expect(&m, M_EXITED, 1);
  monitor_quit(&m);
}

TEST(launch, detach_frees_a_stuck_process) {
  need_root();
  monitor_start(&m);
  int stuck[2];
  pipe2(stuck, O_CLOEXEC);
  plain(7);
  TOOL("many", "500000", "exit", "9");
  launch(&m, 1, &b, NULL, 0, (struct log_options){.flags = 2});
  i64 number = attach(&m, 1, 2, stuck[1], -1, -1);
  expect(&m, M_RUNNING, 1);
  usleep(20000);
  EQ(status_of(&m, 1).state, 3);
  EQ(ask32(&m, M_DETACH, 1, (u32)number + 1), -ENOENT);
  EQ(ask32(&m, M_DETACH, 1, (u32)number), 0);
  EQ(word(expect(&m, M_EXITED, 1), 0), 9 << 8);
  monitor_quit(&m);
}

TEST(launch, output_waits_for_the_first_attach) {
  need_root();
  monitor_start(&m);
  plain(7);
  TOOL("say", "early");
  launch(&m, 1, &b, NULL, 0, (struct log_options){.flags = 2});
  expect(&m, M_RUNNING, 1);
  usleep(30000);  // It has long ended.
  EQ(status_of(&m, 1).state, 3);
  int out[2];
  pipe2(out, O_CLOEXEC);
  CHECK(attach(&m, 1, 2, out[1], -1, -1) > 0);
  close(out[1]);
  STR(read_end(out[0]), "early");
  expect(&m, M_EXITED, 1);
  EQ(attach(&m, 1, 2, out[0], -1, -1), -ESRCH);
  // Who launched goes away without attaching: the process ends as others do.
  launch(&m, 2, &b, NULL, 0, (struct log_options){.flags = 2, .format = 2, .files = 1, .path = log_path()});
  expect(&m, M_RUNNING, 2);
  close(m.socket);
  m.socket = monitor_connect(&m);
  EVENTUALLY(status_of(&m, 2).state == 4);
  STR(log_text(), "stdout P early\n");
  monitor_quit(&m);
}

TEST(launch, background_holder_does_not_hold_the_end) {
  need_root();
  monitor_start(&m);
  plain(7);
  TOOL("keep", "say", "last words", "exit", "8");
  EQ(run_to_end(1, cri()), 8 << 8);
  STR(log_text(), "stdout P last words\n");
  // One that prints without end must not either.
  plain(7);
  TOOL("chatter", "sleep", "20", "exit", "9");
  EQ(run_to_end(2, no_log), 9 << 8);
  monitor_quit(&m);
}

TEST(launch, orphans_are_reaped) {
  need_root();
  monitor_start(&m);
  plain(7);
  TOOL("orphan", "orphan", "sleep", "50", "exit", "0");
  EQ(run_to_end(1, no_log), 0);
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/task/%d/children", m.pid, m.pid);
  EVENTUALLY(content(path)[0] == 0);
  monitor_quit(&m);
}

TEST(launch, closed_output_is_no_end) {
  need_root();
  monitor_start(&m);
  int out[2];
  pipe2(out, O_CLOEXEC);
  plain(7);
  TOOL("say", "bye", "closeout", "line", "exit", "3");
  launch(&m, 1, &b, NULL, 0, (struct log_options){.flags = 2});
  attach(&m, 1, 2, out[1], -1, -1);
  close(out[1]);
  STR(read_end(out[0]), "bye");  // The sink is told at once,
  expect(&m, M_RUNNING, 1);
  EQ(status_of(&m, 1).state, 3);  // and the process goes on.
  EQ(ask0(&m, M_CLOSE_INPUT, 1), 0);
  EQ(word(expect(&m, M_EXITED, 1), 0), 99 << 8);
  monitor_quit(&m);
}

// A terminal as the runtime makes one: a devpts of its own, the slave by TIOCGPTPEER, the master sent to the monitor.
static void terminal_plan(void) {
  mkdir(path_in("pts"), 0755);
  plan_begin(&b);
  b.head.stdio = 8;
  u32 zero = plan_bytes(&b, &(u32){0}, 4, 4);
  CALL(&b, SYS_openat, 0x010, (u64)AT_FDCWD, plan_string(&b, path_in("pts/ptmx")), O_RDWR | O_NOCTTY | O_CLOEXEC)->out = 0;
  CALL(&b, SYS_ioctl, 0x102, 0, TIOCSPTLCK, zero);
  CALL(&b, SYS_ioctl, 0x002, 0, 0x5441 /* TIOCGPTPEER */, O_RDWR | O_NOCTTY | O_CLOEXEC)->out = 1;
  CALL(&b, SYS_ioctl, 0x002, 1, TIOCSCTTY, 0);
  for (u32 i = 0; i < 3; i++) CALL(&b, SYS_dup3, 0x002, 1, i, 0);
  STEP(&b, OP_SEND, 0x002, 0, SEND_TERMINAL);
  STEP(&b, OP_FORGET, 0x002, 0);
}
static void mount_pts(void) {
  mkdir(path_in("pts"), 0755);
  CHECK(mount("devpts", path_in("pts"), "devpts", 0, "newinstance,ptmxmode=0666") == 0);
}

TEST(launch, terminal) {
  need_root();
  mount_pts();
  monitor_start(&m);
  int in[2], out[2];
  pipe2(in, O_CLOEXEC);
  pipe2(out, O_CLOEXEC);
  terminal_plan();
  STEP(&b, OP_SYNC, 0, 1);
  TOOL("size", "resizes", "line", "exit", "4");
  launch(&m, 1, &b, NULL, 0, cri());
  EQ(ask32(&m, M_RESIZE, 1, 33 | 99 << 16), 0);  // before there is a terminal, perhaps
  expect(&m, M_SYNC, 1);
  CHECK(attach(&m, 1, 3, in[0], out[1], -1) > 0);
  close(out[1]);
  EQ(ask32(&m, M_CONTINUE, 1, 1), 0);
  expect(&m, M_RUNNING, 1);
  char text[64];
  read_exactly(out[0], text, 9 + 7);
  STR(text, "1 33 99\r\nready\r\n");
  EQ(ask32(&m, M_RESIZE, 1, 40 | 120 << 16), 0);
  read_exactly(out[0], text, 10);
  STR(text, "1 40 120\r\n");
  CHECK(write(in[1], "typed\n", 6) == 6);
  STR(read_end(out[0]), "typed\r\ntyped\r\n");  // the echo, and what the program says
  EQ(word(expect(&m, M_EXITED, 1), 0), 4 << 8);
  CHECK(strstr(log_text(), "stdout F 1 40 120\r\n"));
  monitor_quit(&m);
}

TEST(launch, terminal_loses_no_last_output) {
  need_root();
  mount_pts();
  monitor_start(&m);
  for (u32 i = 1; i < 100; i++) {
    terminal_plan();
    TOOL("many", "3000", "say", "the end");
    launch(&m, i, &b, NULL, 0, cri());
    expect(&m, M_RUNNING, i);
    expect(&m, M_EXITED, i);
    const char *text = content(log_path());
    CHECK(strlen(text) > 7);
    STR(text + strlen(text) - 8, "the end\n");
    unlink(log_path());
  }
  monitor_quit(&m);
}

TEST(launch, terminal_master_and_interrupt) {
  need_root();
  mount_pts();
  monitor_start(&m);
  plain(7);
  TOOL("hang");
  launch(&m, 1, &b, NULL, 0, no_log);
  EQ(ask0(&m, M_TERMINAL, 1), -ENOTTY);
  EQ(ask32(&m, M_RESIZE, 1, 1), -ENOTTY);
  expect(&m, M_RUNNING, 1);
  EQ(ask32(&m, M_SIGNAL, 1, SIGKILL), 0);
  expect(&m, M_EXITED, 1);
  terminal_plan();
  TOOL("hang");
  launch(&m, 2, &b, NULL, 0, no_log);
  expect(&m, M_RUNNING, 2);
  struct packet reply;
  EQ(ask(&m, M_TERMINAL, 2, NULL, 0, NULL, 0, &reply), 0);
  CHECK(reply.fd >= 0 && isatty(reply.fd));
  close(reply.fd);
  int in[2];
  pipe2(in, O_CLOEXEC);
  attach(&m, 2, 1, in[0], -1, -1);
  close(in[0]);
  CHECK(write(in[1], "\3", 1) == 1);  // Ctrl-C
  EQ(word(expect(&m, M_EXITED, 2), 0), SIGINT);
  monitor_quit(&m);
}

TEST(launch, two_connections_see_the_same) {
  need_root();
  monitor_start(&m);
  struct monitor other = m;
  other.socket = monitor_connect(&m);
  other.requests = 1000;
  EQ(ask32(&other, M_HELLO, 0, 2), -EPROTONOSUPPORT);
  EQ(ask32(&other, M_HELLO, 0, 1), m.pid);
  plain(7);
  TOOL("hang");
  i64 pid = launch(&m, 1, &b, NULL, 0, no_log);
  expect(&m, M_RUNNING, 1);
  EQ(word(expect(&other, M_RUNNING, 1), 0), pid);
  EQ(ask32(&other, M_SIGNAL, 1, SIGKILL), 0);
  EQ(word(expect(&other, M_EXITED, 1), 0), SIGKILL);
  EQ(word(expect(&m, M_EXITED, 1), 0), SIGKILL);
  close(other.socket);
  monitor_quit(&m);
}

TEST(launch, connection_dropped_and_nothing_lost) {
  need_root();
  monitor_start(&m);
  plain(7);
  STEP(&b, OP_SYNC, 0, 5);
  TOOL("many", "100000", "sleep", "30", "say", "after", "exit", "12");
  launch(&m, 1, &b, NULL, 0, cri());
  expect(&m, M_SYNC, 1);
  close(m.socket);  // The daemon is killed while the process waits;
  m.socket = monitor_connect(&m);
  EQ(ask32(&m, M_HELLO, 0, 1), m.pid);
  EQ(status_of(&m, 1).state, 2);
  EQ(ask32(&m, M_CONTINUE, 1, 5), 0);
  close(m.socket);  // and again while it runs.
  m.socket = monitor_connect(&m);
  EVENTUALLY(status_of(&m, 1).state == 4);
  struct entry entry = status_of(&m, 1);
  EQ(entry.status, 12 << 8);
  char expected[64];
  snprintf(expected, sizeof expected, "%d %lld\n", 12 << 8, (long long)entry.end);
  STR(content(path_in("exit.1")), expected);
  const char *text = content(log_path());
  int lines = 0;
  for (const char *at = text; (at = strchr(at, '\n')); at++) lines++;
  EQ(lines, 5001);
  CHECK(strstr(text, "stdout P after\n"));
  monitor_quit(&m);
}

TEST(launch, thousand_launches_leave_nothing) {
  need_root();
  monitor_start(&m);
  plain(7);
  TOOL("exit", "0");
  EQ(run_to_end(0, cri()), 0);
  EQ(ask0(&m, M_FORGET, 0), 0);
  int before = open_descriptors(m.pid);
  for (u32 i = 1; i <= 1000; i++) {
    EQ(run_to_end(i, cri()), 0);
    EQ(ask0(&m, M_FORGET, i), 0);
  }
  EQ(open_descriptors(m.pid), before);
  struct packet reply;
  EQ(ask(&m, M_STATUS, 0, NULL, 0, NULL, 0, &reply), 0);
  EQ(word(&reply, 2), 0);
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/task/%d/children", m.pid, m.pid);
  STR(content(path), "");
  monitor_quit(&m);
}

TEST(launch, at_most_thousand_processes_and_one_status_packet) {
  need_root();
  monitor_start(&m);
  plain(0);
  TOOL("exit", "0");
  for (u32 i = 1; i <= 1000; i++) EQ(run_to_end(i, no_log), 0);
  EQ(launch(&m, 1001, &b, NULL, 0, no_log), -EMFILE);
  EQ(status_of(&m, 1).state, 4);
  EQ(status_of(&m, 1000).state, 4);
  EQ(launch(&m, 7, &b, NULL, 0, no_log), -EEXIST);
  monitor_quit(&m);
}

TEST(launch, monitor_killed_process_dies) {
  need_root();
  monitor_start(&m);
  container(make_root());
  CALL(&b, SYS_setresgid, 0, 1000, 1000, 1000);
  CALL(&b, SYS_setresuid, 0, 1000, 1000, 1000);
  EXEC(&b, "/tool", "hang");
  pid_t one = (pid_t)launch(&m, 1, &b, NULL, 0, no_log);
  expect(&m, M_RUNNING, 1);
  plain(7);
  STEP(&b, OP_SYNC, 0, 1);
  TOOL("hang");
  pid_t two = (pid_t)launch(&m, 2, &b, NULL, 0, no_log);
  expect(&m, M_SYNC, 2);
  kill(m.pid, SIGKILL);
  EVENTUALLY(kill(one, 0) != 0 && kill(two, 0) != 0);
}

TEST(launch, waiting_process_holds_nobody_elses_streams) {
  need_root();
  monitor_start(&m);
  // A process that waits at its barrier must not have the ends of another's pipes.
  int in[2], out[2];
  pipe2(in, O_CLOEXEC);
  pipe2(out, O_CLOEXEC);
  plain(7);
  TOOL("cat");
  launch(&m, 1, &b, NULL, 0, (struct log_options){.flags = 2});
  attach(&m, 1, 3, in[0], out[1], -1);
  close(in[0]);
  close(out[1]);
  expect(&m, M_RUNNING, 1);
  plain(7);
  STEP(&b, OP_SYNC, 0, 1);
  TOOL("exit", "0");
  pid_t waiting = (pid_t)launch(&m, 2, &b, NULL, 0, no_log);
  expect(&m, M_SYNC, 2);
  EQ(open_descriptors(waiting), 4);  // 0, 1, 2 and its report channel
  close(in[1]);
  STR(read_end(out[0]), "(end)");
  expect(&m, M_EXITED, 1);
  EQ(ask32(&m, M_CONTINUE, 2, 1), 0);
  expect(&m, M_RUNNING, 2);
  expect(&m, M_EXITED, 2);
  monitor_quit(&m);
}

TEST(launch, old_kernel_fallbacks) {
  need_root();
  if (!strstr(program(), "/test/")) test_skip("needs the test build, in which system calls can be made to be missing");
  setenv("KAPAL_TEST_MISSING", "7", 1);
  monitor_start(&m);
  umask(022);
  container(make_root());
  EXEC(&b, "/tool", "pid", "signals", "descriptors", "exit", "7");
  EQ(run_to_end(1, cri()), 7 << 8);
  STR(log_text(), "stdout F 1\nstdout F 0 9 1 022\nstdout P 0 1 2 \n");
  monitor_quit(&m);
}

TEST(launch, namespaces) {
  need_root();
  monitor_start(&m);
  write_file(path_in("uts"), "");
  write_file(path_in("ipc"), "");
  write_file(path_in("net"), "");
  u8 body[1024];
  u32 size = 4;
  u32 flags = CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET;
  const char *paths[] = {path_in("uts"), path_in("ipc"), path_in("net")};
  memcpy(body, &flags, 4);
  for (int i = 0; i < 3; i++) {
    u32 length = (u32)strlen(paths[i]);
    memcpy(body + size, &length, 4);
    memcpy(body + size + 4, paths[i], length);
    size += 4 + length;
  }
  // The monitor has this test's mount namespace, so its mounts are seen here.
  EQ(ask(&m, M_NAMESPACES, 0, body, size, NULL, 0, NULL), 0);
  struct stat own, made;
  stat("/proc/self/ns/net", &own);
  CHECK(stat(path_in("net"), &made) == 0 && made.st_ino != own.st_ino && made.st_dev == own.st_dev);
  int net = open(path_in("net"), O_RDONLY | O_CLOEXEC);
  pid_t child = fork();
  if (child == 0) {
    CHECK(setns(net, CLONE_NEWNET) == 0);
    CHECK(mount("proc", "/proc", "proc", 0, NULL) == 0);
    CHECK(strstr(content("/proc/net/dev"), "lo:") && strstr(content("/proc/net/if_inet6"), "lo"));
    _exit(0);
  }
  int status;
  waitpid(child, &status, 0);
  EQ(status, 0);
  close(net);
  umount(path_in("uts"));
  umount(path_in("ipc"));
  umount(path_in("net"));
  // One that cannot be bound: none is left.
  unlink(path_in("net"));
  EQ(ask(&m, M_NAMESPACES, 0, body, size, NULL, 0, NULL), -ENOENT);
  CHECK(!strstr(content("/proc/self/mountinfo"), path_in("uts")));
  flags = CLONE_NEWPID;
  memcpy(body, &flags, 4);
  EQ(ask(&m, M_NAMESPACES, 0, body, size, NULL, 0, NULL), -EINVAL);
  monitor_quit(&m);
}

static int ask_for_user(const char *uids, const char *gids) {
  u8 body[1024];
  u32 size = 4, flags = CLONE_NEWUSER | CLONE_NEWNET;
  const char *texts[] = {path_in("user"), path_in("net"), uids, gids};
  memcpy(body, &flags, 4);
  for (int i = 0; i < 4; i++) {
    u32 length = (u32)strlen(texts[i]);
    memcpy(body + size, &length, 4);
    memcpy(body + size + 4, texts[i], length);
    size += 4 + length;
  }
  return ask(&m, M_NAMESPACES, 0, body, size, NULL, 0, NULL);
}

TEST(launch, user_namespaces) {
  need_root();
  monitor_start(&m);
  write_file(path_in("user"), "");
  write_file(path_in("net"), "");
  EQ(ask_for_user("0 100000 65536\n", "0 200000 65536\n"), 0);
  int net = open(path_in("net"), O_RDONLY | O_CLOEXEC), user = open(path_in("user"), O_RDONLY | O_CLOEXEC);
  // It is the user namespace that owns the other one.
  int owner = ioctl(net, 0xb701); // NS_GET_USERNS
  struct stat of, it;
  CHECK(owner >= 0 && fstat(owner, &of) == 0 && fstat(user, &it) == 0 && of.st_ino == it.st_ino);
  close(owner);
  pid_t child = fork();
  if (child == 0) {
    CHECK(setns(user, CLONE_NEWUSER) == 0);
    CHECK(setgid(0) == 0 && setuid(0) == 0);
    STR(content("/proc/self/uid_map"), "         0     100000      65536\n");
    STR(content("/proc/self/gid_map"), "         0     200000      65536\n");
    _exit(0);
  }
  int status;
  waitpid(child, &status, 0);
  EQ(status, 0);
  close(net);
  close(user);
  umount(path_in("user"));
  umount(path_in("net"));
  // Maps that the kernel does not take: nothing is left.
  EQ(ask_for_user("0 100000 0\n", "0 200000 65536\n"), -EINVAL);
  EQ(ask_for_user("0 100000 1\n", ""), -EINVAL);
  CHECK(!strstr(content("/proc/self/mountinfo"), path_in("user")));
  monitor_quit(&m);
}

TEST(launch, bad_requests_change_nothing) {
  need_root();
  monitor_start(&m);
  int before = open_descriptors(m.pid);
  u8 body[64] = {0};
  EQ(ask(&m, 99, 0, NULL, 0, NULL, 0, NULL), -ENOSYS);
  EQ(ask(&m, 0, 0, NULL, 0, NULL, 0, NULL), -ENOSYS);
  EQ(ask(&m, M_HELLO, 0, body, 3, NULL, 0, NULL), -EINVAL);
  EQ(ask(&m, M_HELLO, 0, body, 5, NULL, 0, NULL), -EINVAL);
  EQ(ask(&m, M_STATUS, 0, body, 1, NULL, 0, NULL), -EINVAL);
  EQ(ask(&m, M_STATUS, 0, NULL, 0, &m.socket, 1, NULL), -EINVAL);  // a descriptor that nobody asked for
  for (u32 size = 0; size < 24; size++) EQ(ask(&m, M_LAUNCH, 1, body, size, &m.socket, 1, NULL), -EINVAL);
  EQ(ask(&m, M_LAUNCH, 1, body, 24, NULL, 0, NULL), -EINVAL);
  EQ(ask(&m, M_LAUNCH, 1, body, 24, &m.socket, 1, NULL), -EINVAL);  // not a file
  memset(body + 20, 0xff, 4);  // a string of 4 GiB
  EQ(ask(&m, M_LAUNCH, 1, body, 24, &m.socket, 1, NULL), -EINVAL);
  memset(body + 20, 0, 4);
  body[0] = 3;  // no such log format
  EQ(ask(&m, M_LAUNCH, 1, body, 24, &m.socket, 1, NULL), -EINVAL);
  u32 lying[] = {17, M_STATUS, 7, 0};  // a length that is not the packet's
  CHECK(send(m.socket, lying, 16, 0) == 16);
  u32 reply[8];
  EQ(recv(m.socket, reply, sizeof reply, 0), 20);
  EQ(reply[1] & 0xffff, M_ERROR);
  EQ(reply[4], EMSGSIZE);
  CHECK(send(m.socket, lying, 3, 0) == 3);
  EQ(recv(m.socket, reply, sizeof reply, 0), 20);
  // A log that cannot be opened stops the launch before it begins.
  plain(7);
  TOOL("exit", "0");
  EQ(launch(&m, 1, &b, NULL, 0, (struct log_options){2, 1, 0, 0, "/nonexistent/log"}), -ENOENT);
  EQ(status_of(&m, 1).number, 0);
  u64 seed = 99;
  for (u32 i = 0; i < 20000; i++) {  // Any bytes as requests: an answer to each, and it lives.
    u8 junk[64];
    for (u32 k = 0; k < sizeof junk; k++) junk[k] = (u8)((seed = seed * 6364136223846793005ull + 1442695040888963407ull) >> 56);
    u32 size = (u32)(seed >> 40) % 40;
    u16 type = (u16)(seed >> 33) % 16;
    if (type == M_QUIT) continue;
    ask(&m, type, (u32)(seed >> 60) ? 0 : 1, junk, size, seed >> 62 ? NULL : &m.socket, seed >> 62 ? 0 : 1, NULL);
  }
  EQ(open_descriptors(m.pid), before);
  monitor_quit(&m);
}

TEST(launch, connections_are_limited_and_private) {
  need_root();
  monitor_start(&m);
  int more[16];
  char byte;
  for (int i = 0; i < 15; i++) more[i] = monitor_connect(&m);
  more[15] = monitor_connect(&m);
  EQ(recv(more[15], &byte, 1, 0), 0);
  for (int i = 0; i < 16; i++) close(more[i]);
  CHECK(chmod(test_directory, 0777) == 0 && chmod(path_in("monitor.sock"), 0777) == 0);
  pid_t child = fork();
  if (child == 0) {
    CHECK(setresuid(1000, 1000, 1000) == 0);
    int fd = monitor_connect(&m);
    _exit(recv(fd, &byte, 1, 0) != 0);
  }
  int status;
  waitpid(child, &status, 0);
  EQ(status, 0);
  monitor_quit(&m);
}

TEST(launch, full_disk_does_not_stop_the_process) {
  need_root();
  mkdir(path_in("small"), 0755);
  CHECK(mount("tmpfs", path_in("small"), "tmpfs", 0, "size=16k") == 0);
  monitor_start(&m);
  char path[300];
  strcpy(path, path_in("small/log"));
  plain(7);
  TOOL("many", "100000", "exit", "2");
  EQ(run_to_end(1, (struct log_options){1, 1, 0, 0, path}), 2 << 8);
  struct entry entry = status_of(&m, 1);
  CHECK(entry.lost > 100000);
  const char *text = content(path);
  EQ(text[strlen(text) - 1], '\n');
  EQ(strlen(text) + entry.lost, 5000 * (size_t)(strchr(text, '\n') - text + 1));
  monitor_quit(&m);
}

TEST(launch, log_is_opened_anew) {
  need_root();
  monitor_start(&m);
  int in[2], out[2];
  pipe2(in, O_CLOEXEC);
  pipe2(out, O_CLOEXEC);
  plain(7);
  TOOL("line", "line");
  launch(&m, 1, &b, NULL, 0, (struct log_options){2, 1, 0, 2, log_path()});
  attach(&m, 1, 3, in[0], out[1], -1);
  char text[8];
  CHECK(write(in[1], "one\n", 4) == 4);
  read_exactly(out[0], text, 4);
  rename(log_path(), path_in("old"));
  EQ(ask0(&m, M_REOPEN_LOG, 1), 0);
  CHECK(write(in[1], "two\n", 4) == 4);
  expect(&m, M_RUNNING, 1);
  expect(&m, M_EXITED, 1);
  STR(log_text(), "stdout F two\n");
  CHECK(strstr(content(path_in("old")), "stdout F one\n"));
  monitor_quit(&m);
}

TEST(launch, small_memory) {
  need_root();
  if (strstr(program(), "/test/")) test_skip("needs the release build");
  monitor_start(&m);
  container(make_root());
  EXEC(&b, "/tool", "many", "100000", "hang");
  launch(&m, 1, &b, NULL, 0, (struct log_options){1, 1, 0, 0, log_path()});
  expect(&m, M_RUNNING, 1);
  char path[64];
  struct stat log;
  EVENTUALLY(stat(log_path(), &log) == 0 && log.st_size > 400000);
  snprintf(path, sizeof path, "/proc/%d/smaps_rollup", m.pid);
  int pss = 0;
  CHECK(sscanf(strstr(content(path), "\nPss:"), "\nPss: %d", &pss) == 1);
  printf("PSS %d kB\n", pss);
  CHECK(pss <= 300);
  EQ(ask32(&m, M_SIGNAL, 1, SIGKILL), 0);
  expect(&m, M_EXITED, 1);
  monitor_quit(&m);
}
