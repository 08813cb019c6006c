// OPEN_IN inside hostile trees, by openat2 and by the walk; the two must agree.
#include "../../plan.h"
#include "t.h"

#include <pthread.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

enum { WALK, KERNEL };
static int root;

static bool kernel_has_openat2(void) {
  setenv("KAPAL_TEST_MISSING", "0", 1);
  int fd = sys_openat2(AT_FDCWD, "/", O_PATH, 0, 0);
  if (fd >= 0) close(fd);
  return fd != -ENOSYS && fd != -EPERM;
}

static void use(int how) { setenv("KAPAL_TEST_MISSING", how == WALK ? "3" : "0", 1); }

// A tree with a secret outside of it and every kind of link in it.
static void tree(void) {
  write_file(path_in("secret"), "secret");
  mkdir(path_in("root"), 0755);
  mkdir(path_in("root/a"), 0755);
  mkdir(path_in("root/a/b"), 0755);
  write_file(path_in("root/a/b/file"), "inside");
  write_file(path_in("root/secret"), "inside");
  symlink("../../../../secret", path_in("root/a/up"));
  symlink("/secret", path_in("root/a/absolute"));
  symlink("loop2", path_in("root/loop1"));
  symlink("loop1", path_in("root/loop2"));
  symlink("b/file", path_in("root/a/relative"));
  symlink("/a/b/", path_in("root/dir"));
  symlink("/new/deep", path_in("root/dangling"));
  symlink("a/b/file/", path_in("root/slashed"));
  symlink("..", path_in("root/a/b/parent"));
  root = open(path_in("root"), O_PATH | O_DIRECTORY | O_CLOEXEC);
  CHECK(root >= 0);
}

static const char *read_in(const char *path, u32 how) {
  static char text[64];
  int fd = open_in(root, path, O_RDONLY, 0, how);
  if (fd < 0) return strcpy(text, strerrorname_np(-fd));
  CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
  ssize_t got = read(fd, text, sizeof text - 1);
  close(fd);
  if (got < 0) return strcpy(text, strerrorname_np(errno));
  text[got] = 0;
  return text;
}

static void both(void (*test)(void)) {
  tree();
  use(WALK);
  test();
  if (!kernel_has_openat2()) return;
  use(KERNEL);
  test();
}

static void links(void) {
  STR(read_in("a/b/file", 0), "inside");
  STR(read_in("/a/b/file", 0), "inside");
  STR(read_in("../../../secret", 0), "inside");
  STR(read_in("a/../../secret", 0), "inside");
  STR(read_in("a/b/../../../../../secret", 0), "inside");
  STR(read_in("a/up", 0), "inside");
  STR(read_in("a/absolute", 0), "inside");
  STR(read_in("a/relative", 0), "inside");
  STR(read_in("dir/file", 0), "inside");
  STR(read_in("dir/../b/./file", 0), "inside");
  STR(read_in("a/b/parent/b/parent/relative", 0), "inside");
  STR(read_in("a//b///file", 0), "inside");
  STR(read_in("loop1", 0), "ELOOP");
  STR(read_in("loop1/x", 0), "ELOOP");
  STR(read_in("a/missing", 0), "ENOENT");
  STR(read_in("a/b/file/x", 0), "ENOTDIR");
  STR(read_in("a/b/file/", 0), "ENOTDIR");
  STR(read_in("a/b/file/..", 0), "ENOTDIR");
  STR(read_in("slashed", 0), "ENOTDIR");
  STR(read_in("dangling", 0), "ENOENT");
  STR(read_in("", 0), "ENOENT");
  STR(read_in("/", 0), "EISDIR");
  STR(read_in("..", 0), "EISDIR");
  STR(read_in("a/relative", HOW_NO_SYMLINKS), "ELOOP");
  STR(read_in("dir/file", HOW_NO_SYMLINKS), "ELOOP");
  STR(read_in("a/b/file", HOW_NO_SYMLINKS), "inside");
}
TEST(open_in, links_stay_inside) { both(links); }

static void flags(void) {
  struct stat status;
  int fd = open_in(root, "a/absolute", O_PATH | O_NOFOLLOW, 0, 0);
  CHECK(fd >= 0 && fstat(fd, &status) == 0 && S_ISLNK(status.st_mode));
  close(fd);
  fd = open_in(root, "a/absolute", O_PATH, 0, 0);
  CHECK(fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode));
  close(fd);
  EQ(open_in(root, "a/absolute", O_RDONLY | O_NOFOLLOW, 0, 0), -ELOOP);
  EQ(open_in(root, "a/b/file", O_RDONLY | O_DIRECTORY, 0, 0), -ENOTDIR);
  EQ(open_in(root, "a/b/file", O_RDWR | O_CREAT | O_EXCL, 0600, 0), -EEXIST);
  fd = open_in(root, "a/created", O_RDWR | O_CREAT | O_EXCL, 0640, 0);
  CHECK(fd >= 0 && fstat(fd, &status) == 0);
  EQ(status.st_mode & 0777, 0640 & ~022);
  close(fd);
  unlink(path_in("root/a/created"));
  char longer[5000];
  memset(longer, 'x', sizeof longer);
  longer[4999] = 0;
  EQ(open_in(root, longer, O_RDONLY, 0, 0), -ENAMETOOLONG);
  longer[300] = 0;
  EQ(open_in(root, longer, O_RDONLY, 0, 0), -ENAMETOOLONG);
}
TEST(open_in, flags) {
  umask(022);
  both(flags);
}

static void makes(void) {
  struct stat status;
  int fd = open_in(root, "dir/x/../y/z", O_PATH | O_DIRECTORY, 0, HOW_DIRECTORY);
  CHECK(fd >= 0);
  close(fd);
  CHECK(stat(path_in("root/a/b/y/z"), &status) == 0 && S_ISDIR(status.st_mode));
  EQ(status.st_mode & 0777, 0755);
  CHECK(stat(path_in("root/a/b/x"), &status) == 0);
  rmdir(path_in("root/a/b/y/z"));
  rmdir(path_in("root/a/b/y"));
  rmdir(path_in("root/a/b/x"));
  // A dangling link is made whole where it points to inside the root.
  fd = open_in(root, "dangling/file", O_RDONLY, 0, HOW_FILE);
  CHECK(fd >= 0 && fstat(fd, &status) == 0);
  EQ(status.st_mode, S_IFREG | 0644);
  EQ(status.st_size, 0);
  close(fd);
  CHECK(stat(path_in("root/new/deep/file"), &status) == 0);
  unlink(path_in("root/new/deep/file"));
  rmdir(path_in("root/new/deep"));
  rmdir(path_in("root/new"));
  // Never outside: `..` above the root is the root.
  fd = open_in(root, "../../outside/d", O_PATH, 0, HOW_DIRECTORY);
  CHECK(fd >= 0);
  close(fd);
  CHECK(stat(path_in("outside"), &status) != 0 && stat("/outside", &status) != 0);
  CHECK(stat(path_in("root/outside/d"), &status) == 0);
  rmdir(path_in("root/outside/d"));
  rmdir(path_in("root/outside"));
  // What is there stays as it is.
  fd = open_in(root, "a/b/file", O_RDONLY, 0, HOW_FILE);
  CHECK(fd >= 0 && fstat(fd, &status) == 0);
  EQ(status.st_size, 6);
  close(fd);
  EQ(open_in(root, "missing/", O_RDONLY, 0, HOW_FILE), -EISDIR);
  EQ(open_in(root, "dangling/x", O_PATH, 0, HOW_DIRECTORY | HOW_NO_SYMLINKS), -ELOOP);
  CHECK(stat(path_in("root/new"), &status) != 0);
  EQ(open_in(root, "a/b/file/x", O_PATH, 0, HOW_DIRECTORY), -ENOTDIR);
  EQ(open_in(root, "loop1/x", O_PATH, 0, HOW_DIRECTORY), -ELOOP);
}
TEST(open_in, makes_directories_only_inside) {
  umask(022);
  both(makes);
}

static void magic(void) {
  char path[64];
  int outside = open(path_in("secret"), O_RDONLY | O_CLOEXEC);
  snprintf(path, sizeof path, "%d/fd/%d", getpid(), outside);
  STR(read_in(path, 0), "ELOOP");
  snprintf(path, sizeof path, "self/fd/%d", outside);
  STR(read_in(path, 0), "ELOOP");
  STR(read_in("self/root/etc/passwd", 0), "ELOOP");
  STR(read_in("self/cwd/x", 0), "ELOOP");
  STR(read_in("self/exe", 0), "ELOOP");
  STR(read_in("self/ns/mnt", 0), "ELOOP");
  EQ(open_in(root, "self/root/made", O_PATH, 0, HOW_DIRECTORY), -ELOOP);
  // The links that are links stay.
  CHECK(strlen(read_in("self/comm", 0)) > 1);
  CHECK(strlen(read_in("thread-self/comm", 0)) > 1);
  CHECK(strlen(read_in("mounts", 0)) > 5);
  close(outside);
}
TEST(open_in, magic_links_are_refused) {
  tree();
  close(root);
  root = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
  use(WALK);
  magic();
  if (!kernel_has_openat2()) test_skip("needs openat2 (Linux 5.6) for its second half");
  use(KERNEL);
  magic();
}

static void mounts(void) {
  STR(read_in("mounted/inner", HOW_NO_XDEV), "EXDEV");
  STR(read_in("mounted/inner", 0), "on it");
  STR(read_in("bound/file", HOW_NO_XDEV), "EXDEV");   // the same file system, but another mount
  STR(read_in("mounted/../a/b/file", HOW_NO_XDEV), "EXDEV");
  STR(read_in("a/b/file", HOW_NO_XDEV), "inside");
}
TEST(open_in, stays_on_the_mount) {
  need_root();
  tree();
  u64 id;
  if (mount_of(root, -1, &id) != 0) test_skip("needs a statx that tells mounts (Linux 5.8, no user emulation)");
  mkdir(path_in("root/mounted"), 0755);
  mkdir(path_in("root/bound"), 0755);
  CHECK(mount("tmpfs", path_in("root/mounted"), "tmpfs", 0, "size=64k") == 0);
  write_file(path_in("root/mounted/inner"), "on it");
  CHECK(mount(path_in("root/a/b"), path_in("root/bound"), "none", MS_BIND, "") == 0);
  use(WALK);
  mounts();
  setenv("KAPAL_TEST_MISSING", "7", 1);  // Nor does statx tell the mount: 4.19's way, by procfs. Not there: refused.
  STR(read_in("a/b/file", HOW_NO_XDEV), "EXDEV");
  int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC), tree_root = root;
  root = proc;
  CHECK(strlen(read_in("self/comm", HOW_NO_XDEV)) > 1);
  CHECK(mount(path_in("secret"), "/proc/version", "none", MS_BIND, "") == 0);
  STR(read_in("version", HOW_NO_XDEV), "EXDEV");
  root = tree_root;
  if (!kernel_has_openat2()) return;
  use(KERNEL);
  mounts();
}

// Somebody swaps a directory and a link that leads out, as fast as possible, while paths through it are opened and made.
static volatile bool swapping;
static void *swap(void *unused) {
  (void)unused;
  char a[256], c[256];
  strcpy(a, path_in("root/a/b"));
  strcpy(c, path_in("root/a/evil"));
  while (swapping) renameat2(AT_FDCWD, a, AT_FDCWD, c, RENAME_EXCHANGE);
  return NULL;
}

static void swapped(void) {
  struct stat status;
  swapping = true;
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, swap, NULL) == 0);
  u32 opened = 0, refused = 0;
  for (u32 i = 0; i < times(20000); i++) {
    int fd = open_in(root, "a/b/file", O_RDONLY, 0, i % 2 ? HOW_FILE : 0);
    if (fd < 0) {
      refused++;
      continue;
    }
    char text[8] = {0};
    CHECK(read(fd, text, 7) >= 0);
    CHECK(strcmp(text, "secret") != 0);
    opened++;
    close(fd);
  }
  swapping = false;
  pthread_join(thread, NULL);
  CHECK(opened + refused == times(20000) && opened > 0);
  CHECK(stat(path_in("outside/file"), &status) == 0 && status.st_size == 6);
  CHECK(stat(path_in("outside/made"), &status) != 0);
}
TEST(open_in, symlink_swap_never_leads_out) {
  if (getenv("KAPAL_TEST_SHORT")) test_skip("a race needs threads that run side by side, and valgrind runs one at a time");
  tree();
  mkdir(path_in("outside"), 0755);
  write_file(path_in("outside/file"), "secret");
  symlink(path_in("outside"), path_in("root/a/evil"));
  use(WALK);
  swapped();
  if (!kernel_has_openat2()) return;
  use(KERNEL);
  swapped();
}

// Random paths in a random tree: the walk must say what openat2 says.
TEST(open_in, walk_agrees_with_the_kernel) {
  if (!kernel_has_openat2()) test_skip("needs openat2 (Linux 5.6)");
  tree();
  static const char *const names[] = {"a", "b", "..", ".", "", "file", "dir", "up", "absolute", "loop1", "parent", "relative",
                                      "dangling", "secret", "slashed", "new"};
  u64 seed = 42;
  for (u32 i = 0; i < times(20000); i++) {
    char path[256] = "";
    u32 parts = 1 + (u32)(seed >> 33) % 6;
    for (u32 k = 0; k < parts; k++) {
      seed = seed * 6364136223846793005ull + 1442695040888963407ull;
      if (k || seed >> 60 == 0) strcat(path, "/");
      strcat(path, names[(seed >> 33) % COUNT(names)]);
    }
    static const u32 flag_sets[] = {O_RDONLY, O_PATH, O_PATH | O_NOFOLLOW, O_RDONLY | O_DIRECTORY, O_RDONLY | O_NOFOLLOW};
    u32 open_flags = flag_sets[i % COUNT(flag_sets)], how = i % 7 == 0 ? HOW_NO_SYMLINKS : 0;
    use(KERNEL);
    int kernel = open_in(root, path, open_flags, 0, how);
    use(WALK);
    int walk = open_in(root, path, open_flags, 0, how);
    struct stat one = {0}, other = {0};
    if (kernel >= 0) fstat(kernel, &one);
    if (walk >= 0) fstat(walk, &other);
    if ((kernel < 0 ? kernel : 0) != (walk < 0 ? walk : 0) || one.st_ino != other.st_ino)
      test_fail(__FILE__, __LINE__, "\"%s\" flags %o how %u: kernel %d (inode %lu), walk %d (inode %lu)", path, open_flags, how,
                kernel, one.st_ino, walk, other.st_ino);
    close_fd(&kernel);
    close_fd(&walk);
  }
}

TEST(open_in, leaves_no_descriptor) {
  tree();
  use(WALK);
  int before = open_descriptors(getpid());
  static const char *const paths[] = {"a/b/file", "loop1", "a/up", "x/y", "a/b/file/x", "dangling", "..", "a/b/.."};
  for (u32 i = 0; i < COUNT(paths); i++) {
    int fd = open_in(root, paths[i], O_RDONLY, 0, 0);
    if (fd >= 0) close(fd);
  }
  EQ(open_descriptors(getpid()), before);
}

TEST(copy_up, copies_a_tree) {
  need_root();
  tree();
  umask(022);
  mkdir(path_in("to"), 0700);
  chmod(path_in("root/a/b/file"), 04751);
  CHECK(chown(path_in("root/a/b/file"), 12, 34) == 0 && chmod(path_in("root/a/b/file"), 04751) == 0);
  CHECK(lchown(path_in("root/a/up"), 5, 6) == 0);
  CHECK(mkfifo(path_in("root/fifo"), 0600) == 0);
  struct timespec stamps[] = {{1000, 5}, {2000, 7}};
  utimensat(AT_FDCWD, path_in("root/a/b/file"), stamps, 0);
  utimensat(AT_FDCWD, path_in("root/a/b"), stamps, 0);
  chmod(path_in("root"), 01777);
  mkdir(path_in("root/mounted"), 0711);
  CHECK(mount("tmpfs", path_in("root/mounted"), "tmpfs", 0, "size=64k,mode=0700") == 0);
  write_file(path_in("root/mounted/inner"), "on it");
  int from = open(path_in("root"), O_PATH | O_DIRECTORY | O_CLOEXEC), to = open(path_in("to"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int before = open_descriptors(getpid());
  EQ(copy_up(from, to), 0);
  EQ(open_descriptors(getpid()), before);
  struct stat status;
  STR(content(path_in("to/a/b/file")), "inside");
  CHECK(stat(path_in("to/a/b/file"), &status) == 0);
  EQ(status.st_mode, S_IFREG | 04751);
  EQ(status.st_uid, 12);
  EQ(status.st_gid, 34);
  EQ(status.st_mtim.tv_sec, 2000);
  EQ(status.st_mtim.tv_nsec, 7);
  CHECK(stat(path_in("to/a/b"), &status) == 0);
  EQ(status.st_mtim.tv_sec, 2000);
  CHECK(lstat(path_in("to/a/up"), &status) == 0 && S_ISLNK(status.st_mode));
  EQ(status.st_uid, 5);
  CHECK(stat(path_in("to"), &status) == 0);
  EQ(status.st_mode & 07777, 01777);
  CHECK(lstat(path_in("to/fifo"), &status) != 0);
  CHECK(lstat(path_in("to/mounted/inner"), &status) != 0);
}
