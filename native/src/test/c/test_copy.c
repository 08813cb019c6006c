// COPY_UP: what an image holds at a path comes into the tmpfs over it as it was.
#include "../../plan.h"
#include "t.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>

// cap_net_raw=ep of the version 2 form (capabilities(7)).
static const unsigned char capability[20] = {1, 0, 0, 2, 0, 0x20};

static int opened(const char *path, int flags) {
  int fd = open(path, flags | O_DIRECTORY | O_CLOEXEC);
  CHECK(fd >= 0);
  return fd;
}

static const char *attribute(const char *path, const char *name) {
  static char value[64];
  ssize_t size = getxattr(path, name, value, sizeof value - 1);
  if (size < 0) return strerrorname_np(errno);
  value[size] = 0;
  return value;
}

TEST(copy_up, keeps_modes_owners_times_and_attributes) {
  need_root();
  mkdir(path_in("from"), 0755);
  mkdir(path_in("to"), 0755);
  mkdir(path_in("from/d"), 0751);
  write_file(path_in("from/d/ping"), "program");
  symlink("ping", path_in("from/d/link"));
  CHECK(chown(path_in("from/d/ping"), 7, 8) == 0);
  CHECK(chmod(path_in("from/d/ping"), 04755) == 0);
  if (setxattr(path_in("from/d/ping"), "security.capability", capability, sizeof capability, 0) != 0)
    test_skip("needs CAP_SETFCAP and a file system with security.* attributes");
  bool user = setxattr(path_in("from/d/ping"), "user.origin", "image", 5, 0) == 0 &&
              setxattr(path_in("from"), "user.of", "directory", 9, 0) == 0;
  struct timespec times[] = {{1000, 5}, {2000, 7}};
  CHECK(utimensat(AT_FDCWD, path_in("from/d/ping"), times, 0) == 0);
  if (mount("tmpfs", path_in("to"), "tmpfs", 0, "size=1m") != 0) test_skip("needs to mount a tmpfs");
  bool taken = user && setxattr(path_in("to"), "user.probe", "x", 1, 0) == 0;

  int from = opened(path_in("from"), O_PATH), to = opened(path_in("to"), O_RDONLY);
  EQ(copy_up(from, to), 0);

  STR(content(path_in("to/d/ping")), "program");
  struct stat status;
  CHECK(stat(path_in("to/d/ping"), &status) == 0);
  EQ(status.st_mode & 07777, 04755);
  EQ(status.st_uid, 7);
  EQ(status.st_gid, 8);
  EQ(status.st_mtim.tv_sec, 2000);
  EQ(status.st_mtim.tv_nsec, 7);
  char value[sizeof capability + 4];
  EQ(getxattr(path_in("to/d/ping"), "security.capability", value, sizeof value), sizeof capability);
  CHECK(!memcmp(value, capability, sizeof capability));
  if (taken) {
    STR(attribute(path_in("to/d/ping"), "user.origin"), "image");
    STR(attribute(path_in("to"), "user.of"), "directory");
  }
  CHECK(stat(path_in("to/d"), &status) == 0);
  EQ(status.st_mode & 07777, 0751);
  close(from);
  close(to);
}
