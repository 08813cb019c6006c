// COVER and CHECK_FLAGS: a tmpfs with the mode of what it covers, and a mount's flags.
#include "peer.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static struct monitor m;
static struct builder b;
static const struct log_options no_log;

// Covers a directory of mode 0710; what the program finds there decides how it ends.
static u32 covered(u32 number, const char *options, const char *script) {
  plan_begin(&b);
  b.head.clone_flags = CLONE_NEWNS;
  CALL(&b, SYS_mount, 0x00010, 0, plan_string(&b, "/"), 0, MS_REC | MS_PRIVATE, 0);
  CALL(&b, SYS_openat, 0x010, (u64)AT_FDCWD, plan_string(&b, path_in("d")), O_PATH | O_DIRECTORY | O_CLOEXEC)->out = 0;
  STEP(&b, OP_COVER, 0x0112, 0, plan_string(&b, "origin"), plan_string(&b, options), MS_NOSUID);
  CALL(&b, SYS_chdir, 1, plan_string(&b, path_in("d")));
  EXEC(&b, "/bin/sh", "-c", script);
  i64 pid = launch(&m, number, &b, NULL, 0, no_log);
  CHECK(pid > 0);
  struct packet *packet = event(&m);
  if (packet->type == M_FAILED) return 1000 + word(packet, 2);
  return word(expect(&m, M_EXITED, number), 0) >> 8;
}

TEST(cover, has_the_mode_of_what_it_covers) {
  need_root();
  mkdir(path_in("d"), 0700);
  CHECK(chmod(path_in("d"), 0710) == 0);
  write_file(path_in("d/below"), "");
  monitor_start(&m);
  EQ(covered(1, "", "[ $(stat -c %a .) = 710 ] && [ ! -e below ] && grep -q '^origin .*nosuid.*mode=710' /proc/mounts"), 0);
  EQ(covered(2, "size=64k", "[ $(stat -c %a .) = 710 ] && grep -q size=64k /proc/mounts"), 0);
  EQ(covered(3, "mode=1500", "[ $(stat -c %a .) = 1500 ]"), 0);
  EQ(covered(4, "nonsense=1", "true"), 1000 + EINVAL);
  struct stat status;
  CHECK(stat(path_in("d"), &status) == 0);
  EQ(status.st_mode & 07777, 0710);
  CHECK(access(path_in("d/below"), F_OK) == 0);
  monitor_quit(&m);
}

TEST(cover, flags_are_checked_under_the_mask) {
  need_root();
  mkdir(path_in("d"), 0700);
  CHECK(mount("tmpfs", path_in("d"), "tmpfs", MS_NODEV | MS_NOSUID, "") == 0);
  int directory = open(path_in("d"), O_PATH | O_CLOEXEC);
  monitor_start(&m);
  // ST_NOSUID is 2, ST_NODEV 4, ST_NOEXEC 8.
  static const struct { u64 mask, wanted; bool good; } cases[] = {{8, 0, true}, {4, 0, false}, {12, 4, true}, {12, 8, false}, {0, 0, true}};
  for (u32 i = 0; i < COUNT(cases); i++) {
    plan_begin(&b);
    b.head.descriptors = 1;
    STEP(&b, OP_CHECK_FLAGS, 0x002, 0, cases[i].mask, cases[i].wanted);
    EXEC(&b, "/bin/true");
    launch(&m, 1 + i, &b, &directory, 1, no_log);
    struct packet *packet = event(&m);
    EQ(packet->type, cases[i].good ? M_RUNNING : M_FAILED);
    if (cases[i].good) expect(&m, M_EXITED, 1 + i);
    else EQ(word(packet, 2), EPERM);
  }
  monitor_quit(&m);
}
