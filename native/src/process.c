// The monitor's processes: from a launch to an exit record.
#include "packet.h"

#include <limits.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

struct process *processes;
u32 process_count;
// Orphans that ended while a launcher's process was not yet named: a short-lived one may end before its ADOPT comes.
static struct { pid_t pid; int status; i64 end; } orphans[64];
static u32 orphan_count;

struct process *process_find(u32 number) {
  struct process *at = processes;
  while (at && at->number != number) at = at->next;
  return at;
}

void process_add(struct process *process) {
  process->next = processes;
  processes = process;
  process_count++;
}

void process_remove(struct process *process) {
  struct process **at = &processes;
  while (*at != process) at = &(*at)->next;
  *at = process->next;
  process_count--;
  free(process);
}

struct process *process_new(u32 number) {
  struct process *process = calloc(1, sizeof *process);
  if (!process) return NULL;
  *process = (struct process){.number = number, .state = LAUNCHING, .report = -1, .report_slot = -1, .input = -1, .input_slot = -1,
                              .master = -1, .listener = -1, .events = {-1, -1}, .log.fd = -1};
  for (int i = 0; i < 2; i++) process->out[i] = (struct source){.fd = -1, .slot = -1, .left = -1};
  return process;
}

// Lets go of all that only a live process needs.
void process_release(struct process *process) {
  if (process->shared) munmap(process->shared, process->shared_size);
  process->shared = NULL;
  close_fd(&process->report);
  close_fd(&process->input);
  close_fd(&process->master);
  close_fd(&process->listener);
  for (int i = 0; i < 2; i++) close_fd(&process->events[i]);
  free(process->typed);
  process->typed = NULL;
  for (int i = 0; i < 2; i++) {
    close_fd(&process->out[i].fd);
    free(process->out[i].pending);
    process->out[i].pending = NULL;
  }
  while (process->attachments) {
    struct attachment *first = process->attachments;
    process->attachments = first->next;
    attachment_free(first);
  }
  u64 lost = process->log.lost;
  log_close(&process->log);
  process->log.lost = lost;
}

// Makes one pipe; ours does not block, the process's does. input: the process reads.
static int make_pipe(int *ours, int *theirs, bool input) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return -errno;
  *ours = ends[input];
  *theirs = ends[!input];
  return fcntl(*ours, F_SETFL, O_NONBLOCK | (input ? O_WRONLY : O_RDONLY)) != 0 ? -errno : 0;
}

// Copies the plan into memory that is shared with the launch, behind the launch's state; 0 or -errno.
int process_plan(struct process *process, int fd, const struct plan **plan, size_t *size) {
  struct stat status;
  if (fstat(fd, &status) != 0) return -errno;
  if (!S_ISREG(status.st_mode) || status.st_size > PLAN_MAX) return -EINVAL;
  *size = (size_t)status.st_size;
  process->shared_size = sizeof(struct plan) + *size;  // the state, padded, and the plan
  _Static_assert(sizeof(struct launch_state) <= sizeof(struct plan), "the state fits before the plan");
  void *memory = mmap(NULL, process->shared_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return -errno;
  process->shared = memory;
  u8 *bytes = (u8 *)memory + sizeof(struct plan);
  ssize_t got = pread(fd, bytes, *size, 0);
  *plan = (const void *)bytes;
  return got == (ssize_t)*size ? 0 : got < 0 ? -errno : -EINVAL;
}

void process_failed(struct process *process) {
  process->state = ENDED;
  if (!process->end) process->end = now();
  process_release(process);
  packet_begin(EVENT_FAILED, 0, process->number);
  packet_u32(process->part);
  packet_u32(process->step);
  packet_u32(process->error);
  connections_tell();
}

// How often the kernel has killed for want of memory, by a memory.events; -1: it cannot be read.
static i64 memory_kills(int events) {
  char text[512];
  ssize_t length = events < 0 ? -1 : pread(events, text, sizeof text - 1, 0);
  if (length < 0) return -1;
  text[length] = 0;
  const char *kills = strstr(text, "oom_kill ");
  return kills ? (i64)strtoull(kills + 9, NULL, 10) : 0;
}

// Opens what will tell of kills in a scope of systemd's; other groups are there as long as they are needed.
static void watch_memory(struct process *process, int group) {
  char link[40], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", group);
  ssize_t length = readlink(link, path, sizeof path);
  if (length < 6 || memcmp(path + length - 6, ".scope", 6) != 0) return;
  process->events[0] = openat(group, "memory.events", O_RDONLY | O_CLOEXEC);
  process->events[1] = openat(group, "../memory.events", O_RDONLY | O_CLOEXEC);
  process->kills = memory_kills(process->events[1]);
}

// Makes what connects a launch to the monitor, and starts it. 0 or -errno.
int process_start(struct process *process, struct launch *launch) {
  int report[2], error = 0;
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, report) != 0) return -errno;
  process->report = report[0];
  launch->report = report[1];
  u32 stdio = launch->plan->stdio;
  process->terminal = stdio & STDIO_TERMINAL;
  if (stdio & STDIO_IN) error = make_pipe(&process->input, &launch->stdio[0], true);
  for (int i = 0; i < 2 && !error; i++) {
    if (stdio & (u32)STDIO_OUT << i) error = make_pipe(&process->out[i].fd, &launch->stdio[1 + i], false);
  }
  if (launch->plan->cgroup_slot != NONE && !error) watch_memory(process, launch->slots[launch->plan->cgroup_slot]);
  long pid = error ? 0 : launch_start(launch);
  close(report[1]);
  for (int i = 0; i < 3; i++) close_fd(&launch->stdio[i]);
  if (error) return error;
  if (pid < 0) {
    process->part = PART_CLONE;
    return (int)pid;
  }
  *(launch->plan->stage_steps ? &process->stage : &process->pid) = (pid_t)pid;
  return 0;
}

// The report channel has ended or its process has: the program runs, or the launch failed.
static void launch_end(struct process *process) {
  struct launch_state *state = process->shared;
  process->pid = state->pid ? state->pid : process->pid;
  close_fd(&process->report);
  if (state->error == 0 && state->executing) {
    process->state = RUNNING;
    munmap(state, process->shared_size);
    process->shared = NULL;
    packet_begin(EVENT_RUNNING, 0, process->number);
    packet_u32((u32)process->pid);
    connections_tell();
  } else {
    process->part = state->part;
    process->step = state->step;
    process->error = state->error ? state->error : ECANCELED;
  }
}

// Reads what a launch reports.
void process_report(struct process *process) {
  while (process->report >= 0) {
    u32 words[2] = {0};
    union { char bytes[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control;
    struct iovec part = {words, sizeof words};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    ssize_t got = recvmsg(process->report, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
      launch_end(process);
      return;
    }
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    int fd = -1;
    if (header && header->cmsg_type == SCM_RIGHTS) memcpy(&fd, CMSG_DATA(header), sizeof fd);
    if (words[0] == REPORT_SYNC) {
      pid_t pid = process->shared->pid ? process->shared->pid : process->stage;
      process->state = WAITING;
      process->sync = words[1];
      packet_begin(EVENT_SYNC, 0, process->number);
      packet_u32(process->sync);
      packet_u32((u32)pid);
      connections_tell();
    } else if (fd >= 0 && words[1] == SEND_TERMINAL) {
      streams_terminal(process, fd);
    } else if (fd >= 0) {
      close_fd(&process->listener);
      process->listener = fd;
    }
  }
}

// A launcher has ended: its process is not the one that it was itself, and waits for ADOPT.
static void launcher_end(struct process *process, int status) {
  process->reaped = false;
  process->state = LAUNCHED;
  process->pid = 0;
  process->status = status;
  packet_begin(EVENT_LAUNCHED, 0, process->number);
  packet_u32((u32)status);
  connections_tell();
}

static void orphan_end(pid_t pid, int status) {
  bool awaited = false;
  for (struct process *at = processes; at; at = at->next) awaited |= at->launcher && at->state != ENDED;
  if (!awaited) {
    orphan_count = 0;
    return;
  }
  u32 at = orphan_count++ % COUNT(orphans);
  orphans[at].pid = pid;
  orphans[at].status = status;
  orphans[at].end = now();
}

bool process_was_orphan(struct process *process, pid_t pid) {
  u32 i = 0, kept = orphan_count < COUNT(orphans) ? orphan_count : COUNT(orphans);
  while (i < kept && orphans[i].pid != pid) i++;
  if (i == kept) return false;
  process->status = orphans[i].status;
  process->end = orphans[i].end;
  return true;
}

// Whether the kernel has killed in a process's scope for want of memory. systemd removes a scope as soon as it is empty, so this is
// asked before anything else is done. Where it was faster the group around it tells, which counts what its other groups lose as well.
static int killed_for_memory(const struct process *process, int status) {
  i64 kills = memory_kills(process->events[0]);
  if (kills < 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) kills = memory_kills(process->events[1]) - process->kills;
  return kills > 0 ? STATUS_MEMORY : 0;
}

// A child has ended: a process, a stage, or an orphan.
static void reaped(pid_t pid, int status) {
  for (struct process *at = processes; at; at = at->next) {
    bool stage = at->stage == pid;
    if (!stage && at->pid != pid && !(at->shared && at->shared->pid == pid)) continue;
    if (at->state == ENDED || at->reaped) continue;
    if (stage) at->stage = 0;
    if (stage && at->shared && at->shared->pid) return;  // The stage has done its work.
    if (stage && !at->shared) return;
    at->reaped = true;
    at->status = stage || at->launcher ? status : status | killed_for_memory(at, status);
    at->end = now();
    process_report(at);
    if (at->report >= 0) launch_end(at);  // The stage has not let go of it yet.
    if (at->error) process_failed(at);
    else if (at->launcher) launcher_end(at, status);
    return;
  }
  orphan_end(pid, status);
}

void processes_reap(int signals) {
  struct signalfd_siginfo info;
  while (read(signals, &info, sizeof info) < 0 && errno == EINTR) {}
  int status;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) reaped(pid, status);
}

// Writes the exit record: as a whole, or the one of before stays.
static void record_exit(const struct process *process) {
  char temporary[32], name[32], text[64];
  snprintf(temporary, sizeof temporary, ".exit.%u", process->number);
  snprintf(name, sizeof name, "exit.%u", process->number);
  int length = snprintf(text, sizeof text, "%d %lld\n", process->status, (long long)process->end);
  int fd = openat(DIRECTORY, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) return;
  int error = write_all(fd, text, (size_t)length);
  close(fd);
  if (error || renameat(DIRECTORY, temporary, DIRECTORY, name) != 0) unlinkat(DIRECTORY, temporary, 0);
}

void process_finish(struct process *process) {
  record_exit(process);
  process->state = ENDED;
  process_release(process);
  packet_begin(EVENT_EXITED, 0, process->number);
  packet_u32((u32)process->status);
  packet_u64((u64)process->end);
  connections_tell();
}

// A relay's owner has to be told, since others may hold the writing end too.
void process_input_closed(struct process *process) {
  process->takes_input = false;
  packet_begin(EVENT_INPUT_CLOSED, 0, process->number);
  connections_tell();
}
