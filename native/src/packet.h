// The monitor's protocol: docs/monitor-protocol.md.
#pragma once
#include "monitor.h"

enum { HELLO = 1, LAUNCH, CONTINUE, ATTACH, DETACH, SIGNAL, RESIZE, CLOSE_INPUT, REOPEN_LOG, STATUS, NAMESPACES, FORGET, QUIT,
       TERMINAL, ADOPT, RELAY, FINISH, OK = 100, FAILURE = 101, EVENT_SYNC = 200, EVENT_RUNNING, EVENT_FAILED, EVENT_EXITED,
       EVENT_LAUNCHED, EVENT_INPUT_CLOSED };
enum { FLAG_KEEP_INPUT = 1, FLAG_HOLD = 2, FLAG_LAUNCHER = 4, FLAGS = 7 };

struct header { u32 length; u16 type, reserved; u32 request, process; };

// The packet that is being written (packet.c).
void packet_begin(u16 type, u32 request, u32 process);
void packet_put(const void *value, u32 size);
void packet_u32(u32 value);
void packet_u64(u64 value);
void packet_value(u64 value);                 // writes the first number of the body anew
int packet_send(int connection, int fd);      // 0 or -errno; fd: goes with it, -1: none

// What is read of a request's body. bad: it had less than was asked for.
struct body { const u8 *at; u32 left; bool bad; };

u64 body_number(struct body *body, u32 size);
u32 body_u32(struct body *body);
char *body_string(struct body *body);         // a fresh allocation; null when there is none or it holds a NUL

// The descriptors that came with a request. What a request keeps it takes out; the rest is closed behind it.
struct fds { int fd[FDS_MAX]; u32 count; };

int fds_take(struct fds *fds, u32 index);

// What a request answers: an error, or a value and perhaps data already put behind it, and perhaps a descriptor.
struct answer { u64 value; int fd; };

// Carries out a request; 0 or -errno. What it answers is in the packet already begun, behind the value (request.c).
int request_do(u32 index, const struct header *header, struct body *body, struct fds *fds, struct answer *answer,
               struct process **made);
int namespaces_make(struct body *body);       // 0 or -errno (namespaces.c)

// Who talks to the monitor (connection.c).
void connections_begin(void);
void connections_poll(void);                  // puts them into the poll set
void connections_serve(void);                 // answers what has come
void connections_tell(void);                  // sends the packet to all who have said hello
void connection_accept(void);
void connection_greeted(u32 index);
