// Launchers: a program that makes the process and ends, as `runc create` does.
#include "peer.h"

#include <sys/stat.h>

enum { M_ADOPT = 15, M_LAUNCHED = 204 };
enum { HOLD = 2, LAUNCHER = 4 };

static struct monitor m;
static struct builder b;

// Launches a shell as process 1; script makes the process and writes its id to the file "pid".
static void make(u32 stdio, const char *script, u32 flags) {
  static char text[1024];
  snprintf(text, sizeof text, "cd '%s'; %s", test_directory, script);
  plan_begin(&b);
  b.head.stdio = stdio;
  EXEC(&b, "/bin/sh", "-c", text);
  CHECK(launch(&m, 1, &b, NULL, 0, (struct log_options){.flags = flags | LAUNCHER}) > 0);
  expect(&m, M_RUNNING, 1);
}
static u32 made(void) { return (u32)atoi(content(path_in("pid"))); }

TEST(adopt, exit_and_output_are_those_of_the_process) {
  need_root();
  monitor_start(&m);
  int out[2];
  CHECK(pipe2(out, O_CLOEXEC) == 0);
  make(7, "exec 3<&0; echo from the launcher; (read line; echo \"$line\"; exit 7) <&3 & echo $! >pid; exit 5", HOLD);
  EQ(status_of(&m, 1).state == 1 || status_of(&m, 1).state == 5, 1);
  EQ(word(expect(&m, M_LAUNCHED, 1), 0), 5 << 8);
  EQ(status_of(&m, 1).state, 5);
  EQ(status_of(&m, 1).pid, 0);
  EQ(ask32(&m, M_SIGNAL, 1, SIGTERM), -ESRCH);
  EQ(ask0(&m, M_FORGET, 1), -EBUSY);
  EQ(ask0(&m, M_QUIT, 0), -EBUSY);
  int in[2];
  CHECK(pipe2(in, O_CLOEXEC) == 0);
  CHECK(attach(&m, 1, 3, in[0], out[1], -1) > 0);
  close(out[1]);
  EQ(ask32(&m, M_ADOPT, 1, made()), 0);
  EQ(status_of(&m, 1).state, 3);
  EQ(status_of(&m, 1).pid, made());
  CHECK(write(in[1], "typed\n", 6) == 6);
  STR(read_end(out[0]), "from the launcher\ntyped\n");
  EQ(word(expect(&m, M_EXITED, 1), 0), 7 << 8);
  CHECK(strncmp(content(path_in("exit.1")), "1792 ", 5) == 0);
  EQ(ask32(&m, M_ADOPT, 1, made()), -EINVAL);
  monitor_quit(&m);
}

TEST(adopt, process_that_has_ended_already) {
  need_root();
  monitor_start(&m);
  make(0, "(exit 9) & echo $! >pid; while [ -d /proc/$!/fd ] && kill -0 $!; do :; done 2>/dev/null; (sleep 0.1; exit 8) & echo $! >pid", 0);
  EQ(word(expect(&m, M_LAUNCHED, 1), 0), 0);
  u32 pid = made();
  char path[64];
  snprintf(path, sizeof path, "/proc/%u", pid);
  struct stat status;
  EVENTUALLY(stat(path, &status) != 0);
  EQ(ask32(&m, M_ADOPT, 1, pid), 0);
  EQ(word(expect(&m, M_EXITED, 1), 0), 8 << 8);
  monitor_quit(&m);
}

TEST(adopt, refuses_what_is_no_child) {
  need_root();
  monitor_start(&m);
  make(0, "exec sleep 0.2", 0);
  EQ(ask32(&m, M_ADOPT, 1, 1), -EBUSY);
  EQ(word(expect(&m, M_LAUNCHED, 1), 0), 0);
  EQ(ask32(&m, M_ADOPT, 1, 1), -ECHILD);
  EQ(ask32(&m, M_ADOPT, 1, (u32)getpid()), -ECHILD);
  EQ(ask32(&m, M_ADOPT, 1, 0x80000000u), -EINVAL);
  EQ(ask32(&m, M_ADOPT, 2, 0), -ENOENT);
  // None: it ends as the launcher did.
  EQ(ask32(&m, M_ADOPT, 1, 0), 0);
  EQ(word(expect(&m, M_EXITED, 1), 0), 0);
  EQ(ask0(&m, M_FORGET, 1), 0);
  monitor_quit(&m);
}

TEST(adopt, not_twice_and_not_of_another_number) {
  need_root();
  monitor_start(&m);
  make(0, "sleep 60 & echo $! >pid", 0);
  expect(&m, M_LAUNCHED, 1);
  EQ(ask32(&m, M_ADOPT, 1, made()), 0);
  plan_begin(&b);
  EXEC(&b, "/bin/true");
  CHECK(launch(&m, 2, &b, NULL, 0, (struct log_options){.flags = LAUNCHER}) > 0);
  expect(&m, M_RUNNING, 2);
  expect(&m, M_LAUNCHED, 2);
  EQ(ask32(&m, M_ADOPT, 2, made()), -EEXIST);
  EQ(ask32(&m, M_ADOPT, 2, 0), 0);
  expect(&m, M_EXITED, 2);
  EQ(ask32(&m, M_SIGNAL, 1, SIGKILL), 0);
  EQ(word(expect(&m, M_EXITED, 1), 0), SIGKILL);
  monitor_quit(&m);
}

TEST(adopt, launcher_killed) {
  need_root();
  monitor_start(&m);
  make(6, "exec sleep 60", HOLD);
  EQ(ask32(&m, M_SIGNAL, 1, SIGKILL), 0);
  EQ(word(expect(&m, M_LAUNCHED, 1), 0), SIGKILL);
  EQ(ask32(&m, M_ADOPT, 1, 0), 0);
  EQ(word(expect(&m, M_EXITED, 1), 0), SIGKILL);
  monitor_quit(&m);
}
