// kapal-probe: what it measures is plausible, and it refuses what it does not know.
#include "t.h"

#include <sys/wait.h>

// Runs the probe with its output in a file; its status.
static int probe4(const char *a, const char *b, const char *c, const char *d) {
  pid_t pid = fork();
  if (pid == 0) {
    int out = open(path_in("out"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(out, 1);
    dup2(out, 2);
    execl(program(), "kapal-probe", a, b, c, d, (char *)NULL);
    _exit(99);
  }
  int status = -1;
  EQ(waitpid(pid, &status, 0), pid);
  CHECK(WIFEXITED(status));
  return WEXITSTATUS(status);
}

static int probe(const char *a, const char *b, const char *c) { return probe4(a, b, c, NULL); }

TEST(probe, hello) {
  EQ(probe("hello", NULL, NULL), 0);
  STR(content(path_in("out")), "hello\n");
}

TEST(probe, kernel_is_the_one_that_runs) {
  EQ(probe("kernel", NULL, NULL), 0);
  char release[256] = "";
  FILE *file = fopen("/proc/sys/kernel/osrelease", "r");
  CHECK(file && fgets(release, sizeof release, file));
  fclose(file);
  STR(content(path_in("out")), release);
}

TEST(probe, system_calls_take_between_a_nanosecond_and_a_second) {
  EQ(probe("syscalls", "20", NULL), 0);
  double ns = atof(content(path_in("out")));
  CHECK(ns > 1 && ns < 1e9);
}

TEST(probe, disk_leaves_nothing) {
  char file[512];
  snprintf(file, sizeof file, "%s", path_in("data"));
  EQ(probe("disk", file, "2"), 0);
  double written = 0, read = 0;
  EQ(sscanf(content(path_in("out")), "%lf %lf", &written, &read), 2);
  CHECK(written > 1000 && read > 1000);
  EQ(access(file, F_OK), -1);
  EQ(probe("disk", "/no/such/folder/data", "2"), 1);
  CHECK(strstr(content(path_in("out")), "No such file"));
}

TEST(probe, network_moves_bytes) {
  EQ(probe("network", "50", NULL), 0);
  CHECK(atof(content(path_in("out"))) > 1e6);
}

TEST(probe, a_sink_counts_what_is_sent) {
  char port[8];
  snprintf(port, sizeof port, "%d", 20000 + getpid() % 12000);
  pid_t sink = fork();
  if (sink == 0) {
    execl(program(), "kapal-probe", "sink", port, (char *)NULL);
    _exit(99);
  }
  for (int i = 0; i < 2; i++) {
    EQ(probe4("send", "127.0.0.1", port, "50"), 0);
    CHECK(atof(content(path_in("out"))) > 1e6);
  }
  EQ(kill(sink, SIGKILL), 0);
  EQ(waitpid(sink, NULL, 0), sink);
  EQ(probe4("send", "somewhere", port, "50"), 2);
  CHECK(strstr(content(path_in("out")), "no IPv4 address"));
  EQ(probe4("send", "127.0.0.1", "70000", "50"), 2);
}

// With or without KVM it says one line and ends.
TEST(probe, kvm_tells_how_far_it_came) {
  int status = probe("kvm", NULL, NULL);
  const char *said = content(path_in("out"));
  CHECK(status == 0 || status == 1);
  CHECK((status == 0) == (strcmp(said, "ok\n") == 0));
  CHECK(strchr(said, '\n') == said + strlen(said) - 1);
}

TEST(probe, refuses_what_it_does_not_know) {
  EQ(probe("sink", NULL, NULL), 2);
  EQ(probe("syscalls", "0", NULL), 2);
  EQ(probe("syscalls", "1e9", NULL), 2);
  EQ(probe("syscalls", "99999999", NULL), 2);
  EQ(probe("disk", "x", NULL), 2);
  EQ(probe("hello", "x", NULL), 2);
  CHECK(strstr(content(path_in("out")), "usage: kapal-probe"));
}
