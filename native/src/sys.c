#include "sys.h"

#include <dirent.h>
#include <sys/syscall.h>
#include <time.h>

#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#define NEWTIME 0x80u
#define INTO_CGROUP 0x200000000ull
#define PARENT 0x8000u
#define PARENT_SETTID 0x100000u

#ifdef KAPAL_TEST
u32 sys_missing(void) {
  const char *missing = getenv("KAPAL_TEST_MISSING");
  return missing ? (u32)atoi(missing) : 0;
}
#endif

int sys_openat2(int directory, const char *path, u64 flags, u64 mode, u64 resolve) {
  if (sys_missing() & NO_OPENAT2) return -ENOSYS;
  struct open_how_ how = {.flags = flags, .mode = mode, .resolve = resolve};
  long fd = syscall(SYS_openat2, directory, path, &how, sizeof how);
  return fd < 0 ? -errno : (int)fd;
}

long sys_clone(u64 flags, int cgroup, volatile i32 *stored) {
  if (stored) flags |= PARENT_SETTID;
  long pid;
  if (cgroup < 0 && !(flags & NEWTIME)) {
    pid = syscall(SYS_clone, (unsigned long)flags | SIGCHLD, 0L, stored, 0L, 0L);
  } else {
    struct { u64 flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup; }
        how = {.flags = flags, .parent_tid = (uintptr_t)stored, .exit_signal = flags & PARENT ? 0 : SIGCHLD};
    if (cgroup >= 0) {
      how.flags |= INTO_CGROUP;
      how.cgroup = (u32)cgroup;
    }
    pid = syscall(SYS_clone3, &how, sizeof how);
  }
  return pid < 0 ? -errno : pid;
}

// Closes first..last; false where the kernel has no close_range(2) (before 5.9).
static bool close_span(unsigned first, unsigned last) {
  return first > last || (!(sys_missing() & NO_CLOSE_RANGE) && syscall(SYS_close_range, first, last, 0) == 0);
}

void close_others(int first, const int *keep, u32 count) {
  u32 i = 0;
  for (; i < count; i++) {
    if (keep[i] < first) continue;
    if (!close_span((unsigned)first, (unsigned)keep[i] - 1)) break;
    first = keep[i] + 1;
  }
  if (i == count && close_span((unsigned)first, ~0u)) return;
  DIR *directory = opendir("/proc/self/fd");
  if (!directory) {  // No /proc: the slow way.
    long limit = sysconf(_SC_OPEN_MAX);
    for (int fd = first; fd < limit; fd++) {
      if (i < count && fd == keep[i]) i++;
      else close(fd);
    }
    return;
  }
  for (struct dirent *entry; (entry = readdir(directory));) {
    int fd = atoi(entry->d_name);
    bool kept = fd < first || fd == dirfd(directory);
    for (u32 k = i; k < count && !kept; k++) kept = keep[k] == fd;
    if (!kept) close(fd);
  }
  closedir(directory);
}

int mount_of(int fd, int proc, u64 *mount) {
  struct { u32 mask, rest[35]; u64 mount, more[13]; } result = {0};  // struct statx: stx_mnt_id is at byte 144
  _Static_assert(offsetof(__typeof__(result), mount) == 144 && sizeof result == 256, "struct statx");
  const u32 want = 0x1000;  // STATX_MNT_ID, since 5.8
  if (!(sys_missing() & NO_STATX_MOUNT) && syscall(SYS_statx, fd, "", 0x1000 /* AT_EMPTY_PATH */, want, &result) == 0 &&
      result.mask & want && result.mount) {  // QEMU's user emulation passes the bit on, and no number.
    *mount = result.mount;
    return 0;
  }
  char text[512];
  snprintf(text, sizeof text, "self/fdinfo/%d", fd);
  int info = openat(proc, text, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (info < 0) return -errno;
  ssize_t got = read(info, text, sizeof text - 1);
  close(info);
  text[got > 0 ? got : 0] = 0;
  const char *line = strstr(text, "mnt_id:");
  if (!line) return -EXDEV;
  *mount = strtoull(line + 7, NULL, 10);
  return 0;
}

int write_all(int fd, const void *data, size_t size) {
  for (const char *at = data; size;) {
    ssize_t written = write(fd, at, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return -errno;
    at += written;
    size -= (size_t)written;
  }
  return 0;
}

int send_with(int socket, const void *data, size_t size, int fd, int flags) {
  union { char bytes[CMSG_SPACE(sizeof fd)]; struct cmsghdr align; } control = {0};
  struct iovec part = {(void *)(uintptr_t)data, size};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (fd >= 0) {
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof control.bytes;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
  }
  ssize_t sent;
  do sent = sendmsg(socket, &message, flags | MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent < 0 ? -errno : 0;
}

i64 now(void) {
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  return (i64)time.tv_sec * 1000000000 + time.tv_nsec;
}

void default_signals(void) {
  for (int number = 1; number <= 64; number++) {
    if (number != SIGKILL && number != SIGSTOP) signal(number, SIG_DFL);
  }
}
