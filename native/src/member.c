// kapal-member PIDFILE ROOT STARTED COUNT START... COUNT WAIT... CREATE...: has a runtime make a container in a sandbox that there
// is already, and leaves a process behind that stands for the container: it ends as the container does. A sandbox with a kernel
// of its own (gVisor) shows but one process for all of its containers, so there is none of the container's for the monitor to adopt.
//
// CREATE is executed with the container's streams, and its status is this program's. Of what stays, one process has ROOT as its
// root, so that /proc/PID/root is the container's and not the host's. The other one waits for SIGUSR1; it executes START with the
// streams and the mounts, which such a runtime needs then, and writes its status to STARTED; it executes WAIT, and reads the
// status that it prints.
#include "names.h"
#include "sys.h"

#include <sys/prctl.h>
#include <sys/wait.h>

enum { TRIES = 50, LOST = 137 };

static int status_of(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int await(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return LOST;
  }
  return status_of(status);
}

static pid_t child(char **words, int out, bool dies) {
  pid_t parent = getpid(), pid = fork();
  if (pid != 0) return pid;
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  if (dies) prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL, 0UL, 0UL, 0UL);
  if (getppid() != parent || (out >= 0 && dup2(out, 1) < 0)) _exit(127);
  execv(words[0], words);
  _exit(127);
}

// What `runsc wait` prints: {"id":"…","exitStatus":N}; -1 when it is something else.
static int printed(const char *text) {
  const char *at = strstr(text, "\"exitStatus\"");
  if (!at) return -1;
  at += strlen("\"exitStatus\"");
  while (*at == ' ' || *at == ':') at++;
  char *end;
  long value = strtol(at, &end, 10);
  return end == at || value < 0 || value > 255 ? -1 : (int)value;
}

static int ask(char **words) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return -1;
  pid_t pid = child(words, ends[1], true);
  close(ends[1]);
  char text[4096];
  size_t length = 0;
  for (ssize_t got; length < sizeof text - 1; length += (size_t)got) {
    got = read(ends[0], text + length, sizeof text - 1 - length);
    if (got < 0 && errno == EINTR) got = 0;
    else if (got <= 0) break;
  }
  close(ends[0]);
  text[length] = 0;
  return pid > 0 && await(pid) == 0 ? printed(text) : -1;
}

static bool number_write(const char *path, long number) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  bool written = fd >= 0 && dprintf(fd, "%ld", number) > 0;
  close_fd(&fd);
  return written;
}

static void null_streams(void) {
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int i = 0; i < 3; i++) dup2(null, i);
  for (int fd = 3; fd < 1024; fd++) close(fd);
}

struct member { char *pid_file, *root, *started, **start, **wait; };

_Noreturn static void wait_for(const struct member *member, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL, 0UL, 0UL, 0UL);
  if (getppid() != parent) _exit(LOST);
  sigset_t told;
  sigemptyset(&told);
  sigaddset(&told, SIGUSR1);
  while (sigwaitinfo(&told, NULL) < 0) {}
  // Not killed with this process: a start that is cut off is the runtime's to finish.
  pid_t pid = child(member->start, -1, false);
  int status = pid < 0 ? 126 : await(pid);
  null_streams();
  char temporary[4200];
  snprintf(temporary, sizeof temporary, "%s.new", member->started);
  if (!number_write(temporary, status) || rename(temporary, member->started) != 0 || status != 0) _exit(LOST);
  for (int i = 0; i < TRIES; i++) {
    status = ask(member->wait);
    if (status >= 0) _exit(status);
    usleep(100000);
  }
  _exit(LOST);
}

_Noreturn static void stand(const struct member *member) {
  setsid();
  pid_t own = getpid(), waits = fork();
  if (waits == 0) wait_for(member, own);
  null_streams();
  // Nothing of the host's is to be reached through this process's root.
  bool away = (chroot(member->root) == 0 || chroot("/proc/self/fdinfo") == 0) && chdir("/") == 0;
  if (waits < 0 || !away) {
    if (waits > 0) kill(waits, SIGKILL);
    _exit(LOST);
  }
  sigset_t told;
  sigemptyset(&told);
  sigaddset(&told, SIGUSR1);
  sigaddset(&told, SIGCHLD);
  for (;;) {
    int number = sigwaitinfo(&told, NULL), status;
    if (number == SIGUSR1) kill(waits, SIGUSR1);
    if (waitpid(waits, &status, WNOHANG) == waits) _exit(status_of(status));
  }
}

// A number and as many words; what is behind them, or NULL.
static char **take(char **words, char **end, char ***taken) {
  long count = words < end ? strtol(*words, NULL, 10) : 0;
  if (count < 1 || count >= end - words) return NULL;
  *taken = words + 1;
  return words + 1 + count;
}

int member_main(int count, char **words) {
  struct member member = {0};
  char **end = words + count, **second = NULL, **create = NULL;
  if (count > 4) {
    member = (struct member){.pid_file = words[1], .root = words[2], .started = words[3]};
    second = take(words + 4, end, &member.start);
    create = second ? take(second, end, &member.wait) : NULL;
  }
  if (!create || create >= end) {
    fprintf(stderr, "kapal-member: started by the Kapal daemon: kapal-member PIDFILE ROOT STARTED COUNT START... COUNT WAIT... CREATE...\n");
    return 2;
  }
  sigset_t kept;
  sigemptyset(&kept);
  sigaddset(&kept, SIGUSR1);
  sigaddset(&kept, SIGCHLD);
  sigprocmask(SIG_BLOCK, &kept, NULL);
  pid_t pid = child(create, -1, false);
  int status = pid < 0 ? 126 : await(pid);
  if (status != 0) return status;
  *second = NULL;
  *create = NULL;
  pid = fork();
  if (pid == 0) stand(&member);
  if (pid < 0 || !number_write(member.pid_file, pid)) {
    if (pid > 0) kill(pid, SIGKILL);
    return 126;
  }
  return 0;
}
