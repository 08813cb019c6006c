// OPEN_IN: opens a path as if a directory were "/", whatever the tree below it holds. openat2(2) does it where the kernel has
// it; else, and where directories are to be made, a walk by descriptor, one component at a time, that expands links itself.
#include "plan.h"

#include <limits.h>
#include <sys/stat.h>
#include <sys/vfs.h>

enum { LINKS_MAX = 40, RETRIES = 128 };

struct walk {
  int root, at;             // at: the directory reached
  u32 how, links;
  u64 mount;                // of the root, with HOW_NO_XDEV
  char done[PATH_MAX];      // the path of `at` below root, without links: "a/b"
  char rest[PATH_MAX];      // what is still to be walked
};

// Follows `at` to the one component name; a descriptor or -errno. Never through a link.
static int step_into(struct walk *walk, const char *name) {
  int fd = openat(walk->at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return -errno;
  if (walk->how & HOW_NO_XDEV) {
    u64 mount;
    if (mount_of(fd, walk->root, &mount) != 0 || mount != walk->mount) {
      close(fd);
      return -EXDEV;
    }
  }
  return fd;
}

// Goes on from fd, a descriptor or -errno.
static int go(struct walk *walk, int fd) {
  close_fd(&walk->at);
  walk->at = fd;
  return fd < 0 ? fd : 0;
}

static int go_to_root(struct walk *walk) {
  int fd = openat(walk->root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
  return go(walk, fd < 0 ? -errno : fd);
}

// Goes up by walking the known path anew, so that a directory that somebody moved meanwhile cannot lead outside.
static int go_up(struct walk *walk) {
  char *last = strrchr(walk->done, '/');
  *(last ? last : walk->done) = 0;
  int error = go_to_root(walk);
  for (char *at = walk->done; !error && *at;) {
    char *end = strchrnul(at, '/'), name[NAME_MAX + 1];
    memcpy(name, at, (size_t)(end - at));
    name[end - at] = 0;
    int fd = step_into(walk, name);
    if (fd < 0) return fd;
    error = go(walk, fd);
    at = *end ? end + 1 : end;
  }
  return error;
}

// Puts a link's text before the rest of the path.
static int expand(struct walk *walk, int link) {
  char text[PATH_MAX];
  if (walk->how & HOW_NO_SYMLINKS || ++walk->links > LINKS_MAX) return -ELOOP;
  ssize_t length = readlinkat(link, "", text, sizeof text - 1);
  if (length < 0) return -errno;
  text[length] = 0;
  struct statfs fs;
  if (fstatfs(link, &fs) != 0) return -errno;
  // procfs: only /proc/self and the like are links as others are; the rest are magic and lead anywhere.
  if (fs.f_type == PROC_MAGIC && strncmp(text, "self/", 5) != 0 && (text[0] < '0' || text[0] > '9')) return -ELOOP;
  size_t rest = strlen(walk->rest);
  if ((size_t)length + rest >= sizeof walk->rest) return -ENAMETOOLONG;
  memmove(walk->rest + length, walk->rest, rest + 1);
  memcpy(walk->rest, text, (size_t)length);
  if (text[0] != '/') return 0;
  walk->done[0] = 0;
  return go_to_root(walk);
}

// Opens the last component, which the walk has looked at as `seen` (-1: it is missing).
static int open_last(struct walk *walk, const char *name, int seen, u32 flags, u32 mode) {
  int fd = openat(walk->at, name, (int)flags | O_NOFOLLOW | O_CLOEXEC, mode);
  int error = -errno;
  struct stat opened, was;
  if (fd < 0) return error;
  // What was looked at is what must be opened: a swap in between is an error, not a way round the checks.
  if (seen >= 0 && (fstat(fd, &opened) != 0 || fstat(seen, &was) != 0 || opened.st_ino != was.st_ino ||
                    opened.st_dev != was.st_dev)) {
    close(fd);
    return -EAGAIN;
  }
  return fd;
}

// One component of the rest; 1: go on, 0 or more in *result when it was the last.
static int component(struct walk *walk, u32 flags, u32 mode, int *result) {
  char name[NAME_MAX + 1];
  char *start = walk->rest + strspn(walk->rest, "/");
  size_t length = strcspn(start, "/");
  if (length > NAME_MAX) return -ENAMETOOLONG;
  memcpy(name, start, length);
  name[length] = 0;
  char *next = start + length;
  bool slash = *next == '/', last = next[strspn(next, "/")] == 0;
  memmove(walk->rest, next, strlen(next) + 1);
  if (length == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
    int error = name[0] && name[1] ? go_up(walk) : 0;
    if (error || !last) return error ? error : 1;
    if (walk->how & HOW_FILE) return -EISDIR;
    *result = openat(walk->at, ".", (int)flags | O_CLOEXEC, mode);
    return *result < 0 ? -errno : 0;
  }
  int fd = step_into(walk, name);
  if (fd == -ENOENT && walk->how & (HOW_DIRECTORY | HOW_FILE)) {
    if (last && slash && walk->how & HOW_FILE) return -EISDIR;
    if (last && walk->how & HOW_FILE) {
      int file = openat(walk->at, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0644);
      if (file >= 0) close(file);
      else if (errno != EEXIST) return -errno;
    } else if (mkdirat(walk->at, name, 0755) != 0 && errno != EEXIST) {
      return -errno;
    }
    fd = step_into(walk, name);
  }
  if (fd == -ENOENT && last && flags & O_CREAT) {
    *result = open_last(walk, name, -1, flags, mode);
    return *result < 0 ? *result : 0;
  }
  if (fd < 0) return fd;
  struct stat status;
  if (fstat(fd, &status) != 0) {
    close(fd);
    return -EIO;
  }
  if (S_ISLNK(status.st_mode) && !(last && !slash && flags & O_NOFOLLOW)) {
    int error = expand(walk, fd);
    close(fd);
    return error ? error : 1;
  }
  if (last) {
    if (slash && walk->how & HOW_FILE) {
      close(fd);
      return -EISDIR;
    }
    if (slash) flags |= O_DIRECTORY;
    *result = open_last(walk, name, fd, flags, mode);
    close(fd);
    return *result < 0 ? *result : 0;
  }
  if (!S_ISDIR(status.st_mode)) {
    close(fd);
    return -ENOTDIR;
  }
  size_t done = strlen(walk->done);
  if (done + length + 2 > sizeof walk->done) {
    close(fd);
    return -ENAMETOOLONG;
  }
  snprintf(walk->done + done, sizeof walk->done - done, "%s%s", done ? "/" : "", name);
  go(walk, fd);
  return 1;
}

static int walk_in(int root, const char *path, u32 flags, u32 mode, u32 how) {
  struct walk walk = {.root = root, .at = -1, .how = how};
  if (strlen(path) >= sizeof walk.rest) return -ENAMETOOLONG;
  strcpy(walk.rest, path);
  if (how & HOW_NO_XDEV) {
    int error = mount_of(root, root, &walk.mount);
    if (error) return -EXDEV;
  }
  int result = -1, more = go_to_root(&walk);
  if (more < 0) return more;
  do more = component(&walk, flags, mode, &result);
  while (more == 1);
  close_fd(&walk.at);
  return more < 0 ? more : result;
}

int open_in(int root, const char *path, u32 flags, u32 mode, u32 how) {
  if (!*path) return -ENOENT;
  if (!(flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)))) mode = 0;
  u64 resolve = RESOLVE_IN_ROOT_ | RESOLVE_NO_MAGICLINKS_ | (how & HOW_NO_SYMLINKS ? RESOLVE_NO_SYMLINKS_ : 0) |
                (how & HOW_NO_XDEV ? RESOLVE_NO_XDEV_ : 0);
  int fd = -EAGAIN;
  // EAGAIN: something on the machine was renamed or mounted while the kernel looked at "..".
  for (int i = 0; i < RETRIES && fd == -EAGAIN; i++) fd = sys_openat2(root, path, flags | O_CLOEXEC, mode, resolve);
  bool make = fd == -ENOENT && how & (HOW_DIRECTORY | HOW_FILE);
  if (!make && fd != -ENOSYS && fd != -EPERM && fd != -EAGAIN) return fd;
  return walk_in(root, path, flags, mode, how);
}
