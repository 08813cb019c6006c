// Small things that every part needs: types, system calls that the C library may lack, whole reads and writes.
#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t i32;
typedef int64_t i64;

#define PROC_MAGIC 0x9fa0
#define COUNT(a) (sizeof(a) / sizeof *(a))

// Test builds may set this to a set of NO_ bits: those system calls then answer ENOSYS.
enum { NO_OPENAT2 = 1, NO_CLOSE_RANGE = 2, NO_STATX_MOUNT = 4 };
#ifdef KAPAL_TEST
u32 sys_missing(void);
#else
static inline u32 sys_missing(void) { return 0; }
#endif

struct open_how_ { u64 flags, mode, resolve; };
enum { RESOLVE_NO_XDEV_ = 1, RESOLVE_NO_MAGICLINKS_ = 2, RESOLVE_NO_SYMLINKS_ = 4, RESOLVE_IN_ROOT_ = 16 };

// openat2(2); a descriptor or -errno.
int sys_openat2(int directory, const char *path, u64 flags, u64 mode, u64 resolve);

// Clones like fork(2) with these CLONE_ flags; pid, 0 in the child, or -errno. cgroup: -1 or a cgroup v2 directory. The
// child's pid is also stored at stored, unless that is null, before the child runs.
long sys_clone(u64 flags, int cgroup, volatile i32 *stored);

// Closes every descriptor from first on, but not those in keep (ascending, count of them).
void close_others(int first, const int *keep, u32 count);

// The mount that a descriptor is on; 0 or -errno. proc: a directory of procfs that is tried where statx(2) cannot tell.
int mount_of(int fd, int proc, u64 *mount);

static inline void close_fd(int *fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

// Writes all of it; 0 or -errno.
int write_all(int fd, const void *data, size_t size);

// Sends bytes with at most one descriptor (-1: none), not blocking where flags say so; 0 or -errno.
int send_with(int socket, const void *data, size_t size, int fd, int flags);

// The time in nanoseconds since the epoch.
i64 now(void);

// Sets every signal's disposition to the default.
void default_signals(void);
