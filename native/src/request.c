// What the monitor is asked to do.
#include "packet.h"

#include <sys/wait.h>

static u32 attachment_count;

// Takes the streams of a process that somebody else runs: pipes or FIFOs, of which nothing is known but their ends here.
static void relay_start(struct process *process, struct fds *fds, u32 streams) {
  process->relay = true;
  process->terminal = streams & STDIO_TERMINAL;
  process->state = RUNNING;
  for (u32 i = 0, next = 0; i < 3; i++) {
    if (!(streams & 1u << i)) continue;
    int fd = fds_take(fds, next++);
    int flags = fcntl(fd, F_GETFL);
    if (flags >= 0) fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    *(i == 0 ? &process->input : &process->out[i - 1].fd) = fd;
  }
  process->takes_input = process->input >= 0 && !process->terminal;
}

// LAUNCH, and RELAY, which has streams in the place of a plan.
static int do_launch(struct body *body, struct fds *fds, u32 number, u32 index, bool relay, struct process **made) {
  u32 format = body_u32(body), files = body_u32(body);
  u64 limit = body_number(body, 8);
  u32 flags = body_u32(body);
  char *path = body_string(body);
  u32 streams = relay ? body_u32(body) : 0;
  bool fits = relay ? streams <= 15 && (u32)__builtin_popcount(streams & 7) == fds->count && !(flags & FLAG_LAUNCHER) : fds->count >= 1;
  struct process *process = NULL;
  int error = body->bad || body->left || !fits || format > LOG_CRI || flags > FLAGS ? -EINVAL
              : process_find(number)                                                    ? -EEXIST
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
  error = relay ? 0 : process_plan(process, fds->fd[0], &plan, &size);
  if (!error && format != LOG_NONE) error = log_open(&process->log);
  if (error) {
    process_release(process);
    free(process);
    return error;
  }
  process->start = now();
  process_add(process);
  if (relay) {
    relay_start(process, fds, streams);
    return 0;
  }
  *made = process;
  struct launch launch = {.plan = plan, .state = process->shared, .report = -1, .stdio = {-1, -1, -1}};
  enum rule rule = plan_check(plan, size, fds->count - 1);
  memcpy(launch.slots, fds->fd + 1, (fds->count - 1) * sizeof(int));
  error = rule ? -EINVAL : process_start(process, &launch);
  if (error) {
    process->part = rule ? PART_CHECK : PART_CLONE;
    process->step = rule;
    process->error = (u32)-error;
  }
  return 0;
}

static int do_attach(struct process *process, struct body *body, struct fds *fds, u64 *value) {
  u32 streams = body_u32(body);
  if (body->bad || body->left || streams < 1 || streams > 7 || (u32)__builtin_popcount(streams) != fds->count) return -EINVAL;
  // One that has ended but whose output is held back may still be attached to.
  if (process->state == ENDED || (process->reaped && !process->hold)) return -ESRCH;
  struct attachment *attachment = calloc(1, sizeof *attachment);
  if (!attachment) return -ENOMEM;
  bool starting = process->terminal && (process->shared || process->launcher);
  for (u32 i = 0, next = 0; i < 3; i++) {
    attachment->peer[i] = (struct peer){.fd = -1, .slot = -1};
    if (!(streams & 1u << i)) continue;
    int fd = fds_take(fds, next++);
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
  u32 pid = body_u32(body);
  if (body->bad || body->left || pid > INT32_MAX || fds->count != (process->terminal && pid)) return -EINVAL;
  if (process->state != LAUNCHED) return process->launcher ? -EBUSY : -EINVAL;
  for (struct process *at = processes; at && pid; at = at->next) {
    if (at->pid == (pid_t)pid && at->state != ENDED) return -EEXIST;
  }
  siginfo_t info;
  if (pid && waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0) {
    if (!process_was_orphan(process, (pid_t)pid)) return -ECHILD;
    process->reaped = true;
  }
  if (!pid) process->reaped = true;
  if (fds->count) streams_terminal(process, fds_take(fds, 0));
  process->pid = (pid_t)pid;
  process->state = RUNNING;
  process->launcher = process->hold = false;
  released = true;
  return 0;
}

// A relay's process has ended, with the status and at the time that its owner knows. Its streams are read to their ends, or,
// when it is to be told now, as far as there is something in them.
static int do_finish(struct process *process, struct body *body) {
  int status = (int)body_u32(body);
  i64 end = (i64)body_number(body, 8);
  u32 at_once = body_u32(body);
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
  process_remove(process);
  return 0;
}

static void put_status(void) {
  packet_u32(process_count);
  for (struct process *at = processes; at; at = at->next) {
    pid_t pid = at->pid ? at->pid : at->shared ? at->shared->pid : 0;
    u32 state = at->launcher && at->state == RUNNING ? LAUNCHING : at->state;
    u32 words[] = {at->number, (u32)pid, state, at->sync, (u32)at->status, at->part, at->step, at->error};
    packet_put(words, sizeof words);
    packet_u64((u64)at->start);
    packet_u64((u64)at->end);
    packet_u64(at->log.lost);
    packet_u64(at->relay && at->input < 0);
  }
}

static int do_quit(void) {
  for (struct process *at = processes; at; at = at->next) {
    if (at->state != ENDED) return -EBUSY;
  }
  quitting = true;
  return 0;
}

// Carries out a request; 0 or -errno. What it answers is in the packet already begun, behind the value.
int request_do(u32 index, const struct header *header, struct body *body, struct fds *fds, struct answer *answer,
                   struct process **made) {
  struct process *process = process_find(header->process);
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
    case NAMESPACES: return namespaces_make(body);
    case HELLO: case CONTINUE: case DETACH: case SIGNAL: case RESIZE: number = body_u32(body); break;
    default: break;
  }
  if (body->bad || body->left) return -EINVAL;
  switch (header->type) {
    case HELLO:
      if (number != 1) return -EPROTONOSUPPORT;
      connection_greeted(index);
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
