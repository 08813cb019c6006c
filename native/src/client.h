// What the thin client and the drop-in share: how to reach the daemon and to hand over a command. docs/client-protocol.md.
#pragma once
#include "sys.h"

#include <limits.h>
#include <sys/ioctl.h>

enum { TROUBLE = 125, COMMAND = 1, SIGNAL = 2, RESIZE = 3, OCI = 4, EXIT = 16, RAW = 17, MESSAGE_MAX = 4 << 20, COMMAND_FDS = 4 };

// A connection to the socket at a path, or -errno.
int connect_to(const char *path);
// Where kapald is: KAPAL_HOME/bin, else beside this program.
bool find_daemon(char *path, size_t size);
bool send_all(int fd, const void *data, size_t size);
// Sends the words (without the first), the working directory, the environment and descriptors; 0 or -errno.
int send_command(int fd, u32 type, int count, char **words, const int *fds, u32 fd_count);
// The size of the terminal among the standard descriptors; zeros where there is none.
struct winsize window(void);
// Raw as cfmakeraw(3) has it: every key goes to the container.
void set_raw(bool on, bool lines);  // lines: what is written gets its carriage returns here
void restore_terminal(void);
