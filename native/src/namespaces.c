// The namespaces of a sandbox without a process in it.
#include "packet.h"

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/wait.h>

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

int namespaces_make(struct body *body) {
  u32 flags = body_u32(body), known = 0;
  char *paths[COUNT(namespaces)] = {0}, source[64], *uids = NULL, *gids = NULL;
  for (u32 i = 0; i < COUNT(namespaces); i++) {
    known |= namespaces[i].flag;
    if (flags & namespaces[i].flag) paths[i] = body_string(body);
  }
  if (flags & CLONE_NEWUSER) {
    uids = body_string(body);
    gids = body_string(body);
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
