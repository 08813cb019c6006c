// The two small inits: kapal-pause, which holds a pod's namespaces (with --until-eof something else, until its input ends), and kapal-init, which a container may have as process 1.
#include "sys.h"
#include "names.h"

#include <sys/wait.h>
#include <termios.h>

int pause_main(int count, char **words) {
  if (count > 1 && strcmp(words[1], "--until-eof") == 0) {
    char byte;
    ssize_t got;
    do got = read(0, &byte, 1);
    while (got > 0 || (got < 0 && errno == EINTR));
    return 0;
  }
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
  for (;;) {
    int number = sigwaitinfo(&all, NULL);
    if (number == SIGTERM || number == SIGINT) return 0;
    while (waitpid(-1, NULL, WNOHANG) > 0) {}
  }
}

// Becomes the program. Its process group is the terminal's foreground, so that Ctrl-C reaches it and not the init.
_Noreturn static void become(char **words, const sigset_t *mask) {
  setpgid(0, 0);
  tcsetpgrp(0, getpgrp());  // All signals are blocked, SIGTTOU too; no terminal, no matter.
  sigprocmask(SIG_SETMASK, mask, NULL);
  execvp(words[0], words);
  int error = errno;
  fprintf(stderr, "kapal-init: cannot run %s: %s\n", words[0], strerror(error));
  _exit(error == ENOENT || error == ENOTDIR ? 127 : 126);
}

int init_main(int count, char **words) {
  if (count > 1 && strcmp(words[1], "--") == 0) {
    words++;
    count--;
  }
  if (count < 2) {
    fprintf(stderr, "kapal-init: give it the program to run: kapal-init PROGRAM [ARGUMENT...]\n");
    return 2;
  }
  // Faults of its own stay what they are: blocking them would make a loop of a crash.
  static const int faults[] = {SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGABRT, SIGTRAP, SIGSYS};
  sigset_t all, before;
  sigfillset(&all);
  for (u32 i = 0; i < COUNT(faults); i++) sigdelset(&all, faults[i]);
  sigprocmask(SIG_SETMASK, &all, &before);
  pid_t child = fork();
  if (child == 0) become(words + 1, &before);
  if (child < 0) {
    fprintf(stderr, "kapal-init: cannot make a process: %s\n", strerror(errno));
    return 126;
  }
  for (;;) {
    int number = sigwaitinfo(&all, NULL), status;
    if (number > 0 && number != SIGCHLD) kill(child, number);
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
      if (pid == child) return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
  }
}
