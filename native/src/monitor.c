// The monitor: parent of all processes of one sandbox. A loop around poll(2); requests and events on SOCK_SEQPACKET.
#include "monitor.h"
#include "names.h"

#include <limits.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <net/if.h>

enum { LISTENER = 3, DIRECTORY = 4, REQUESTS_AT_ONCE = 64 };
enum { HELLO = 1, LAUNCH, CONTINUE, ATTACH, DETACH, SIGNAL, RESIZE, CLOSE_INPUT, REOPEN_LOG, STATUS, NAMESPACES, FORGET, QUIT,
       TERMINAL, ADOPT, RELAY, FINISH, OK = 100, FAILURE = 101, EVENT_SYNC = 200, EVENT_RUNNING, EVENT_FAILED, EVENT_EXITED,
       EVENT_LAUNCHED, EVENT_INPUT_CLOSED };
enum { FLAG_KEEP_INPUT = 1, FLAG_HOLD = 2, FLAG_LAUNCHER = 4, FLAGS = 7 };

struct header { u32 length; u16 type, reserved; u32 request, process; };

static struct { int fd, slot; bool hello; } connections[CONNECTIONS_MAX];
static struct process *processes;
static u32 process_count, attachment_count;
// Orphans that ended while a launcher's process was not yet named: a short-lived one may end before its ADOPT comes.
static struct { pid_t pid; int status; i64 end; } orphans[64];
static u32 orphan_count;
static bool quitting, released;  // released: output is no longer held back, so there is something to do without any event

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

// A packet that is being written. Replies and events are made in turn, so there is one.
static struct { u8 bytes[PACKET_MAX]; u32 size; } out;

static void put(const void *value, u32 size) {
  memcpy(out.bytes + out.size, value, size);
  out.size += size;
}
static void put32(u32 value) { put(&value, 4); }
static void put64(u64 value) { put(&value, 8); }

static void begin(u16 type, u32 request, u32 process) {
  struct header header = {.type = type, .request = request, .process = process};
  out.size = 0;
  put(&header, sizeof header);
}

static void connection_close(u32 index) {
  close_fd(&connections[index].fd);
  for (struct process *at = processes; at; at = at->next) {
    if (at->hold && at->holder == (int)index) released = !(at->hold = false);
  }
}

// A peer that does not read its packets is let go; it can come back and ask for the status.
static void send_packet(u32 index, int fd) {
  memcpy(out.bytes, &out.size, 4);
  if (send_with(connections[index].fd, out.bytes, out.size, fd, MSG_DONTWAIT) != 0) connection_close(index);
}

static void send_event(void) {
  for (u32 i = 0; i < CONNECTIONS_MAX; i++) {
    if (connections[i].fd >= 0 && connections[i].hello) send_packet(i, -1);
  }
}

static struct process *find(u32 number) {
  struct process *at = processes;
  while (at && at->number != number) at = at->next;
  return at;
}

// What is read of a request's body. bad: it had less than was asked for.
struct body { const u8 *at; u32 left; bool bad; };

static const u8 *take(struct body *body, u32 size) {
  if (size > body->left) {
    body->bad = true;
    body->left = 0;
    return NULL;
  }
  body->at += size;
  body->left -= size;
  return body->at - size;
}
static u64 take_number(struct body *body, u32 size) {
  u64 value = 0;
  const u8 *from = take(body, size);
  if (from) memcpy(&value, from, size);
  return value;
}
static u32 take32(struct body *body) { return (u32)take_number(body, 4); }

// A string as a fresh allocation; null when there is none or it holds a NUL.
static char *take_string(struct body *body) {
  u32 size = take32(body);
  const u8 *from = take(body, size);
  if (!from || memchr(from, 0, size)) {
    body->bad = true;
    return NULL;
  }
  return strndup((const char *)from, size);
}

// The descriptors that came with a request. What a request keeps it takes out; the rest is closed behind it.
struct fds { int fd[FDS_MAX]; u32 count; };

static int take_fd(struct fds *fds, u32 index) {
  int fd = fds->fd[index];
  fds->fd[index] = -1;
  return fd;
}

static struct process *process_new(u32 number) {
  struct process *process = calloc(1, sizeof *process);
  if (!process) return NULL;
  *process = (struct process){.number = number, .state = LAUNCHING, .report = -1, .report_slot = -1, .input = -1, .input_slot = -1,
                              .master = -1, .listener = -1, .events = {-1, -1}, .log.fd = -1};
  for (int i = 0; i < 2; i++) process->out[i] = (struct source){.fd = -1, .slot = -1, .left = -1};
  return process;
}

// Lets go of all that only a live process needs.
static void process_release(struct process *process) {
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
static int plan_load(struct process *process, int fd, const struct plan **plan, size_t *size) {
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

static void launch_failed(struct process *process) {
  process->state = ENDED;
  if (!process->end) process->end = now();
  process_release(process);
  begin(EVENT_FAILED, 0, process->number);
  put32(process->part);
  put32(process->step);
  put32(process->error);
  send_event();
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
static int start(struct process *process, struct launch *launch) {
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

// What a request answers: an error, or a value and perhaps data already put behind it, and perhaps a descriptor.
struct answer { u64 value; int fd; };

// Takes the streams of a process that somebody else runs: pipes or FIFOs, of which nothing is known but their ends here.
static void relay_start(struct process *process, struct fds *fds, u32 streams) {
  process->relay = true;
  process->terminal = streams & STDIO_TERMINAL;
  process->state = RUNNING;
  for (u32 i = 0, next = 0; i < 3; i++) {
    if (!(streams & 1u << i)) continue;
    int fd = take_fd(fds, next++);
    int flags = fcntl(fd, F_GETFL);
    if (flags >= 0) fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    *(i == 0 ? &process->input : &process->out[i - 1].fd) = fd;
  }
  process->takes_input = process->input >= 0 && !process->terminal;
}

// LAUNCH, and RELAY, which has streams in the place of a plan.
static int do_launch(struct body *body, struct fds *fds, u32 number, u32 index, bool relay, struct process **made) {
  u32 format = take32(body), files = take32(body);
  u64 limit = take_number(body, 8);
  u32 flags = take32(body);
  char *path = take_string(body);
  u32 streams = relay ? take32(body) : 0;
  bool fits = relay ? streams <= 15 && (u32)__builtin_popcount(streams & 7) == fds->count && !(flags & FLAG_LAUNCHER) : fds->count >= 1;
  struct process *process = NULL;
  int error = body->bad || body->left || !fits || format > LOG_CRI || flags > FLAGS ? -EINVAL
              : find(number)                                                    ? -EEXIST
              : process_count >= PROCESSES_MAX                                   ? -EMFILE
                                                                                 : 0;
  if (!error && !(process = process_new(number))) error = -ENOMEM;
  if (error) {
    free(path);
    return error;
  }
  process->log = (struct log){.fd = -1, .format = format, .files = files, .limit = limit, .path = path};
  process->keep_input = flags & FLAG_KEEP_INPUT;
  process->hold = flags & FLAG_HOLD;
  process->launcher = flags & FLAG_LAUNCHER;
  process->holder = (int)index;
  const struct plan *plan = NULL;
  size_t size = 0;
  error = relay ? 0 : plan_load(process, fds->fd[0], &plan, &size);
  if (!error && format != LOG_NONE) error = log_open(&process->log);
  if (error) {
    process_release(process);
    free(process);
    return error;
  }
  process->start = now();
  process->next = processes;
  processes = process;
  process_count++;
  if (relay) {
    relay_start(process, fds, streams);
    return 0;
  }
  *made = process;
  struct launch launch = {.plan = plan, .state = process->shared, .report = -1, .stdio = {-1, -1, -1}};
  enum rule rule = plan_check(plan, size, fds->count - 1);
  memcpy(launch.slots, fds->fd + 1, (fds->count - 1) * sizeof(int));
  error = rule ? -EINVAL : start(process, &launch);
  if (error) {
    process->part = rule ? PART_CHECK : PART_CLONE;
    process->step = rule;
    process->error = (u32)-error;
  }
  return 0;
}

static int do_attach(struct process *process, struct body *body, struct fds *fds, u64 *value) {
  u32 streams = take32(body);
  if (body->bad || body->left || streams < 1 || streams > 7 || (u32)__builtin_popcount(streams) != fds->count) return -EINVAL;
  // One that has ended but whose output is held back may still be attached to.
  if (process->state == ENDED || (process->reaped && !process->hold)) return -ESRCH;
  struct attachment *attachment = calloc(1, sizeof *attachment);
  if (!attachment) return -ENOMEM;
  bool starting = process->terminal && (process->shared || process->launcher);
  for (u32 i = 0, next = 0; i < 3; i++) {
    attachment->peer[i] = (struct peer){.fd = -1, .slot = -1};
    if (!(streams & 1u << i)) continue;
    int fd = take_fd(fds, next++);
    // A stream that has ended, or that the process does not have, tells so at once.
    bool gone = i == 0 ? process->input < 0 && !starting : process->out[i - 1].fd < 0 && !(starting && i == 1);
    if (gone) close(fd);
    else attachment->peer[i] = peer_of(fd, i == 0);
    // What is being delivered was printed before.
    if (i > 0) attachment->peer[i].sent = process->out[i - 1].pending_size;
  }
  attachment->number = ++attachment_count;
  struct attachment **last = &process->attachments;
  while (*last) last = &(*last)->next;
  *last = attachment;
  process->hold = false;
  *value = attachment->number;
  return 0;
}

static int do_detach(struct process *process, u32 number) {
  for (struct attachment **at = &process->attachments; *at; at = &(*at)->next) {
    if ((*at)->number != number) continue;
    struct attachment *gone = *at;
    *at = gone->next;
    attachment_free(gone);
    streams_detached(process);
    return 0;
  }
  return -ENOENT;
}

static int do_signal(struct process *process, u32 number) {
  pid_t pid = process->pid ? process->pid : process->shared && process->shared->pid ? process->shared->pid : process->stage;
  if (process->state == ENDED || process->reaped || pid <= 0) return -ESRCH;
  if (number > 64) return -EINVAL;
  return kill(pid, (int)number) != 0 ? -errno : 0;
}

// Makes a launcher's process the one of this number; 0: there is none, it ends as the launcher did.
static int do_adopt(struct process *process, struct body *body, struct fds *fds) {
  u32 pid = take32(body);
  if (body->bad || body->left || pid > INT32_MAX || fds->count != (process->terminal && pid)) return -EINVAL;
  if (process->state != LAUNCHED) return process->launcher ? -EBUSY : -EINVAL;
  for (struct process *at = processes; at && pid; at = at->next) {
    if (at->pid == (pid_t)pid && at->state != ENDED) return -EEXIST;
  }
  siginfo_t info;
  if (pid && waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0) {
    u32 i = 0, kept = orphan_count < COUNT(orphans) ? orphan_count : COUNT(orphans);
    while (i < kept && orphans[i].pid != (pid_t)pid) i++;
    if (i == kept) return -ECHILD;
    process->status = orphans[i].status;
    process->end = orphans[i].end;
    process->reaped = true;
  }
  if (!pid) process->reaped = true;
  if (fds->count) streams_terminal(process, take_fd(fds, 0));
  process->pid = (pid_t)pid;
  process->state = RUNNING;
  process->launcher = process->hold = false;
  released = true;
  return 0;
}

// A relay's process has ended, with the status and at the time that its owner knows. Its streams are read to their ends, or,
// when it is to be told now, as far as there is something in them.
static int do_finish(struct process *process, struct body *body) {
  int status = (int)take32(body);
  i64 end = (i64)take_number(body, 8);
  u32 at_once = take32(body);
  if (body->bad || body->left || at_once > 1 || !process->relay) return -EINVAL;
  if (process->state == ENDED) return -ESRCH;
  if (!process->finishing) {
    process->finishing = true;
    process->status = status;
    process->end = end;
  }
  process->reaped |= at_once;
  released = true;
  return 0;
}

static int do_continue(struct process *process, u32 number) {
  if (process->state != WAITING || process->sync != number) return -EINVAL;
  process->state = LAUNCHING;
  return send_with(process->report, "", 1, -1, MSG_DONTWAIT);
}

static int do_forget(struct process *process) {
  if (process->state != ENDED) return -EBUSY;
  char name[32];
  snprintf(name, sizeof name, "exit.%u", process->number);
  if (unlinkat(DIRECTORY, name, 0) != 0 && errno != ENOENT) return -errno;
  struct process **at = &processes;
  while (*at != process) at = &(*at)->next;
  *at = process->next;
  process_count--;
  free(process);
  return 0;
}

static void put_status(void) {
  put32(process_count);
  for (struct process *at = processes; at; at = at->next) {
    pid_t pid = at->pid ? at->pid : at->shared ? at->shared->pid : 0;
    u32 state = at->launcher && at->state == RUNNING ? LAUNCHING : at->state;
    u32 words[] = {at->number, (u32)pid, state, at->sync, (u32)at->status, at->part, at->step, at->error};
    put(words, sizeof words);
    put64((u64)at->start);
    put64((u64)at->end);
    put64(at->log.lost);
    put64(at->relay && at->input < 0);
  }
}

static const struct { u32 flag; const char *name; } namespaces[] = {
    {0x80, "time_for_children"}, {CLONE_NEWNS, "mnt"}, {CLONE_NEWCGROUP, "cgroup"},
    {CLONE_NEWUTS, "uts"},       {CLONE_NEWIPC, "ipc"}, {CLONE_NEWUSER, "user"},
    {CLONE_NEWNET, "net"}};

// In a child: makes the namespaces and keeps them until the monitor has bound them. The kernel makes a user namespace before
// the others, which are its own then.
_Noreturn static void namespaces_hold(int channel, u32 flags) {
  int error = unshare((int)flags) != 0 ? errno : 0;
  if (!error && flags & CLONE_NEWNET) {
    struct ifreq loopback = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    int socket_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket_ < 0 || ioctl(socket_, SIOCSIFFLAGS, &loopback) != 0) error = errno;
  }
  send(channel, &error, sizeof error, MSG_NOSIGNAL);
  char byte;
  if (!error) recv(channel, &byte, 1, 0);
  _exit(0);
}

// A map is taken in one write, or not at all.
static int map_write(long pid, const char *which, const char *map) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%ld/%s", pid, which);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  int error = fd < 0 || write(fd, map, strlen(map)) < 0 ? -errno : 0;
  close_fd(&fd);
  return error;
}

static int do_namespaces(struct body *body) {
  u32 flags = take32(body), known = 0;
  char *paths[COUNT(namespaces)] = {0}, source[64], *uids = NULL, *gids = NULL;
  for (u32 i = 0; i < COUNT(namespaces); i++) {
    known |= namespaces[i].flag;
    if (flags & namespaces[i].flag) paths[i] = take_string(body);
  }
  if (flags & CLONE_NEWUSER) {
    uids = take_string(body);
    gids = take_string(body);
  }
  int ends[2] = {-1, -1}, error = body->bad || body->left || !flags || flags & ~known ? -EINVAL : 0;
  if (!error && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) error = -errno;
  long pid = error ? -1 : sys_clone(0, -1, NULL);
  if (pid == 0) {
    close(ends[0]);
    namespaces_hold(ends[1], flags);
  }
  close_fd(&ends[1]);
  if (!error && pid < 0) error = (int)pid;
  int held = ECHILD;
  if (!error && recv(ends[0], &held, sizeof held, 0) <= 0) held = ECHILD;
  if (!error) error = -held;
  if (!error && uids) error = map_write(pid, "uid_map", uids);
  if (!error && gids) error = map_write(pid, "gid_map", gids);
  free(uids);
  free(gids);
  u32 bound = 0;
  for (u32 i = 0; i < COUNT(namespaces) && !error; i++) {
    if (!paths[i]) continue;
    snprintf(source, sizeof source, "/proc/%ld/ns/%s", pid, namespaces[i].name);
    if (mount(source, paths[i], NULL, MS_BIND, NULL) != 0) error = -errno;
    else bound |= 1u << i;
  }
  close_fd(&ends[0]);
  if (pid > 0) waitpid((pid_t)pid, NULL, 0);
  for (u32 i = 0; i < COUNT(namespaces); i++) {
    if (error && bound & 1u << i) umount2(paths[i], MNT_DETACH | UMOUNT_NOFOLLOW);
    free(paths[i]);
  }
  return error;
}

static int do_quit(void) {
  for (struct process *at = processes; at; at = at->next) {
    if (at->state != ENDED) return -EBUSY;
  }
  quitting = true;
  return 0;
}

// Carries out a request; 0 or -errno. What it answers is in the packet already begun, behind the value.
static int request(u32 index, const struct header *header, struct body *body, struct fds *fds, struct answer *answer,
                   struct process **made) {
  struct process *process = find(header->process);
  if (fds->count && header->type != LAUNCH && header->type != ATTACH && header->type != ADOPT && header->type != RELAY)
    return -EINVAL;
  if (!process && ((header->type >= CONTINUE && header->type <= REOPEN_LOG) || header->type == FORGET || header->type == TERMINAL ||
                   header->type == ADOPT || header->type == FINISH))
    return -ENOENT;
  u32 number = 0;
  switch (header->type) {
    case LAUNCH: case RELAY: return do_launch(body, fds, header->process, index, header->type == RELAY, made);
    case FINISH: return do_finish(process, body);
    case ATTACH: return do_attach(process, body, fds, &answer->value);
    case ADOPT: return do_adopt(process, body, fds);
    case NAMESPACES: return do_namespaces(body);
    case HELLO: case CONTINUE: case DETACH: case SIGNAL: case RESIZE: number = take32(body); break;
    default: break;
  }
  if (body->bad || body->left) return -EINVAL;
  switch (header->type) {
    case HELLO:
      if (number != 1) return -EPROTONOSUPPORT;
      connections[index].hello = true;
      answer->value = (u64)getpid();
      return 0;
    case CONTINUE: return do_continue(process, number);
    case DETACH: return do_detach(process, number);
    case SIGNAL: return do_signal(process, number);
    case RESIZE:
      if (!process->terminal) return -ENOTTY;
      process->rows = (u16)number;
      process->columns = (u16)(number >> 16);
      if (process->master >= 0) streams_resize(process);
      return 0;
    case CLOSE_INPUT: input_close(process); return 0;
    case REOPEN_LOG: {
      if (process->log.format == LOG_NONE || process->state == ENDED) return 0;
      int old = process->log.fd, error = log_open(&process->log);
      if (error) process->log.fd = old;
      else close_fd(&old);
      return error;
    }
    case STATUS: put_status(); return 0;
    case FORGET: return do_forget(process);
    case QUIT: return do_quit();
    case TERMINAL:
      answer->fd = process->master >= 0 ? process->master : process->listener;
      return answer->fd < 0 ? -ENOTTY : 0;
    default: return -ENOSYS;
  }
}

// Takes the descriptors out of a message; false when it was cut short.
static bool take_fds(struct msghdr *message, struct fds *fds) {
  for (struct cmsghdr *at = CMSG_FIRSTHDR(message); at; at = CMSG_NXTHDR(message, at)) {
    if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SCM_RIGHTS) continue;
    fds->count = (u32)((at->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    memcpy(fds->fd, CMSG_DATA(at), fds->count * sizeof(int));
  }
  return !(message->msg_flags & (MSG_TRUNC | MSG_CTRUNC));
}

// Reads and answers one request; false when there was none.
static bool serve_one(u32 index) {
  static u8 bytes[PACKET_MAX];
  static union { char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))]; struct cmsghdr align; } control;
  struct iovec part = {bytes, sizeof bytes};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
  ssize_t got = recvmsg(connections[index].fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  struct header header = {0};
  struct fds fds = {.count = 0};
  if (got <= 0) {
    connection_close(index);
    return false;
  }
  bool whole = take_fds(&message, &fds) && got >= (ssize_t)sizeof header;
  if (got >= (ssize_t)sizeof header) memcpy(&header, bytes, sizeof header);
  struct answer answer = {.fd = -1};
  struct process *made = NULL;
  int error = -EMSGSIZE;
  begin(OK, header.request, header.process);
  put64(0);
  if (whole && header.length == (size_t)got && header.reserved == 0) {
    struct body body = {bytes + sizeof header, (u32)got - (u32)sizeof header, false};
    error = request(index, &header, &body, &fds, &answer, &made);
  }
  for (u32 i = 0; i < fds.count; i++) close_fd(&fds.fd[i]);
  if (made) answer.value = (u64)made->pid;
  if (error) {
    begin(FAILURE, header.request, header.process);
    put32((u32)-error);
  } else {
    memcpy(out.bytes + sizeof header, &answer.value, 8);
  }
  send_packet(index, answer.fd);
  if (made && made->error) launch_failed(made);
  return connections[index].fd >= 0;
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
    begin(EVENT_RUNNING, 0, process->number);
    put32((u32)process->pid);
    send_event();
  } else {
    process->part = state->part;
    process->step = state->step;
    process->error = state->error ? state->error : ECANCELED;
  }
}

// Reads what a launch reports.
static void report_read(struct process *process) {
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
      begin(EVENT_SYNC, 0, process->number);
      put32(process->sync);
      put32((u32)pid);
      send_event();
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
  begin(EVENT_LAUNCHED, 0, process->number);
  put32((u32)status);
  send_event();
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
    report_read(at);
    if (at->report >= 0) launch_end(at);  // The stage has not let go of it yet.
    if (at->error) launch_failed(at);
    else if (at->launcher) launcher_end(at, status);
    return;
  }
  orphan_end(pid, status);
}

static void reap(int signals) {
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

static void finish(struct process *process) {
  record_exit(process);
  process->state = ENDED;
  process_release(process);
  begin(EVENT_EXITED, 0, process->number);
  put32((u32)process->status);
  put64((u64)process->end);
  send_event();
}

// A relay's owner has to be told, since others may hold the writing end too.
static void input_closed(struct process *process) {
  process->takes_input = false;
  begin(EVENT_INPUT_CLOSED, 0, process->number);
  send_event();
}

// Only the monitor's own user may talk to it.
static void accept_connection(void) {
  int fd = accept4(LISTENER, NULL, NULL, SOCK_CLOEXEC);
  if (fd < 0) return;
  struct ucred peer = {.uid = (uid_t)-1};
  socklen_t size = sizeof peer;
  u32 i = 0;
  while (i < CONNECTIONS_MAX && connections[i].fd >= 0) i++;
  if (i == CONNECTIONS_MAX || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.uid != geteuid()) {
    close(fd);
    return;
  }
  connections[i].fd = fd;
  connections[i].slot = -1;
  connections[i].hello = false;
}

static void loop(int signals) {
  while (!quitting) {
    poll_count = 0;
    int signal_slot = poll_add(signals, POLLIN), listener_slot = poll_add(LISTENER, POLLIN);
    for (u32 i = 0; i < CONNECTIONS_MAX; i++) {
      connections[i].slot = connections[i].fd >= 0 ? poll_add(connections[i].fd, POLLIN) : -1;
    }
    for (struct process *at = processes; at; at = at->next) {
      at->report_slot = at->report >= 0 ? poll_add(at->report, POLLIN) : -1;
      streams_poll(at);
    }
    int ready = poll(poll_set, poll_count, released ? 0 : -1);
    released = false;
    if (ready < 0) continue;
    if (poll_result(signal_slot)) reap(signals);
    for (struct process *at = processes; at; at = at->next) {
      if (poll_result(at->report_slot)) report_read(at);
      if (at->state != ENDED) streams_pump(at);
    }
    for (u32 i = 0; i < CONNECTIONS_MAX; i++) {
      if (!poll_result(connections[i].slot) || connections[i].fd < 0) continue;
      for (u32 k = 0; k < REQUESTS_AT_ONCE && serve_one(i); k++) {}
    }
    if (poll_result(listener_slot)) accept_connection();
    // Behind the requests, since these may have let output go that an ended process was waiting for.
    for (struct process *at = processes; at; at = at->next) {
      if (at->takes_input && at->input < 0) input_closed(at);
      if (at->finishing && at->out[0].fd < 0 && at->out[1].fd < 0) at->reaped = true;
      if (at->reaped && at->state != ENDED && streams_drain(at)) finish(at);
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
  for (u32 i = 0; i < CONNECTIONS_MAX; i++) connections[i].fd = -1;
  loop(signals);
  return 0;
}
