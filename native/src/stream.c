// Moves bytes between processes and whoever is attached to them. Nothing here blocks: a process's own pipes and terminal are
// non-blocking on the monitor's side; what others handed in is opened anew where that is possible, since its flags are shared
// with their terminal, and else written in small pieces when poll(2) says so.
#include "monitor.h"

#include <limits.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>

enum { TERMINAL_REST = 1 << 18 };  // what is read of a terminal at most behind the end of its process

struct peer peer_of(int fd, bool reading) {
  struct peer peer = {.fd = fd, .kind = PEER_SHARED, .slot = -1};
  struct stat status;
  if (fd < 0 || fstat(fd, &status) != 0) return peer;
  if (S_ISSOCK(status.st_mode)) peer.kind = PEER_SOCKET;
  if (S_ISREG(status.st_mode)) peer.kind = PEER_NONBLOCKING;  // Regular files do not block, and a new descriptor has a new offset.
  if (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode)) {
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int own = open(path, (reading ? O_RDONLY : O_WRONLY) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (own >= 0) {
      close(fd);
      peer.fd = own;
      peer.kind = PEER_NONBLOCKING;
    }
  }
  return peer;
}

static void peer_drop(struct peer *peer) {
  close_fd(&peer->fd);
  peer->slot = -1;
}

static bool would_block(void) { return errno == EAGAIN || errno == EINTR; }

// Gives a sink what it takes of size bytes; false when it is to be dropped.
static bool peer_write(struct peer *peer, const char *data, u32 size) {
  while (peer->sent < size) {
    size_t rest = size - peer->sent;
    ssize_t written;
    if (peer->kind == PEER_SOCKET) {
      written = send(peer->fd, data + peer->sent, rest, MSG_DONTWAIT | MSG_NOSIGNAL);
    } else {
      struct pollfd ready = {.fd = peer->fd, .events = POLLOUT};
      if (peer->kind == PEER_SHARED && poll(&ready, 1, 0) != 1) return true;
      written = write(peer->fd, data + peer->sent, peer->kind == PEER_SHARED && rest > PIPE_BUF ? PIPE_BUF : rest);
    }
    if (written < 0) return would_block();
    peer->sent += (u32)written;
  }
  return true;
}

static struct peer *sink(struct attachment *attachment, int stream) { return &attachment->peer[1 + stream]; }

// Passes the source's pending bytes on; frees them when every sink has them.
static void source_deliver(struct process *process, int stream, const char *data, u32 size) {
  struct source *source = &process->out[stream];
  bool waiting = false;
  for (struct attachment *at = process->attachments; at; at = at->next) {
    struct peer *peer = sink(at, stream);
    if (peer->fd < 0) continue;
    if (!peer_write(peer, data, size)) peer_drop(peer);
    else waiting |= peer->sent < size;
  }
  if (waiting && !source->pending) {
    source->pending = malloc(size);
    if (source->pending) memcpy(source->pending, data, source->pending_size = size);
  }
  if (!waiting) {
    free(source->pending);
    source->pending = NULL;
  }
}

static void input_drop(struct process *process) {
  close_fd(&process->input);
  free(process->typed);
  process->typed = NULL;
}

static void source_end(struct process *process, int stream) {
  close_fd(&process->out[stream].fd);
  log_finish(&process->log, stream, now());
  if (process->terminal) input_drop(process);  // Nobody is left to read what is typed.
  for (struct attachment *at = process->attachments; at; at = at->next) peer_drop(sink(at, stream));
}

// Reads once; false when there is nothing now or no more.
static bool source_read(struct process *process, int stream) {
  static char chunk[CHUNK];
  struct source *source = &process->out[stream];
  size_t want = sizeof chunk;
  if (source->left >= 0 && source->left < (i64)want) want = (size_t)source->left;
  ssize_t got = want ? read(source->fd, chunk, want) : 0;
  if (got < 0 && would_block() && source->left < 0) return false;
  if (got <= 0) {  // EIO: every process has closed the terminal.
    source_end(process, stream);
    return false;
  }
  if (source->left >= 0) source->left -= got;
  log_write(&process->log, stream, chunk, (size_t)got, process->log.format ? now() : 0);
  for (struct attachment *at = process->attachments; at; at = at->next) sink(at, stream)->sent = 0;
  source_deliver(process, stream, chunk, (u32)got);
  return true;
}

void input_close(struct process *process) {
  process->close_input = true;
  if (process->typed || process->input < 0) return;
  if (process->terminal) {
    process->close_input = write(process->input, "\4", 1) < 0 && would_block();  // Ctrl-D, as at the keyboard.
  } else {
    input_drop(process);
  }
}

// Gives the process what was typed.
static void input_write(struct process *process) {
  ssize_t written = write(process->input, process->typed + process->typed_sent, process->typed_size - process->typed_sent);
  if (written < 0 && would_block()) return;
  if (written < 0) {
    input_drop(process);
    return;
  }
  process->typed_sent += (u32)written;
  if (process->typed_sent < process->typed_size) return;
  free(process->typed);
  process->typed = NULL;
  if (process->close_input) input_close(process);
}

// Takes input from somebody who is attached.
static void input_read(struct process *process, struct peer *peer) {
  char typed[INPUT_CHUNK];
  ssize_t got = peer->kind == PEER_SOCKET ? recv(peer->fd, typed, sizeof typed, MSG_DONTWAIT) : read(peer->fd, typed, sizeof typed);
  if (got < 0 && would_block()) return;
  if (got <= 0) {
    peer_drop(peer);
    if (!process->keep_input && !process->terminal) input_close(process);
    return;
  }
  process->typed = malloc((size_t)got);
  if (!process->typed) return;
  memcpy(process->typed, typed, (size_t)got);
  process->typed_size = (u32)got;
  process->typed_sent = 0;
  input_write(process);
}

void streams_poll(struct process *process) {
  for (int stream = 0; stream < 2; stream++) {
    struct source *source = &process->out[stream];
    bool reading = source->fd >= 0 && !source->pending && !process->hold && !process->reaped;
    source->slot = reading ? poll_add(source->fd, POLLIN) : -1;
    for (struct attachment *at = process->attachments; at; at = at->next) {
      struct peer *peer = sink(at, stream);
      bool waiting = peer->fd >= 0 && source->pending && peer->sent < source->pending_size;
      peer->slot = waiting ? poll_add(peer->fd, POLLOUT) : -1;
    }
  }
  bool writing = process->input >= 0 && process->typed, taking = process->input >= 0 && !process->typed;
  process->input_slot = writing ? poll_add(process->input, POLLOUT) : -1;
  for (struct attachment *at = process->attachments; at; at = at->next) {
    bool wanted = taking && !process->close_input && !process->reaped && at->peer[0].fd >= 0;
    at->peer[0].slot = wanted ? poll_add(at->peer[0].fd, POLLIN) : -1;
  }
}

void streams_pump(struct process *process) {
  for (int stream = 0; stream < 2; stream++) {
    struct source *source = &process->out[stream];
    bool ready = false;
    for (struct attachment *at = process->attachments; at; at = at->next) ready |= poll_result(sink(at, stream)->slot) != 0;
    if (source->pending) {
      if (ready) source_deliver(process, stream, source->pending, source->pending_size);
    } else if (poll_result(source->slot)) {
      source_read(process, stream);
    }
  }
  if (process->typed && poll_result(process->input_slot)) input_write(process);
  for (struct attachment *at = process->attachments; at && !process->typed && process->input >= 0; at = at->next) {
    if (poll_result(at->peer[0].slot)) input_read(process, &at->peer[0]);
  }
}

bool streams_drain(struct process *process) {
  if (process->hold) return false;
  bool done = true;
  for (int stream = 0; stream < 2; stream++) {
    struct source *source = &process->out[stream];
    if (source->fd >= 0 && source->left < 0) {
      // What others who hold the stream write from now on is not the process's: it must not keep the end from being told.
      int waiting = 0;
      source->left = process->terminal ? TERMINAL_REST : ioctl(source->fd, FIONREAD, &waiting) == 0 ? waiting : 0;
    }
    while (source->fd >= 0 && !source->pending && source_read(process, stream)) {}
    done &= source->fd < 0 && !source->pending;
  }
  return done;
}

void streams_terminal(struct process *process, int fd) {
  if (!process->terminal || process->master >= 0) {
    close(fd);
    return;
  }
  fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK);
  process->master = fd;
  process->input = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  process->out[0].fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  if (process->rows || process->columns) streams_resize(process);
}

void streams_resize(struct process *process) {
  struct winsize size = {.ws_row = process->rows, .ws_col = process->columns};
  ioctl(process->master, TIOCSWINSZ, &size);
}

void streams_detached(struct process *process) {
  for (int stream = 0; stream < 2; stream++) {
    struct source *source = &process->out[stream];
    if (source->pending) source_deliver(process, stream, source->pending, source->pending_size);
  }
}

void attachment_free(struct attachment *attachment) {
  for (int i = 0; i < 3; i++) close_fd(&attachment->peer[i].fd);
  free(attachment);
}
