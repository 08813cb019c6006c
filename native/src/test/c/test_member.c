// kapal-member: what it leaves behind stands for a container, from its start to its end, and nothing of the host is in its reach.
#include "t.h"

#include <dirent.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/wait.h>

enum { WORDS = 32, LOST = 137 };

static const char *words[WORDS];
static int count;

// The words of a command, behind those that are there already; led by how many they are if they are counted.
static void add(bool counted, ...) {
  static char numbers[8][16];
  static int next;
  int number = count;
  if (counted) count++;
  va_list arguments;
  va_start(arguments, counted);
  for (const char *word; (word = va_arg(arguments, const char *));) words[count++] = word;
  va_end(arguments);
  if (!counted) return;
  snprintf(numbers[next % 8], sizeof numbers[0], "%d", count - number - 1);
  words[number] = numbers[next++ % 8];
}

// The words before those of the three commands.
static void begin(const char *root) {
  static char pid_file[256], started[256];
  snprintf(pid_file, sizeof pid_file, "%s", path_in("pid"));
  snprintf(started, sizeof started, "%s", path_in("started"));
  memset(words, 0, sizeof words);
  count = 0;
  add(false, "kapal-member", pid_file, root, started, NULL);
}

// What it leaves is this process's: its subreaper.
static pid_t spawn(const char *out) {
  prctl(PR_SET_CHILD_SUBREAPER, 1UL, 0UL, 0UL, 0UL);
  pid_t pid = fork();
  if (pid != 0) return pid;
  int fd = open(out, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  dup2(fd, 1);
  dup2(fd, 2);
  fcntl(open("/", O_RDONLY | O_CLOEXEC), F_DUPFD, 200);  // one that is not closed when something is executed
  execv(program(), (char **)(uintptr_t)words);
  _exit(99);
}

static int status_of(pid_t pid) {
  int status = -1;
  EQ(waitpid(pid, &status, 0), pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static int run(void) {
  unlink(path_in("out"));
  return status_of(spawn(path_in("out")));
}

static bool alone(void) {
  return waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD;
}

// Makes a member with these words; the process that stands for the container.
static pid_t made(void) {
  EQ(run(), 0);
  pid_t pid = (pid_t)atoi(content(path_in("pid")));
  CHECK(pid > 1 && kill(pid, 0) == 0);
  return pid;
}

static void made_as_usual(const char *start, const char *said) {
  begin(test_directory);
  add(true, tool(), "say", start, NULL);
  add(true, tool(), "say", said, NULL);
  add(false, tool(), "say", "created ", NULL);
}

// The one child of a process.
static pid_t child_of(pid_t pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, pid);
  return (pid_t)atoi(content(path));
}

static const char *link_of(pid_t pid, const char *what) {
  static char link[512];
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", pid, what);
  ssize_t length = readlink(path, link, sizeof link - 1);
  link[length < 0 ? 0 : length] = 0;
  return link;
}

TEST(member, refuses_words_that_are_not_its_own) {
  const char *const wrong[][8] = {
      {NULL},
      {"1", "/bin/true", NULL},
      {"0", "1", "/bin/true", "/bin/true", NULL},
      {"-1", "/bin/true", "1", "/bin/true", "/bin/true", NULL},
      {"x", "/bin/true", "1", "/bin/true", "/bin/true", NULL},
      {"9", "/bin/true", "1", "/bin/true", "/bin/true", NULL},
      {"99999999999999999999", "/bin/true", "1", "/bin/true", "/bin/true", NULL},
      {"1", "/bin/true", "2", "/bin/true", "/bin/true", NULL},
      {"1", "/bin/true", "1", "/bin/true", NULL},
  };
  for (u32 i = 0; i < COUNT(wrong); i++) {
    begin("/");
    for (u32 k = 0; wrong[i][k]; k++) add(false, wrong[i][k], NULL);
    EQ(run(), 2);
    CHECK(strstr(content(path_in("out")), "kapal-member: started by the Kapal daemon: kapal-member PIDFILE ROOT"));
    STR(content(path_in("pid")), "(missing)");
    CHECK(alone());
  }
  memset(words, 0, sizeof words);
  words[0] = "kapal-member";
  EQ(run(), 2);
}

TEST(member, is_not_made_when_the_container_is_not) {
  const struct { const char *program, *a, *b; int status; } cases[] = {
      {tool(), "exit", "7", 7}, {"/no/such/program", NULL, NULL, 127}, {"/", NULL, NULL, 127}, {"/bin/sh", "-c", "kill -9 $$", LOST}};
  for (u32 i = 0; i < COUNT(cases); i++) {
    begin("/");
    add(true, tool(), "say", "start", NULL);
    add(true, tool(), "say", "wait", NULL);
    add(false, cases[i].program, cases[i].a, cases[i].b, NULL);
    EQ(run(), cases[i].status);
    STR(content(path_in("out")), "");
    STR(content(path_in("pid")), "(missing)");
    CHECK(alone());
  }
}

TEST(member, is_nothing_without_its_pid_file) {
  made_as_usual("started ", "");
  words[1] = "/no/such/folder/pid";
  EQ(run(), 126);
  STR(content(path_in("out")), "created ");
  EVENTUALLY(alone());
}

TEST(member, starts_and_ends_as_the_container_does) {
  need_root();
  made_as_usual("started ", "{\"id\":\"c\",\"exitStatus\":3}\n");
  pid_t pid = made();
  STR(content(path_in("out")), "created ");
  EQ(kill(pid, SIGUSR1), 0);
  EQ(status_of(pid), 3);
  STR(content(path_in("started")), "0");
  // What tells of the end is read, and not shown.
  STR(content(path_in("out")), "created started ");
  STR(content(path_in("started.new")), "(missing)");
  CHECK(alone());
}

TEST(member, has_nothing_of_the_host) {
  need_root();
  made_as_usual("started ", "{\"exitStatus\":0}");
  pid_t pid = made();
  EVENTUALLY(strcmp(link_of(pid, "root"), test_directory) == 0 && strcmp(link_of(pid, "cwd"), test_directory) == 0);
  EQ(open_descriptors(pid), 3);
  for (int fd = 0; fd < 3; fd++) {
    char name[16];
    snprintf(name, sizeof name, "fd/%d", fd);
    STR(link_of(pid, name), "/dev/null");
  }
  EQ(getsid(pid), pid);
  kill(pid, SIGKILL);
  EQ(status_of(pid), 1000 + SIGKILL);
}

TEST(member, without_a_root_has_not_the_hosts) {
  need_root();
  made_as_usual("started ", "{\"exitStatus\":0}");
  words[2] = path_in("missing");
  pid_t pid = made();
  EVENTUALLY(strstr(link_of(pid, "root"), "/fdinfo"));
  kill(pid, SIGUSR1);
  EQ(status_of(pid), 0);
}

TEST(member, says_how_the_start_went_wrong) {
  need_root();
  const struct { const char *program, *word, *written; } cases[] = {
      {tool(), "5", "5"}, {"/no/such/program", "0", "127"}};
  for (u32 i = 0; i < COUNT(cases); i++) {
    begin(test_directory);
    add(true, cases[i].program, "exit", cases[i].word, NULL);
    add(true, tool(), "say", "{\"exitStatus\":0}", NULL);
    add(false, tool(), "exit", "0", NULL);
    pid_t pid = made();
    kill(pid, SIGUSR1);
    EQ(status_of(pid), LOST);
    STR(content(path_in("started")), cases[i].written);
    CHECK(alone());
  }
}

TEST(member, does_not_say_that_it_started_where_it_cannot) {
  need_root();
  made_as_usual("started ", "{\"exitStatus\":0}");
  words[3] = "/no/such/folder/started";
  pid_t pid = made();
  kill(pid, SIGUSR1);
  EQ(status_of(pid), LOST);
}

TEST(member, commands_find_signals_as_they_were) {
  need_root();
  begin(test_directory);
  add(true, tool(), "signals", NULL);
  add(true, tool(), "say", "{\"exitStatus\":0}", NULL);
  add(false, tool(), "signals", NULL);
  pid_t pid = made();
  kill(pid, SIGUSR1);
  EQ(status_of(pid), 0);
  // No signal is blocked or ignored and none comes when the parent ends.
  int changed[2], death[2], session[2];
  EQ(sscanf(content(path_in("out")), "%d %d %d %*o\n%d %d %d", &changed[0], &death[0], &session[0], &changed[1], &death[1],
            &session[1]), 6);
  for (int i = 0; i < 2; i++) {
    EQ(changed[i], 0);
    EQ(death[i], 0);
  }
}

TEST(member, processes_end_with_each_other) {
  need_root();
  made_as_usual("started ", "{\"exitStatus\":0}");
  pid_t pid = made(), waits = 0;
  EVENTUALLY((waits = child_of(pid)) > 0);
  kill(waits, SIGKILL);
  EQ(status_of(pid), LOST);
  pid = made();
  EVENTUALLY((waits = child_of(pid)) > 0);
  kill(pid, SIGKILL);
  EQ(status_of(pid), 1000 + SIGKILL);
  // It comes to its subreaper, and has been killed too, or has seen that it is alone.
  int end = status_of(waits);
  CHECK(end == 1000 + SIGKILL || end == LOST);
  CHECK(alone());
  STR(content(path_in("started")), "(missing)");
}

TEST(member, a_start_goes_on_to_its_end) {
  need_root();
  begin(test_directory);
  add(true, tool(), "say", "begun ", "sleep", "400", "say", "done", NULL);
  add(true, tool(), "say", "{\"exitStatus\":0}", NULL);
  add(false, tool(), "exit", "0", NULL);
  pid_t pid = made();
  kill(pid, SIGUSR1);
  EVENTUALLY(strcmp(content(path_in("out")), "begun ") == 0);
  kill(pid, SIGKILL);
  EQ(status_of(pid), 1000 + SIGKILL);
  EVENTUALLY(strcmp(content(path_in("out")), "begun done") == 0);
}

// Asks again until there is an answer.
TEST(member, asks_until_it_is_told) {
  need_root();
  char script[1200];
  snprintf(script, sizeof script,
           "n=$(cat %1$s 2>/dev/null); echo x$n >%1$s; case $n in '') exit 1;; x) echo nonsense;; "
           "xx) echo '{\"exitStatus\":256}';; xxx) echo '{\"exitStatus\" : \"no\"}';; *) echo '{\"exitStatus\" : 255}';; esac",
           path_in("asked"));
  begin(test_directory);
  add(true, tool(), "exit", "0", NULL);
  add(true, "/bin/sh", "-c", script, NULL);
  add(false, tool(), "exit", "0", NULL);
  pid_t pid = made();
  kill(pid, SIGUSR1);
  EQ(status_of(pid), 255);
  STR(content(path_in("asked")), "xxxxx\n");
}

// Half a dozen that are never told: side by side, since each asks for five seconds.
TEST(member_patience, has_an_end) {
  need_root();
  const char *const told[][4] = {
      {"/no/such/program", NULL}, {tool(), "exit", "0"}, {tool(), "say", "{\"exitStatus\":-1}"}, {tool(), "say", "exitStatus"},
      {tool(), "many", "100000"}, {"/bin/sh", "-c", "echo '{\"exitStatus\":0}'; exit 1"}};
  pid_t pids[COUNT(told)];
  for (u32 i = 0; i < COUNT(told); i++) {
    begin(test_directory);
    add(true, tool(), "exit", "0", NULL);
    add(true, told[i][0], told[i][1], told[i][1] ? told[i][2] : NULL, NULL);
    add(false, tool(), "exit", "0", NULL);
    pids[i] = made();
    kill(pids[i], SIGUSR1);
  }
  for (u32 i = 0; i < COUNT(told); i++) EQ(status_of(pids[i]), LOST);
  CHECK(alone());
}
