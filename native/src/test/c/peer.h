// A daemon as the tests need it: starts a monitor and speaks its protocol.
#pragma once
#include "builder.h"
#include "t.h"

struct monitor {
  pid_t pid;
  int socket;
  u32 requests;
  char directory[256];
  int tool;            // descriptor of the tool's folder, unused by the monitor
};
struct packet { u32 size; u16 type, reserved; u32 request, process; u8 body[65536 - 16]; u32 body_size; int fd; };

// Types; see docs/monitor-protocol.md.
enum { M_HELLO = 1, M_LAUNCH, M_CONTINUE, M_ATTACH, M_DETACH, M_SIGNAL, M_RESIZE, M_CLOSE_INPUT, M_REOPEN_LOG, M_STATUS, M_NAMESPACES,
       M_FORGET, M_QUIT, M_TERMINAL, M_OK = 100, M_ERROR, M_SYNC = 200, M_RUNNING, M_FAILED, M_EXITED };

void monitor_start(struct monitor *monitor);
int monitor_connect(const struct monitor *monitor);
// Sends a request and gives its reply's value, or -errno; the reply itself is in *reply unless that is null. Events that come
// before it are kept for the next event.
i64 ask(struct monitor *monitor, u16 type, u32 process, const void *body, u32 size, const int *fds, u32 count, struct packet *reply);
i64 ask32(struct monitor *monitor, u16 type, u32 process, u32 value);
i64 ask0(struct monitor *monitor, u16 type, u32 process);
struct packet *event(struct monitor *monitor);
// Waits for an event of that type for that process, which must be the next one.
struct packet *expect(struct monitor *monitor, u16 type, u32 process);
u32 word(const struct packet *packet, u32 index);
struct log_options { u32 format, files; u64 limit; u32 flags; const char *path; };
i64 launch(struct monitor *monitor, u32 process, const struct builder *plan, const int *fds, u32 count, struct log_options log);
i64 attach(struct monitor *monitor, u32 process, u32 streams, int a, int b, int c);
struct entry { u32 number, pid, state, sync, status, part, step, error; i64 start, end; u64 lost, reserved; };
struct entry status_of(struct monitor *monitor, u32 process);
// Asks the monitor to go and waits until it has; leaves no sanitizer report behind.
void monitor_quit(struct monitor *monitor);
// Reads from a descriptor until its end or so many bytes.
const char *read_end(int fd);
void read_exactly(int fd, char *to, size_t size);
void check_sanitizers(void);
