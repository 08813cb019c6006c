// The monitor: parent of all processes of one sandbox. A loop around poll(2); requests and events on SOCK_SEQPACKET.
#include "names.h"
#include "packet.h"

#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

bool quitting, released;

static struct pollfd *poll_set;
static u32 poll_count, poll_size;

int poll_add(int fd, short events) {
  if (poll_count == poll_size) {
    u32 size = poll_size ? poll_size * 2 : 32;
    struct pollfd *larger = realloc(poll_set, size * sizeof *larger);
    if (!larger) return -1;  // It waits for a turn in which there is memory.
    poll_set = larger;
    poll_size = size;
  }
  poll_set[poll_count] = (struct pollfd){.fd = fd, .events = events};
  return (int)poll_count++;
}

short poll_result(int slot) { return slot < 0 ? 0 : poll_set[slot].revents; }

static void loop(int signals) {
  while (!quitting) {
    poll_count = 0;
    int signal_slot = poll_add(signals, POLLIN), listener_slot = poll_add(LISTENER, POLLIN);
    connections_poll();
    for (struct process *at = processes; at; at = at->next) {
      at->report_slot = at->report >= 0 ? poll_add(at->report, POLLIN) : -1;
      streams_poll(at);
    }
    int ready = poll(poll_set, poll_count, released ? 0 : -1);
    released = false;
    if (ready < 0) continue;
    if (poll_result(signal_slot)) processes_reap(signals);
    for (struct process *at = processes; at; at = at->next) {
      if (poll_result(at->report_slot)) process_report(at);
      if (at->state != ENDED) streams_pump(at);
    }
    connections_serve();
    if (poll_result(listener_slot)) connection_accept();
    // Behind the requests, since these may have let output go that an ended process was waiting for.
    for (struct process *at = processes; at; at = at->next) {
      if (at->takes_input && at->input < 0) process_input_closed(at);
      if (at->finishing && at->out[0].fd < 0 && at->out[1].fd < 0) at->reaped = true;
      if (at->reaped && at->state != ENDED && streams_drain(at)) process_finish(at);
    }
  }
}

// What can fail, fails before the monitor leaves its starter: the signal descriptor, or -errno.
static int prepare(void) {
  sigset_t child;
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0 || fcntl(LISTENER, F_SETFD, FD_CLOEXEC) != 0 || fcntl(DIRECTORY, F_SETFD, FD_CLOEXEC) != 0 || chdir("/") != 0)
    return -errno;
  for (int i = 0; i < 3; i++) {
    if (dup2(null, i) < 0) return -errno;
  }
  close_others(5, NULL, 0);
  umask(022);
  default_signals();
  signal(SIGPIPE, SIG_IGN);
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigprocmask(SIG_SETMASK, &child, NULL);
  int signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
  // The launches inherit it: nobody in a container may look into a process that has not yet become the container's.
  if (signals < 0 || prctl(PR_SET_DUMPABLE, 0UL, 0UL, 0UL, 0UL) != 0) return -errno;
  prctl(PR_SET_NAME, (unsigned long)(uintptr_t)"kapal-monitor", 0UL, 0UL, 0UL);
  return signals;
}

int monitor_main(int count, char **words) {
  if (count != 2) {
    fprintf(stderr, "kapal-monitor: started by the Kapal daemon: kapal-monitor ID, with descriptors 3 and 4 (see docs/monitor-protocol.md)\n");
    return 2;
  }
  (void)words;  // The ID is there for ps(1).
  long pid = sys_clone(0, -1, NULL);
  if (pid > 0) {
    int status = 0;
    while (waitpid((pid_t)pid, &status, 0) < 0 && errno == EINTR) {}
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
  }
  if (pid < 0) return 1;
  setsid();
  int signals = prepare();
  if (signals < 0) _exit(1);
  pid = sys_clone(0, -1, NULL);
  if (pid != 0) _exit(pid < 0);
  prctl(PR_SET_CHILD_SUBREAPER, 1UL, 0UL, 0UL, 0UL);
  connections_begin();
  loop(signals);
  return 0;
}
