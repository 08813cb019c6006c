// What tests launch: one small static program that does one small thing after another, as its arguments say.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t resized;
static void on_resize(int number) {
  (void)number;
  resized = 1;
}

static void say(const char *text) {
  if (write(1, text, strlen(text)) < 0) exit(99);
}

static void print_size(void) {
  struct winsize size = {0};
  char text[64];
  ioctl(0, TIOCGWINSZ, &size);
  snprintf(text, sizeof text, "%d %d %d\n", isatty(0) && isatty(1) && isatty(2), size.ws_row, size.ws_col);
  say(text);
}

int main(int count, char **words) {
  char buffer[65536];
  for (int i = 1; i < count; i++) {
    const char *word = words[i], *next = i + 1 < count ? words[i + 1] : "";
    if (!strcmp(word, "exit")) return atoi(next);
    if (!strcmp(word, "say")) { say(next); i++; }
    if (!strcmp(word, "err")) { if (write(2, next, strlen(next)) < 0) return 99; i++; }
    if (!strcmp(word, "cat")) {
      for (ssize_t got; (got = read(0, buffer, sizeof buffer)) > 0;) {
        if (write(1, buffer, (size_t)got) != got) return 99;
      }
      say("(end)");
    }
    if (!strcmp(word, "line")) {
      ssize_t got = read(0, buffer, sizeof buffer);
      if (got <= 0 || write(1, buffer, (size_t)got) != got) return 99;
    }
    if (!strcmp(word, "many")) {  // so many bytes, each line numbered
      for (long left = atol(next), n = 0; left > 0; n++) {
        int length = snprintf(buffer, sizeof buffer, "%019ld\n", n);
        if (length > left) length = (int)left;
        if (write(1, buffer, (size_t)length) != length) return 99;
        left -= length;
      }
      i++;
    }
    if (!strcmp(word, "hang")) for (;;) pause();
    if (!strcmp(word, "size")) print_size();
    if (!strcmp(word, "resizes")) {
      struct sigaction action = {.sa_handler = on_resize};
      sigaction(SIGWINCH, &action, NULL);
      say("ready\n");
      while (!resized) poll(NULL, 0, 10);
      print_size();
    }
    if (!strcmp(word, "keep")) {  // leaves a process behind that holds the streams
      if (fork() == 0) for (;;) pause();
    }
    if (!strcmp(word, "chatter")) {  // leaves one behind that prints without end
      if (fork() == 0) for (;;) if (write(1, "noise\n", 6) < 0) _exit(0);
    }
    if (!strcmp(word, "orphan")) {
      if (fork() == 0) { if (fork() == 0) _exit(0); _exit(0); }
    }
    if (!strcmp(word, "signals")) {  // dispositions, mask and the death signal as they were found
      int changed = 0, death = 0;
      sigset_t mask;
      for (int n = 1; n < 32; n++) {
        struct sigaction now;
        if (sigaction(n, NULL, &now) == 0 && now.sa_handler != SIG_DFL) changed = n;
      }
      sigprocmask(SIG_SETMASK, NULL, &mask);
      for (int n = 1; n < 65; n++) if (sigismember(&mask, n) == 1) changed = 100 + n;
      prctl(PR_GET_PDEATHSIG, &death);
      snprintf(buffer, sizeof buffer, "%d %d %d %03o\n", changed, death, getsid(0) == getpid() || getsid(0) == 0, umask(0));
      say(buffer);
    }
    if (!strcmp(word, "descriptors")) {
      for (int fd = 0; fd < 4096; fd++) if (fcntl(fd, F_GETFD) >= 0) { snprintf(buffer, sizeof buffer, "%d ", fd); say(buffer); }
    }
    if (!strcmp(word, "pid")) { snprintf(buffer, sizeof buffer, "%d\n", getpid()); say(buffer); }
    if (!strcmp(word, "env")) say(getenv(next) ? getenv(next) : "(unset)");
    if (!strcmp(word, "closeout")) { close(1); close(2); }
    if (!strcmp(word, "sleep")) { usleep((useconds_t)atoi(next) * 1000); i++; }
    if (!strcmp(word, "term")) {  // says so when SIGTERM comes
      sigset_t set;
      sigemptyset(&set);
      sigaddset(&set, SIGTERM);
      sigprocmask(SIG_BLOCK, &set, NULL);
      say("ready\n");
      int got = sigwaitinfo(&set, NULL);
      snprintf(buffer, sizeof buffer, "got %d\n", got);
      say(buffer);
    }
  }
  return 0;
}
