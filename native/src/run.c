// Executes a checked plan: in the stage, if there is one, and in the init. Runs between clone and exec, single-threaded.
#include "plan.h"

#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
enum { CLOSE_RANGE_CLOEXEC_ = 4, FILTER_NEW_LISTENER = 8, PARENT = 0x8000 };

_Noreturn static void fail(struct launch *launch, u32 part, u32 step, int error) {
  launch->state->part = part;
  launch->state->step = step;
  launch->state->error = (u32)error;
  _exit(127);
}

static const void *data_at(const struct launch *launch, u64 offset) {
  return (const u8 *)launch->plan + launch->plan->data_offset + offset;
}

// A list of strings as execve(2) takes it.
static char **strings(const struct launch *launch, u64 offset) {
  const u32 *list = data_at(launch, offset);
  char **result = calloc((size_t)list[0] + 1, sizeof *result);
  for (u32 i = 0; result && i < list[0]; i++) result[i] = (char *)(uintptr_t)data_at(launch, list[1 + i]);
  return result;
}

static long run_exec(struct launch *launch, const u64 *arg) {
  char **paths = strings(launch, arg[0]), **arguments = strings(launch, arg[1]), **environment = strings(launch, arg[2]);
  if (!paths || !arguments || !environment) return -ENOMEM;
  int error = 0;
  launch->state->executing = 1;
  for (char **path = paths; *path; path++) {
    execve(*path, arguments, environment);
    if (error != EACCES) error = errno;
    if (errno != ENOENT && errno != ENOTDIR && errno != EACCES) {
      error = errno;
      break;
    }
  }
  launch->state->executing = 0;
  free(paths);
  free(arguments);
  free(environment);
  return -error;
}

static long run_seccomp(struct launch *launch, const u64 *arg) {
  struct { u16 length; const void *filter; } program = {(u16)arg[1], data_at(launch, arg[0])};
  long result = syscall(SYS_seccomp, 1 /* SECCOMP_SET_MODE_FILTER */, (unsigned)arg[2], &program);
  if (result < 0) return -errno;
  launch->filtered = true;
  return result;
}

static long run_sync(struct launch *launch, u32 number) {
  u32 message[] = {REPORT_SYNC, number};
  int error = send_with(launch->report, message, sizeof message, -1, 0);
  if (error) return error;
  char leave;
  ssize_t got;
  do got = recv(launch->report, &leave, 1, 0);
  while (got < 0 && errno == EINTR);
  return got == 1 ? 0 : -ECANCELED;
}

_Noreturn static void give_up(int number) { _exit(128 + number); }

// While it waits it ends as any program would, even as the first process of a PID namespace, which has to ask for that.
static void end_by_signals(bool end) {
  static const int numbers[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
  for (u32 i = 0; i < COUNT(numbers); i++) signal(numbers[i], end ? give_up : SIG_DFL);
}

// The first who connects watches the launch from here on, in place of whoever launched it.
static long run_await(struct launch *launch, int listener) {
  int fd;
  end_by_signals(true);
  do fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  while (fd < 0 && errno == EINTR);
  int error = errno;
  end_by_signals(false);
  if (fd < 0) return -error;
  long result = dup3(fd, launch->report, O_CLOEXEC) < 0 ? -errno : 0;
  close(fd);
  return result;
}

// Asks the kernel by rtnetlink(7) and gives what it answers: 0 or an error.
static long run_netlink(int socket, const void *message, size_t length) {
  struct { u32 length; u16 type, flags; u32 sequence, port; i32 error; u8 rest[4096]; } answer;
  ssize_t got;
  do got = send(socket, message, length, 0);
  while (got < 0 && errno == EINTR);
  if (got < 0) return -errno;
  do got = recv(socket, &answer, sizeof answer, 0);
  while (got < 0 && errno == EINTR);
  if (got < 0) return -errno;
  // It was asked for an acknowledgement and nothing else: NLMSG_ERROR.
  return got >= 20 && answer.type == 2 ? answer.error : -EBADMSG;
}

// A tmpfs over a directory, with that one's mode; an option behind it may still say another.
static long run_cover(int directory, const char *source, const char *options, u64 flags) {
  struct stat status;
  char data[4096];
  if (fstat(directory, &status) != 0) return -errno;
  int length = snprintf(data, sizeof data, "mode=%04o%s%s", status.st_mode & 07777, *options ? "," : "", options);
  if (length < 0 || (size_t)length >= sizeof data) return -EINVAL;
  return fchdir(directory) != 0 || mount(source, ".", "tmpfs", flags, data) != 0 ? -errno : 0;
}

// What the kernel keeps locked for mounts that came from a more privileged namespace, kept for those that were opened before.
static long run_check_flags(int fd, u64 mask, u64 wanted) {
  struct statfs status;
  return fstatfs(fd, &status) != 0 ? -errno : ((u64)status.f_flags & mask) == wanted ? 0 : -EPERM;
}

static long run_check_device(int fd, u64 major_, u64 minor_) {
  struct stat status;
  if (fstat(fd, &status) != 0) return -errno;
  return S_ISCHR(status.st_mode) && major(status.st_rdev) == major_ && minor(status.st_rdev) == minor_ ? 0 : -ENODEV;
}

// getcwd(2) itself, since the C library hides what the kernel says of a directory outside: "(unreachable)/…".
static long run_check_cwd(void) {
  char path[4096];
  long length = syscall(SYS_getcwd, path, sizeof path);
  return length < 0 ? -errno : path[0] == '/' ? 0 : -EXDEV;
}

static long run_cloexec_from(const struct launch *launch, unsigned first) {
  if (!(sys_missing() & NO_CLOSE_RANGE) && syscall(SYS_close_range, first, ~0u, CLOSE_RANGE_CLOEXEC_) == 0) return 0;
  // Before 5.11. Numbers are given lowest first and nothing here holds more than the slots and a few, but be generous.
  unsigned last = 1024;
  for (u32 i = 0; i < PLAN_SLOTS; i++) {
    if (launch->slots[i] >= (int)last) last = (unsigned)launch->slots[i];
  }
  for (unsigned fd = first; fd <= last; fd++) fcntl((int)fd, F_SETFD, FD_CLOEXEC);
  return 0;
}

// A change of ids takes the death signal away; see docs/launch-plan.md.
static bool changes_ids(u32 number) {
  return number == SYS_setresuid || number == SYS_setresgid || number == SYS_setuid || number == SYS_setgid ||
         number == SYS_setreuid || number == SYS_setregid || number == SYS_setfsuid || number == SYS_setfsgid ||
         number == SYS_capset || number == SYS_setns || number == SYS_unshare;
}

static long run_syscall(struct launch *launch, const struct step *step, const u64 *arg) {
  long result = syscall((long)step->number, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
  if (result == -1) return -errno;
  if (changes_ids(step->number) && !launch->filtered && !launch->stays) prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL, 0UL, 0UL, 0UL);
  return result;
}

static long run_step(struct launch *launch, const struct step *step) {
  u64 arg[6];
  for (u32 i = 0; i < 6; i++) {
    u32 kind = step->kinds >> 4 * i & 15;
    arg[i] = step->arg[i];
    if (kind < KIND_SLOT) {
      if (kind == KIND_DATA && step->op == OP_SYSCALL) arg[i] = (uintptr_t)data_at(launch, arg[i]);
      continue;
    }
    int fd = launch->slots[arg[i]];
    if (fd < 0 && kind == KIND_SLOT) return -EBADF;
    arg[i] = (u64)(i64)fd;
  }
  switch (step->op) {
    case OP_SYSCALL: return run_syscall(launch, step, arg);
    case OP_EXEC: return run_exec(launch, arg);
    case OP_SECCOMP: return run_seccomp(launch, arg);
    case OP_OPEN_IN: return open_in((int)arg[0], data_at(launch, arg[1]), (u32)arg[2], (u32)arg[3], (u32)arg[4]);
    case OP_SYNC: return run_sync(launch, (u32)arg[0]);
    case OP_SEND: {
      u32 message[] = {REPORT_SEND, (u32)arg[1]};
      return send_with(launch->report, message, sizeof message, (int)arg[0], 0);
    }
    case OP_CHECK_FS: {
      struct statfs status;
      return fstatfs((int)arg[0], &status) != 0 ? -errno : (u64)(u32)status.f_type == arg[1] ? 0 : -EXDEV;
    }
    case OP_CHECK_DEVICE: return run_check_device((int)arg[0], arg[1], arg[2]);
    case OP_CHECK_CWD: return run_check_cwd();
    case OP_CLOEXEC_FROM: return run_cloexec_from(launch, (unsigned)arg[0]);
    case OP_FORGET: close_fd(&launch->slots[step->arg[0]]); return 0;
    case OP_COPY_UP: return copy_up((int)arg[0], (int)arg[1]);
    case OP_NETLINK: return run_netlink((int)arg[0], data_at(launch, arg[1]), (size_t)arg[2]);
    case OP_COVER: return run_cover((int)arg[0], data_at(launch, arg[1]), data_at(launch, arg[2]), arg[3]);
    case OP_CHECK_FLAGS: return run_check_flags((int)arg[0], arg[1], arg[2]);
    case OP_AWAIT: return run_await(launch, (int)arg[0]);
    default: return -ENOSYS;  // plan_check lets none through.
  }
}

static void put(struct launch *launch, const struct step *step, int fd) {
  if (step->out != NONE) {
    if (launch->slots[step->out] != fd) close_fd(&launch->slots[step->out]);
    launch->slots[step->out] = fd;
  } else if (step->op == OP_OPEN_IN) {
    close(fd);
  }
}

static void run_part(struct launch *launch, u32 part, u32 first, u32 count) {
  const struct step *steps = (const void *)((const u8 *)launch->plan + launch->plan->steps_offset);
  launch->state->part = part;
  for (u32 i = 0; i < count;) {
    const struct step *step = steps + first + i;
    launch->state->step = i;
    long result = run_step(launch, step);
    if (result >= 0) {
      put(launch, step, (int)result);
      i += 1u + step->skip;
    } else if (step->errno1 == 0xffff || (step->errno1 && step->errno1 == -result)) {
      i += 1u + step->jump1;
    } else if (step->errno2 == 0xffff || (step->errno2 && step->errno2 == -result)) {
      i += 1u + step->jump2;
    } else {
      fail(launch, part, i, (int)-result);
    }
  }
}

// Makes the process die with the monitor, and die now if that has died already.
static void die_with_monitor(struct launch *launch) {
  char byte;
  if (!launch->stays) prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL, 0UL, 0UL, 0UL);
  if (recv(launch->report, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0) _exit(127);
}

// The first process takes them, so that its steps meet the pipes and not the monitor's /dev/null; the next one has them.
static void take_streams(struct launch *launch) {
  for (int i = 0; i < 3; i++) {
    if (launch->stdio[i] >= 0 && dup2(launch->stdio[i], i) < 0) fail(launch, PART_CLONE, 0, errno);
    close_fd(&launch->stdio[i]);
  }
}

_Noreturn static void run_init(struct launch *launch) {
  const struct plan *plan = launch->plan;
  die_with_monitor(launch);
  prctl(PR_SET_DUMPABLE, 0UL, 0UL, 0UL, 0UL);  // Joining a user namespace in the stage may have set it to the host's default.
  setsid();
  take_streams(launch);
  run_part(launch, PART_INIT, plan->stage_steps, plan->init_steps);
  fail(launch, PART_INIT, plan->init_steps, ENOEXEC);
}

static int compare(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

// What the first process does: leaves everything of the monitor behind that is not its own.
static void become_first(struct launch *launch) {
  int keep[PLAN_SLOTS + 4];
  u32 count = 0;
  // Behind the numbers that a plan gives to what it passes on; at the lower one it could be overwritten.
  int report = fcntl(launch->report, F_DUPFD_CLOEXEC, 3 + (int)launch->plan->descriptors);
  if (report >= 0) launch->report = report;
  for (u32 i = 0; i < launch->plan->descriptors; i++) keep[count++] = launch->slots[i];
  for (int i = 0; i < 3; i++) {
    if (launch->stdio[i] >= 0) keep[count++] = launch->stdio[i];
  }
  keep[count++] = launch->report;
  qsort(keep, count, sizeof *keep, compare);
  close_others(3, keep, count);
  // What the kernel was told by it is done. Where there is a stage nobody in the container has seen it, and nobody may: who may
  // trace the init would find a way to the host's control groups (CVE-2016-9962).
  if (launch->plan->cgroup_slot != NONE) close_fd(&launch->slots[launch->plan->cgroup_slot]);
  signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

// Clones the init; in it, never returns. first: nothing ran before it.
static long clone_init(struct launch *launch, u64 flags, int cgroup, bool first) {
  long pid = sys_clone(launch->plan->clone_flags | flags, cgroup, &launch->state->pid);
  if (pid != 0) return pid;
  if (first) become_first(launch);
  run_init(launch);
}

long launch_start(struct launch *launch) {
  const struct plan *plan = launch->plan;
  for (u32 i = plan->descriptors; i < PLAN_SLOTS; i++) launch->slots[i] = -1;
  launch->state->part = plan->stage_steps ? PART_STAGE : PART_INIT;
  int cgroup = plan->cgroup_slot == NONE ? -1 : launch->slots[plan->cgroup_slot];
  if (plan->cgroup_slot != NONE && cgroup < 0) return -EBADF;
  if (plan->stage_steps == 0) return clone_init(launch, 0, cgroup, true);
  long pid = sys_clone(0, cgroup, NULL);
  if (pid != 0) return pid;
  become_first(launch);
  die_with_monitor(launch);
  take_streams(launch);
  run_part(launch, PART_STAGE, 0, plan->stage_steps);
  pid = clone_init(launch, PARENT, -1, false);
  if (pid < 0) fail(launch, PART_CLONE, 0, (int)-pid);
  _exit(0);
}
