#include "t.h"

#include <dirent.h>
#include <ftw.h>
#include <sched.h>
#include <stdarg.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>

enum { SKIPPED = 77, LIMIT_SECONDS = 40 };

static struct test *tests;
char test_directory[64];

void test_add(struct test *test) {
  struct test **at = &tests;
  while (*at && strcmp((*at)->name, test->name) < 0) at = &(*at)->next;
  test->next = *at;
  *at = test;
}

void test_fail(const char *file, int line, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fprintf(stderr, "%s:%d: ", file, line);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  _exit(1);
}

void test_skip(const char *reason) {
  printf("%s\n", reason);
  fflush(stdout);
  _exit(SKIPPED);
}

const char *path_in(const char *format, ...) {
  static char ring[16][512];
  static int next;
  char *path = ring[next++ % 16];
  int length = snprintf(path, sizeof ring[0], "%s/", test_directory);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(path + length, sizeof ring[0] - (size_t)length, format, arguments);
  va_end(arguments);
  return path;
}

const char *content(const char *path) {
  static char *ring[8];
  static int next;
  char **text = &ring[next++ % 8];
  free(*text);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return *text = strdup("(missing)");
  size_t size = 0, room = 1 << 16;
  *text = malloc(room);
  for (ssize_t got; (got = read(fd, *text + size, room - size - 1)) > 0;) {
    size += (size_t)got;
    if (size + 1 >= room) *text = realloc(*text, room *= 2);
  }
  (*text)[size] = 0;
  close(fd);
  return *text;
}

void write_file(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  CHECK(fd >= 0 && write_all(fd, text, strlen(text)) == 0);
  close(fd);
}

void need_root(void) {
  if (geteuid() != 0) test_skip("needs root");
}

int open_descriptors(pid_t pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/fd", pid);
  DIR *directory = opendir(path);
  if (!directory) return -1;
  int count = 0;
  while (readdir(directory)) count++;
  closedir(directory);
  return count - 2;
}

static const char *from_environment(const char *name) {
  const char *path = getenv(name);
  if (!path) test_fail(__FILE__, __LINE__, "%s is not set", name);
  return path;
}
const char *program(void) { return from_environment("KAPAL_TEST_PROGRAM"); }
const char *tool(void) { return from_environment("KAPAL_TEST_TOOL"); }

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk) {
  (void)status;
  (void)type;
  (void)walk;
  return remove(path);
}

// Ends what a failed test left behind: only this process's own descendants, which come to it since it is their subreaper.
static void end_children(void) {
  for (;;) {
    char path[64], *text, *at;
    snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
    text = at = (char *)(uintptr_t)content(path);
    int count = 0;
    for (pid_t pid; (pid = (pid_t)strtol(at, &at, 10)) > 0; count++) kill(pid, SIGKILL);
    (void)text;
    if (count == 0) return;
    // Whose parent ends only now comes to us later: wait for what is there, and look again.
    while (waitpid(-1, NULL, WNOHANG) > 0) {}
    usleep(1000);
  }
}

static int run(const struct test *test) {
  strcpy(test_directory, "/tmp/kapal-test-XXXXXX");
  if (!mkdtemp(test_directory)) return 1;
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    alarm(LIMIT_SECONDS);
    if (geteuid() == 0 && (unshare(CLONE_NEWNS) != 0 || mount("none", "/", "none", MS_REC | MS_PRIVATE, "") != 0)) _exit(1);
    test->run();
    fflush(NULL);
    exit(0);
  }
  int status;
  while (waitpid(-1, &status, 0) != pid) {}
  end_children();
  nftw(test_directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
  if (WIFSIGNALED(status)) fprintf(stderr, "%s: ended by signal %d%s\n", test->name, WTERMSIG(status),
                                   WTERMSIG(status) == SIGALRM ? " (it took too long)" : "");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int count, char **words) {
  // Whoever runs us in the background may ignore SIGINT and SIGQUIT, which children would inherit.
  for (int n = 1; n < NSIG; n++) signal(n, SIG_DFL);
  if (count == 2 && strcmp(words[1], "--list") == 0) {
    for (struct test *at = tests; at; at = at->next) puts(at->name);
    return 0;
  }
  int failures = 0, found = 0;
  for (struct test *at = tests; at; at = at->next) {
    bool wanted = count == 1;
    for (int i = 1; i < count; i++) wanted |= strncmp(words[i], at->name, strlen(words[i])) == 0 &&
        (at->name[strlen(words[i])] == 0 || at->name[strlen(words[i])] == '.');
    if (!wanted) continue;
    found++;
    int status = run(at);
    if (count == 2 && strchr(words[1], '.')) return status;
    if (status == 0 && getenv("QUIET")) continue;
    printf("%-9s %s\n", status == 0 ? "ok" : status == SKIPPED ? "skipped" : "FAILED", at->name);
    failures += status != 0 && status != SKIPPED;
  }
  return failures || !found;
}
