// COPY_UP: copies what an image holds at a path into the tmpfs that is to cover it (the tmpcopyup mount option).
#include "plan.h"

#include <dirent.h>
#include <sys/stat.h>
#include <sys/xattr.h>

enum { DEPTH_MAX = 64 };  // each level holds two descriptors

static int copy_data(int from, int to) {
  static char buffer[65536];
  for (;;) {
    ssize_t got = read(from, buffer, sizeof buffer);
    if (got < 0) return -errno;
    if (got == 0) return 0;
    int error = write_all(to, buffer, (size_t)got);
    if (error) return error;
  }
}

static int copy_link(int from, int to, const char *name, const struct stat *status) {
  char text[4096];
  ssize_t length = readlinkat(from, name, text, sizeof text - 1);
  if (length < 0) return -errno;
  text[length] = 0;
  struct timespec times[] = {status->st_atim, status->st_mtim};
  if (symlinkat(text, to, name) != 0 || fchownat(to, name, status->st_uid, status->st_gid, AT_SYMLINK_NOFOLLOW) != 0 ||
      utimensat(to, name, times, AT_SYMLINK_NOFOLLOW) != 0)
    return -errno;
  return 0;
}

// What an image says of its files beyond their mode, as far as the tmpfs takes it: user.* it does from Linux 6.6 on.
static int copy_xattrs(int from, int to) {
  static char names[65536], value[65536];
  ssize_t length = flistxattr(from, names, sizeof names);
  if (length < 0) return errno == EOPNOTSUPP ? 0 : -errno;
  for (const char *name = names; name < names + length; name += strlen(name) + 1) {
    bool kept = !strcmp(name, "security.capability") || !strncmp(name, "user.", 5) || !strncmp(name, "system.posix_acl_", 17);
    ssize_t size = kept ? fgetxattr(from, name, value, sizeof value) : 0;
    if (size < 0 || (kept && fsetxattr(to, name, value, (size_t)size, 0) != 0 && errno != EOPNOTSUPP && errno != EPERM))
      return -errno;
  }
  return 0;
}

// The owner comes first: setting it takes set-user-ID bits and capabilities away.
static int copy_status(int from, int to, const struct stat *status) {
  struct timespec times[] = {status->st_atim, status->st_mtim};
  if (fchown(to, status->st_uid, status->st_gid) != 0 || fchmod(to, status->st_mode & 07777) != 0) return -errno;
  int error = copy_xattrs(from, to);
  if (!error && futimens(to, times) != 0) error = -errno;
  return error;
}

static int copy_tree(int from, int to, dev_t device, int depth);

static int copy_entry(int from, int to, const char *name, dev_t device, int depth) {
  struct stat status;
  if (fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return -errno;
  if (S_ISLNK(status.st_mode)) return copy_link(from, to, name, &status);
  bool directory = S_ISDIR(status.st_mode);
  if (!directory && !S_ISREG(status.st_mode)) return 0;
  if (directory && mkdirat(to, name, 0700) != 0 && errno != EEXIST) return -errno;
  int flags = O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | (directory ? O_DIRECTORY : 0);
  int source = openat(from, name, O_RDONLY | flags);
  int target = source < 0 ? -1 : openat(to, name, directory ? O_RDONLY | flags : O_WRONLY | O_CREAT | O_EXCL | flags, 0600);
  int error = target < 0 ? -errno : 0;
  if (!error && !directory) error = copy_data(source, target);
  // Another file system's directory stays an empty one.
  if (!error && directory && status.st_dev == device) error = copy_tree(source, target, device, depth + 1);
  if (!error) error = copy_status(source, target, &status);
  close_fd(&source);
  close_fd(&target);
  return error;
}

static int copy_tree(int from, int to, dev_t device, int depth) {
  if (depth > DEPTH_MAX) return -ELOOP;
  int own = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *entries = own < 0 ? NULL : fdopendir(own);
  if (!entries) return -errno;
  int error = 0;
  for (struct dirent *entry; !error && (errno = 0, entry = readdir(entries));) {
    if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..")) error = copy_entry(from, to, entry->d_name, device, depth);
  }
  if (!error) error = -errno;
  closedir(entries);
  return error;
}

int copy_up(int from, int to) {
  struct stat status;
  if (fstat(from, &status) != 0) return -errno;
  int error = copy_tree(from, to, status.st_dev, 0);
  if (error) return error;
  // An O_PATH descriptor cannot be asked for attributes.
  int own = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  error = own < 0 ? -errno : copy_status(own, to, &status);
  close_fd(&own);
  return error;
}
