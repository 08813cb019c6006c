// Checks a launch plan before anything of it is executed. All sums are made in 64 bits of 32-bit numbers: none can wrap.
#include "plan.h"

#define CLONE_ALL 0x7e020080ull  // every CLONE_NEW* bit: time, mnt, cgroup, uts, ipc, user, pid, net

// The kinds of an operation's arguments, four bits each, and what else the data arguments must be.
static const struct { u8 count; bool out; u32 kinds; } operations[] = {
    [OP_EXEC] = {3, false, 0x111},       [OP_SECCOMP] = {3, true, 0x001},      [OP_OPEN_IN] = {5, true, 0x012},
    [OP_SYNC] = {1, false, 0},           [OP_SEND] = {2, false, 0x002},        [OP_CHECK_FS] = {2, false, 0x002},
    [OP_CHECK_DEVICE] = {3, false, 0x002}, [OP_CHECK_CWD] = {0, false, 0},     [OP_CLOEXEC_FROM] = {1, false, 0},
    [OP_FORGET] = {1, false, 0x002},     [OP_COPY_UP] = {2, false, 0x022},
    [OP_AWAIT] = {1, false, 0x002},      [OP_NETLINK] = {3, false, 0x012},      [OP_COVER] = {4, false, 0x0112},
    [OP_CHECK_FLAGS] = {3, false, 0x002},
};

static bool list_ok(const u8 *data, u32 size, u64 at, u32 least) {
  if (at % 4 || at + 4 > size) return false;
  u32 count;
  memcpy(&count, data + at, 4);
  if (count < least || at + 4 + 4 * (u64)count > size) return false;
  for (u32 i = 0; i < count; i++) {
    u32 offset;
    memcpy(&offset, data + at + 4 + 4 * (u64)i, 4);
    if (offset >= size) return false;  // The data ends with a NUL, so every string within it ends there at the latest.
  }
  return true;
}

static bool jump_ok(u16 error, u16 jump, u32 behind) { return error ? jump <= behind : jump == 0; }

// behind: how many steps of the same part follow.
static enum rule step_check(const struct plan *plan, const struct step *step, u32 behind, bool init) {
  const u8 *data = (const u8 *)plan + plan->data_offset;
  u32 size = plan->data_length;
  if (step->op < OP_SYSCALL || step->op > OP_LAST) return RULE_OP;
  bool call = step->op == OP_SYSCALL;
  if (step->number && !call) return RULE_NUMBER;
  if (step->out != NONE && (step->out >= plan->slots || !(call || operations[step->op].out))) return RULE_OUT;
  if (step->kinds >> 24 || (!call && step->kinds != operations[step->op].kinds)) return RULE_KINDS;
  if (step->skip > behind || !jump_ok(step->errno1, step->jump1, behind) || !jump_ok(step->errno2, step->jump2, behind))
    return RULE_JUMP;
  if ((step->errno1 > 4095 && step->errno1 != 0xffff) || (step->errno2 > 4095 && step->errno2 != 0xffff)) return RULE_ERRNO;
  if (step->reserved) return RULE_STEP_RESERVED;
  for (u32 i = 0; i < 6; i++) {
    u32 kind = step->kinds >> 4 * i & 15;
    if (kind > KIND_SLOT_OR_NONE) return RULE_KINDS;
    if (kind == KIND_DATA && step->arg[i] >= size) return RULE_DATA;
    if (kind >= KIND_SLOT && step->arg[i] >= plan->slots) return RULE_SLOT;
    if (!call && i >= operations[step->op].count && step->arg[i]) return RULE_UNUSED;
    // The operations' own numbers are descriptors, flags, modes: 32 bits. Only a system call takes more.
    if (!call && kind == KIND_IMMEDIATE && step->arg[i] > 0xffffffff) return RULE_IMMEDIATE;
  }
  if (step->op == OP_EXEC) {
    if (!init) return RULE_EXEC_PART;
    for (u32 i = 0; i < 3; i++) {
      if (!list_ok(data, size, step->arg[i], i < 2)) return RULE_LIST;
    }
  }
  if (step->op == OP_SECCOMP) {
    u64 count = step->arg[1];
    if (count < 1 || count > 4096 || step->arg[0] + 8 * count > size) return RULE_FILTER;
  }
  // The message's own length, its first number, may not lead behind it.
  if (step->op == OP_NETLINK) {
    u32 length;
    if (step->arg[2] < 16 || step->arg[2] > 4096 || step->arg[1] + step->arg[2] > size) return RULE_FILTER;
    memcpy(&length, data + step->arg[1], 4);
    if (length != step->arg[2]) return RULE_FILTER;
  }
  if (step->op == OP_OPEN_IN &&
      (step->arg[3] > 07777 || step->arg[4] > 15 || (step->arg[4] & 3) == (HOW_DIRECTORY | HOW_FILE)))
    return RULE_IMMEDIATE;
  if (step->op == OP_CLOEXEC_FROM && step->arg[0] > 0x7fffffff) return RULE_IMMEDIATE;
  if (step->op == OP_SEND && step->arg[1] != SEND_TERMINAL && step->arg[1] != SEND_LISTENER) return RULE_IMMEDIATE;
  return RULE_NONE;
}

enum rule plan_check(const void *bytes, size_t size, u32 descriptors) {
  const struct plan *plan = bytes;
  if (size < sizeof *plan || size > PLAN_MAX) return RULE_SIZE;
  if (plan->magic != PLAN_MAGIC) return RULE_MAGIC;
  if (plan->version != 1) return RULE_VERSION;
  if (plan->machine != PLAN_MACHINE) return RULE_MACHINE;
  if (plan->length != size) return RULE_LENGTH;
  if (plan->descriptors != descriptors) return RULE_DESCRIPTORS;
  if (plan->slots < 1 || plan->slots > PLAN_SLOTS || plan->slots < plan->descriptors) return RULE_SLOTS;
  u64 steps = (u64)plan->stage_steps + plan->init_steps;
  if (plan->init_steps < 1 || steps > PLAN_STEPS) return RULE_STEPS;
  if (plan->steps_offset % 8 || plan->steps_offset < sizeof *plan) return RULE_STEPS_OFFSET;
  if (plan->data_offset % 8 || plan->steps_offset + steps * sizeof(struct step) > plan->data_offset) return RULE_DATA_OFFSET;
  if ((u64)plan->data_offset + plan->data_length != size || plan->data_length == 0) return RULE_DATA_LENGTH;
  if (((const u8 *)bytes)[size - 1] != 0) return RULE_DATA_END;
  if (plan->clone_flags & ~CLONE_ALL) return RULE_CLONE_FLAGS;
  if (plan->stdio > 8) return RULE_STDIO;
  if (plan->cgroup_slot != NONE && plan->cgroup_slot >= plan->slots) return RULE_CGROUP;
  if (plan->reserved) return RULE_RESERVED;
  const struct step *step = (const void *)((const u8 *)bytes + plan->steps_offset);
  for (u32 i = 0; i < steps; i++) {
    bool init = i >= plan->stage_steps;
    u32 end = init ? (u32)steps : plan->stage_steps;
    enum rule rule = step_check(plan, step + i, end - i - 1, init);
    if (rule) return rule;
  }
  return RULE_NONE;
}
