// The launch plan: its layout, its checker and what executes it. Specified in docs/launch-plan.md.
#pragma once
#include "sys.h"

#define PLAN_MAGIC 0x4e4c504bu
#define PLAN_MAX (4u << 20)
#define PLAN_SLOTS 256
#define PLAN_STEPS 4096
#define NONE 0xffffffffu

#if defined __x86_64__
#define PLAN_MACHINE 62
#elif defined __aarch64__
#define PLAN_MACHINE 183
#else
#error "Kapal runs on x86-64 and arm64"
#endif

struct plan {
  u32 magic;
  u16 version, machine;
  u32 length, descriptors, slots, stage_steps, init_steps, steps_offset, data_offset, data_length;
  u64 clone_flags;
  u32 stdio, cgroup_slot;
  u64 reserved;
};

struct step {
  u16 op, skip;
  u32 number, out, kinds;
  u16 errno1, jump1, errno2, jump2;
  u64 reserved;
  u64 arg[6];
};

_Static_assert(sizeof(struct plan) == 64 && sizeof(struct step) == 80, "the layouts of docs/launch-plan.md");

enum { OP_SYSCALL = 1, OP_EXEC, OP_SECCOMP, OP_OPEN_IN, OP_SYNC, OP_SEND, OP_CHECK_FS, OP_CHECK_DEVICE, OP_CHECK_CWD,
       OP_CLOEXEC_FROM, OP_FORGET, OP_COPY_UP, OP_AWAIT, OP_NETLINK, OP_COVER, OP_CHECK_FLAGS, OP_LAST = OP_CHECK_FLAGS };
enum { KIND_IMMEDIATE, KIND_DATA, KIND_SLOT, KIND_SLOT_OR_NONE };
enum { STDIO_IN = 1, STDIO_OUT = 2, STDIO_ERR = 4, STDIO_TERMINAL = 8 };
enum { HOW_DIRECTORY = 1, HOW_FILE = 2, HOW_NO_SYMLINKS = 4, HOW_NO_XDEV = 8 };
enum { PART_CHECK, PART_STAGE, PART_INIT, PART_CLONE };
enum { REPORT_SYNC = 1, REPORT_SEND = 2 };
enum { SEND_TERMINAL = 1, SEND_LISTENER = 2 };

// The rules of the format; what a refused plan reports as its step.
enum rule { RULE_NONE, RULE_SIZE, RULE_MAGIC, RULE_VERSION, RULE_MACHINE, RULE_LENGTH, RULE_DESCRIPTORS, RULE_SLOTS,
            RULE_STEPS, RULE_STEPS_OFFSET, RULE_DATA_OFFSET, RULE_DATA_LENGTH, RULE_DATA_END, RULE_CLONE_FLAGS, RULE_STDIO,
            RULE_CGROUP, RULE_RESERVED,
            RULE_OP = 32, RULE_NUMBER, RULE_OUT, RULE_KINDS, RULE_JUMP, RULE_ERRNO, RULE_STEP_RESERVED, RULE_DATA, RULE_SLOT,
            RULE_LIST, RULE_FILTER, RULE_UNUSED, RULE_IMMEDIATE, RULE_EXEC_PART };

// Checks a whole plan of size bytes that came with that many descriptors; the rule that it breaks, or RULE_NONE.
enum rule plan_check(const void *bytes, size_t size, u32 descriptors);

// What a launch and its monitor share in memory; the launch writes, the monitor reads when the report channel speaks or ends.
struct launch_state {
  volatile i32 pid;           // the init's; written by the kernel before the init runs
  volatile u32 part, step, error;  // where the launch is; error: why it ended
  volatile u32 executing;     // an execve may have succeeded
};

// A launch: what the processes that execute a plan need.
struct launch {
  const struct plan *plan;
  struct launch_state *state;
  int slots[PLAN_SLOTS];
  int report;                 // the launch's end of the report channel
  int stdio[3];               // what becomes 0, 1, 2; -1: stays /dev/null
  bool stays;                 // it does not die with whoever launches it
  bool filtered;              // a seccomp filter is on
};

// Clones the first process of a launch and, in it, never returns; its pid or -errno.
long launch_start(struct launch *launch);

// Opens path below root as if root were "/" (OPEN_IN); a descriptor or -errno.
int open_in(int root, const char *path, u32 flags, u32 mode, u32 how);

// Copies the tree of one directory into another (COPY_UP); 0 or -errno.
int copy_up(int from, int to);
