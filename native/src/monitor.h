// The monitor's state. One thread owns all of it. The protocol: docs/monitor-protocol.md.
#pragma once
#include "plan.h"

#include <poll.h>

enum { CHUNK = 16384, LINE = 16384, INPUT_CHUNK = 4096, PROCESSES_MAX = 1000, CONNECTIONS_MAX = 16, PACKET_MAX = 65536,
       FDS_MAX = 250 };
enum { LOG_NONE, LOG_JSON, LOG_CRI };
enum { STATUS_MEMORY = 1 << 16 };  // added to a wait status: the kernel killed for want of memory
enum { LAUNCHING = 1, WAITING, RUNNING, ENDED, LAUNCHED };

// One log file of a process, with the unfinished line of each of its two streams.
struct log {
  int fd;                   // -1: none, or it could not be opened
  u32 format, files;
  u64 limit, size, lost;    // bytes: rotation, the file now, records that could not be written
  char *path;
  struct { char *data; u32 size; } line[2];
};

// 0 or -errno.
int log_open(struct log *log);
// Logs what came on a stream (0: stdout, 1: stderr) at a time.
void log_write(struct log *log, int stream, const char *data, size_t size, i64 time);
// Logs the unfinished line of a stream, which has ended.
void log_finish(struct log *log, int stream, i64 time);
void log_close(struct log *log);

// A descriptor that somebody else handed in; how to read or write it without ever blocking and without changing its flags.
struct peer {
  int fd;                   // -1: none, or dropped
  enum { PEER_NONBLOCKING, PEER_SOCKET, PEER_SHARED } kind;
  int slot;                 // in the poll set, -1: not there
  u32 sent;                 // a sink: how much of the source's pending bytes it has taken
};

struct attachment {
  struct attachment *next;
  u32 number;
  struct peer peer[3];      // input, output, error
};

// A stream that the process prints to.
struct source {
  int fd, slot;
  u32 pending_size;
  char *pending;            // read, logged, but not yet taken by every sink; null: none
  i64 left;                 // the process has ended: how much may still be read; -1: it has not
};

struct process {
  struct process *next;
  u32 number, state, sync;
  pid_t pid, stage;         // 0: none (yet)
  int status;
  u32 part, step, error;
  i64 start, end;
  bool reaped, keep_input, terminal, close_input, hold;
  bool launcher;            // the program makes the process that ADOPT will name; false once it has
  bool relay, finishing;    // somebody else's process, of which only the streams are here; FINISH has told its end
  bool takes_input;         // a relay whose end of input has not been told yet
  int holder;               // the connection for which output is held
  struct launch_state *shared;  // null when the launch is over
  size_t shared_size;
  int report, report_slot, input, input_slot, master, listener;
  int events[2];            // memory.events of its control group, a scope of systemd's, and of the one around it; -1: it is none
  i64 kills;                // what the latter counted at the launch
  u16 rows, columns;
  char *typed;              // input that the process has not taken; null: none
  u32 typed_size, typed_sent;
  struct source out[2];
  struct log log;
  struct attachment *attachments;
};

// Streams (stream.c).
struct peer peer_of(int fd, bool reading);
void streams_poll(struct process *process);              // puts what it waits for into the poll set
void streams_pump(struct process *process);              // moves what can be moved
bool streams_drain(struct process *process);             // the process has ended: true when all is delivered
void streams_terminal(struct process *process, int fd);  // takes the terminal's master
void streams_resize(struct process *process);
void input_close(struct process *process);               // once what was typed has been taken
void streams_detached(struct process *process);           // goes on where only who has left was waited for
void attachment_free(struct attachment *attachment);

// The processes (process.c).
extern struct process *processes;
extern u32 process_count;
struct process *process_find(u32 number);
struct process *process_new(u32 number);                 // not in the list; null: there is no memory
void process_add(struct process *process);
void process_remove(struct process *process);            // and frees it
void process_release(struct process *process);           // lets go of all that only a live one needs
int process_plan(struct process *process, int fd, const struct plan **plan, size_t *size);
int process_start(struct process *process, struct launch *launch);
void process_failed(struct process *process);
void process_report(struct process *process);            // reads what its launch reports
bool process_was_orphan(struct process *process, pid_t pid);  // takes over how an orphan ended that nobody had named
void process_input_closed(struct process *process);
void process_finish(struct process *process);
void processes_reap(int signals);

// The loop (monitor.c).
enum { LISTENER = 3, DIRECTORY = 4, REQUESTS_AT_ONCE = 64 };
extern bool quitting, released;  // released: output is no longer held back, so there is something to do without any event
int poll_add(int fd, short events);
short poll_result(int slot);
