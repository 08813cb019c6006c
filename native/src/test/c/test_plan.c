// The plan checker: every rule of docs/launch-plan.md broken on its own, and a million broken plans.
#include "builder.h"
#include "t.h"

#include <sys/syscall.h>

static struct builder b;

// A plan with every operation in it; the checks below break one thing each.
static void sample(void) {
  plan_begin(&b);
  b.head.descriptors = 2;
  b.head.stdio = 7;
  b.head.clone_flags = 0x7e020080;
  CALL(&b, SYS_getpid, 0, 0);
  b.head.stage_steps = 1;
  static const u64 filter[2] = {0x7fff000000000006, 6};
  struct step *step = CALL(&b, SYS_openat, 0x013, 0, plan_string(&b, "/"), O_PATH);
  step->out = 3;
  step->skip = 1;
  step->errno1 = ENOENT;
  step->jump1 = 2;
  step->errno2 = 0xffff;
  STEP(&b, OP_SECCOMP, 0x001, plan_bytes(&b, filter, sizeof filter, 8), 2, 0)->out = 4;
  STEP(&b, OP_OPEN_IN, 0x012, 0, plan_string(&b, "etc/passwd"), O_RDONLY, 0644, HOW_FILE)->out = 5;
  STEP(&b, OP_SYNC, 0, 7);
  STEP(&b, OP_SEND, 0x002, 1, SEND_TERMINAL);
  STEP(&b, OP_CHECK_FS, 0x002, 1, 0x9fa0);
  STEP(&b, OP_CHECK_DEVICE, 0x002, 1, 1, 3);
  STEP(&b, OP_CHECK_CWD, 0, 0);
  STEP(&b, OP_CLOEXEC_FROM, 0, 3);
  STEP(&b, OP_FORGET, 0x002, 1);
  STEP(&b, OP_COPY_UP, 0x022, 1, 2);
  STEP(&b, OP_AWAIT, 0x002, 1);
  u32 message[] = {16, 0, 0, 0};
  STEP(&b, OP_NETLINK, 0x012, 1, plan_bytes(&b, message, sizeof message, 4), sizeof message);
  STEP(&b, OP_COVER, 0x0112, 1, plan_string(&b, "tmpfs"), plan_string(&b, "size=1m"), 2);
  STEP(&b, OP_CHECK_FLAGS, 0x002, 1, 15, 0);
  EXEC(&b, "/bin/true", "a", "b");
}

static enum rule check(u8 *bytes, size_t size, u32 descriptors) {
  enum rule rule = plan_check(bytes, size, descriptors);
  free(bytes);
  return rule;
}

static enum rule check_built(void) {
  size_t size;
  u8 *bytes = plan_end(&b, &size);
  return check(bytes, size, b.head.descriptors);
}

// Breaks a header field by its offset; the layout is that of the document, not of the code's structure.
static enum rule with_header(u32 offset, u32 width, u64 value) {
  size_t size;
  sample();
  u8 *bytes = plan_end(&b, &size);
  memcpy(bytes + offset, &value, width);
  return check(bytes, size, 2);
}

// Breaks a field of the step with that index.
static enum rule with_step(u32 index, u32 offset, u32 width, u64 value) {
  size_t size;
  sample();
  u8 *bytes = plan_end(&b, &size);
  memcpy(bytes + 64 + 80 * index + offset, &value, width);
  return check(bytes, size, 2);
}

enum { CALL_, OPEN = 1, FILTER, IN, SYNC, SEND_, FS, DEVICE, CWD, CLOEXEC, FORGET_, COPY, AWAIT_, NETLINK_, COVER_, FLAGS_, RUN };
static u32 arg(u32 i) { return 32 + 8 * i; }

TEST(plan, valid_is_accepted) {
  sample();
  EQ(check_built(), RULE_NONE);
}

TEST(plan, size) {
  size_t size;
  sample();
  u8 *bytes = plan_end(&b, &size);
  EQ(plan_check(bytes, 0, 2), RULE_SIZE);
  EQ(plan_check(bytes, 63, 2), RULE_SIZE);
  EQ(plan_check(bytes, (4 << 20) + 1, 2), RULE_SIZE);  // Refused before anything behind it is read.
  free(bytes);
}

TEST(plan, magic) { EQ(with_header(0, 4, 0x4e4c504c), RULE_MAGIC); }
TEST(plan, version) {
  EQ(with_header(4, 2, 0), RULE_VERSION);
  EQ(with_header(4, 2, 2), RULE_VERSION);
}
TEST(plan, machine) { EQ(with_header(6, 2, PLAN_MACHINE == 62 ? 183 : 62), RULE_MACHINE); }
TEST(plan, length) {
  EQ(with_header(8, 4, 64), RULE_LENGTH);
  EQ(with_header(8, 4, 0xffffffff), RULE_LENGTH);
}
TEST(plan, truncated_at_any_byte) {
  size_t size;
  sample();
  u8 *bytes = plan_end(&b, &size);
  for (size_t cut = 0; cut < size; cut++) {
    u8 *copy = malloc(cut ? cut : 1);  // ASan watches the end.
    memcpy(copy, bytes, cut);
    if (cut >= 12) memcpy(copy + 8, &(u32){(u32)cut}, 4);
    CHECK(check(copy, cut, 2) != RULE_NONE);
  }
  free(bytes);
}
TEST(plan, descriptors) {
  EQ(with_header(12, 4, 1), RULE_DESCRIPTORS);
  EQ(with_header(12, 4, 3), RULE_DESCRIPTORS);
  EQ(with_header(12, 4, 0xffffffff), RULE_DESCRIPTORS);
}
TEST(plan, slots) {
  EQ(with_header(16, 4, 0), RULE_SLOTS);
  EQ(with_header(16, 4, 1), RULE_SLOTS);
  EQ(with_header(16, 4, 257), RULE_SLOTS);
  EQ(with_header(16, 4, 0xffffffff), RULE_SLOTS);
}
TEST(plan, step_counts) {
  EQ(with_header(24, 4, 0), RULE_STEPS);
  EQ(with_header(24, 4, 4096), RULE_STEPS);
  EQ(with_header(20, 4, 0xffffffff), RULE_STEPS);  // 0xffffffff + 12 wraps to 11 in 32 bits.
  EQ(with_header(24, 4, 0xffffffff), RULE_STEPS);
  EQ(with_header(24, 4, 17), RULE_DATA_OFFSET);
}
TEST(plan, steps_offset) {
  EQ(with_header(28, 4, 0), RULE_STEPS_OFFSET);
  EQ(with_header(28, 4, 56), RULE_STEPS_OFFSET);
  EQ(with_header(28, 4, 68), RULE_STEPS_OFFSET);
  EQ(with_header(28, 4, 72), RULE_DATA_OFFSET);
  EQ(with_header(28, 4, 0xfffffff8), RULE_DATA_OFFSET);  // plus 80 for each step it wraps.
}
TEST(plan, data_offset) {
  EQ(with_header(32, 4, 64 + 80 * 14 - 8), RULE_DATA_OFFSET);
  EQ(with_header(32, 4, 64 + 80 * 14 + 4), RULE_DATA_OFFSET);
  EQ(with_header(32, 4, 0xfffffff8), RULE_DATA_LENGTH);
}
TEST(plan, data_length) {
  EQ(with_header(36, 4, 0), RULE_DATA_LENGTH);
  EQ(with_header(36, 4, 0xffffffff), RULE_DATA_LENGTH);
  size_t size;
  sample();
  u8 *bytes = plan_end(&b, &size);
  // An offset and a length that together wrap to the right one in 32 bits (CVE-2021-43784).
  u32 offset = 0xfffffff8, length = (u32)size - offset;
  memcpy(bytes + 32, &offset, 4);
  memcpy(bytes + 36, &length, 4);
  EQ(check(bytes, size, 2), RULE_DATA_LENGTH);
}
TEST(plan, data_ends_with_nul) {
  size_t size;
  sample();
  u8 *bytes = plan_end(&b, &size);
  bytes[size - 1] = 'x';
  EQ(check(bytes, size, 2), RULE_DATA_END);
}
TEST(plan, clone_flags) {
  for (u32 bit = 0; bit < 64; bit++) {
    u64 flag = 1ull << bit;
    bool allowed = flag & 0x7e020080;
    EQ(with_header(40, 8, flag), allowed ? RULE_NONE : RULE_CLONE_FLAGS);
  }
}
TEST(plan, stdio) {
  for (u32 value = 0; value < 20; value++) EQ(with_header(48, 4, value), value <= 8 ? RULE_NONE : RULE_STDIO);
}
TEST(plan, cgroup_slot) {
  EQ(with_header(52, 4, 15), RULE_NONE);
  EQ(with_header(52, 4, 16), RULE_CGROUP);
  EQ(with_header(52, 4, 0xfffffffe), RULE_CGROUP);
}
TEST(plan, reserved) {
  EQ(with_header(56, 8, 1), RULE_RESERVED);
  EQ(with_header(56, 8, 1ull << 63), RULE_RESERVED);
  EQ(with_step(SYNC, 24, 8, 1), RULE_STEP_RESERVED);
}
TEST(plan, operation) {
  EQ(with_step(SYNC, 0, 2, 0), RULE_OP);
  EQ(with_step(SYNC, 0, 2, OP_LAST + 1), RULE_OP);
  EQ(with_step(SYNC, 0, 2, 0xffff), RULE_OP);
}
TEST(plan, jumps_stay_in_their_part) {
  EQ(with_step(CALL_, 2, 2, 1), RULE_JUMP);  // out of the stage
  EQ(with_step(OPEN, 2, 2, RUN - OPEN), RULE_NONE);
  EQ(with_step(OPEN, 2, 2, RUN - OPEN + 1), RULE_JUMP);
  EQ(with_step(OPEN, 18, 2, RUN - OPEN + 1), RULE_JUMP);
  EQ(with_step(OPEN, 22, 2, RUN - OPEN + 1), RULE_JUMP);
  EQ(with_step(RUN, 2, 2, 1), RULE_JUMP);
  EQ(with_step(SYNC, 18, 2, 1), RULE_JUMP);  // a jump without its error
  EQ(with_step(SYNC, 22, 2, 1), RULE_JUMP);
}
TEST(plan, errors) {
  EQ(with_step(OPEN, 16, 2, 4096), RULE_ERRNO);
  EQ(with_step(OPEN, 20, 2, 0xfffe), RULE_ERRNO);
}
TEST(plan, number) { EQ(with_step(SYNC, 4, 4, 1), RULE_NUMBER); }
TEST(plan, out) {
  EQ(with_step(OPEN, 8, 4, 16), RULE_OUT);
  EQ(with_step(OPEN, 8, 4, 0xfffffffe), RULE_OUT);
  EQ(with_step(SYNC, 8, 4, 1), RULE_OUT);
  EQ(with_step(RUN, 8, 4, 1), RULE_OUT);
}
TEST(plan, kinds) {
  EQ(with_step(OPEN, 12, 4, 0x4), RULE_KINDS);
  EQ(with_step(OPEN, 12, 4, 0xf), RULE_KINDS);
  EQ(with_step(OPEN, 12, 4, 0x1000000), RULE_KINDS);
  for (u32 i = FILTER; i <= RUN; i++) EQ(with_step(i, 12, 4, 0x333333), RULE_KINDS);
  EQ(with_step(FORGET_, 12, 4, 3), RULE_KINDS);
}
TEST(plan, data_arguments) {
  EQ(with_step(OPEN, arg(1), 8, 0xffffffff), RULE_DATA);
  EQ(with_step(OPEN, arg(1), 8, ~0ull), RULE_DATA);
  EQ(with_step(OPEN, arg(1), 8, 1ull << 32), RULE_DATA);  // its lower half is a good offset
  sample();
  EQ(with_step(OPEN, arg(1), 8, b.size), RULE_NONE);      // the last byte
  EQ(with_step(OPEN, arg(1), 8, b.size + 1), RULE_DATA);
}
TEST(plan, slot_arguments) {
  EQ(with_step(OPEN, arg(0), 8, 16), RULE_SLOT);
  EQ(with_step(OPEN, arg(0), 8, 1ull << 32), RULE_SLOT);
  EQ(with_step(FORGET_, arg(0), 8, 256), RULE_SLOT);
}
TEST(plan, unused_arguments) {
  EQ(with_step(SYNC, arg(1), 8, 1), RULE_UNUSED);
  EQ(with_step(CWD, arg(0), 8, 1), RULE_UNUSED);
  EQ(with_step(COPY, arg(5), 8, 1ull << 63), RULE_UNUSED);
}
TEST(plan, immediates) {
  EQ(with_step(SYNC, arg(0), 8, 1ull << 32), RULE_IMMEDIATE);
  EQ(with_step(IN, arg(3), 8, 010000), RULE_IMMEDIATE);
  EQ(with_step(IN, arg(4), 8, 16), RULE_IMMEDIATE);
  EQ(with_step(IN, arg(4), 8, 3), RULE_IMMEDIATE);
  EQ(with_step(CLOEXEC, arg(0), 8, 0x80000000), RULE_IMMEDIATE);
  EQ(with_step(SEND_, arg(1), 8, 0), RULE_IMMEDIATE);
  EQ(with_step(SEND_, arg(1), 8, 3), RULE_IMMEDIATE);
}
TEST(plan, filter) {
  EQ(with_step(FILTER, arg(1), 8, 0), RULE_FILTER);
  EQ(with_step(FILTER, arg(1), 8, 4097), RULE_FILTER);
  EQ(with_step(FILTER, arg(1), 8, 4096), RULE_FILTER);  // more than the data holds
  EQ(with_step(FILTER, arg(1), 8, 0x20000000), RULE_FILTER);  // times 8 is 2^32
}
TEST(plan, netlink) {
  EQ(with_step(NETLINK_, arg(2), 8, 15), RULE_FILTER);
  EQ(with_step(NETLINK_, arg(2), 8, 17), RULE_FILTER);    // not what the message says
  EQ(with_step(NETLINK_, arg(2), 8, 4096), RULE_FILTER);  // more than the data holds
  EQ(with_step(NETLINK_, arg(2), 8, 4097), RULE_FILTER);
}
TEST(plan, exec_only_in_the_init) {
  plan_begin(&b);
  EXEC(&b, "/bin/true");
  CALL(&b, SYS_getpid, 0, 0);
  b.head.stage_steps = 1;
  EQ(check_built(), RULE_EXEC_PART);
}
TEST(plan, lists) {
  for (u32 i = 0; i < 3; i++) {
    sample();
    EQ(with_step(RUN, arg(i), 8, b.step[RUN].arg[i] + 1), RULE_LIST);  // not aligned
    sample();
    EQ(with_step(RUN, arg(i), 8, b.size & ~3u), RULE_LIST);            // no room for the count
    static const u32 bad[][3] = {{3, 0, 0}, {0xffffffff, 0, 0}, {0x40000000, 0, 0}, {2, 0, 0xffffffff}, {1, 0x10000, 0}};
    for (u32 k = 0; k < COUNT(bad); k++) {
      sample();
      b.step[RUN].arg[i] = plan_bytes(&b, bad[k], sizeof bad[k], 4);
      b.size -= 1;  // The data's last byte, which is behind, makes up for it: the list ends with the data.
      EQ(check_built(), RULE_LIST);
    }
    sample();
    b.step[RUN].arg[i] = plan_bytes(&b, &(u32){0}, 4, 4);
    EQ(check_built(), i < 2 ? RULE_LIST : RULE_NONE);  // Only the environment may be empty.
  }
}

// Everything that an accepted plan makes the executor read must lie inside it: reads it all, so that ASan sees.
static u64 read_all(const u8 *bytes) {
  const struct plan *plan = (const void *)bytes;
  const struct step *step = (const void *)(bytes + plan->steps_offset);
  const u8 *data = bytes + plan->data_offset;
  u64 sum = 0;
  for (u32 i = 0; i < plan->stage_steps + plan->init_steps; i++, step++) {
    for (u32 k = 0; k < 6; k++) {
      u32 kind = step->kinds >> 4 * k & 15;
      if (kind == KIND_DATA) sum += strlen((const char *)data + step->arg[k]);
      if (kind >= KIND_SLOT) CHECK(step->arg[k] < PLAN_SLOTS);
      if (kind == KIND_DATA && step->op == OP_EXEC) {
        const u32 *list = (const void *)(data + step->arg[k]);
        for (u32 n = 0; n < list[0]; n++) sum += strlen((const char *)data + list[1 + n]);
      }
    }
    if (step->op == OP_SECCOMP) {
      for (u64 n = 0; n < 8 * step->arg[1]; n++) sum += data[step->arg[0] + n];
    }
    CHECK(step->out == NONE || step->out < PLAN_SLOTS);
  }
  return sum;
}

static u64 seed = 0x9e3779b97f4a7c15;
static u64 chance(void) {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  return seed ^= seed << 17;
}

TEST(plan, fuzz) {
  static const u64 numbers[] = {0, 1, 2, 7, 8, 15, 16, 63, 64, 80, 255, 256, 4095, 4096, 0x7fff, 0xffff, 0x7fffffff, 0x80000000,
                                0xfffffff8, 0xffffffff, 1ull << 32, 1ull << 63, ~0ull};
  size_t size;
  sample();
  u8 *valid = plan_end(&b, &size), *bytes = malloc(size + 64);
  u32 accepted = 0, cases = times(400000);
  volatile u64 sum = 0;
  for (u32 i = 0; i < cases; i++) {
    size_t length = size;
    memcpy(bytes, valid, size);
    for (u64 changes = 1 + chance() % 4; changes; changes--) {
      size_t at = chance() % size, width = 1u << chance() % 4;
      u64 value = chance() % 3 ? numbers[chance() % COUNT(numbers)] : chance();
      if (chance() % 2) at = at / width * width;
      if (at + width <= size) memcpy(bytes + at, &value, width);
    }
    if (chance() % 8 == 0) length = chance() % (size + 1);
    if (chance() % 2 == 0 && length >= 12) memcpy(bytes + 8, &(u32){(u32)length}, 4);
    // A block of exactly that size, so that one byte too far is seen.
    u8 *exact = malloc(length ? length : 1);
    memcpy(exact, bytes, length);
    if (plan_check(exact, length, 2) == RULE_NONE) {
      accepted++;
      sum += read_all(exact);
    }
    free(exact);
  }
  free(valid);
  free(bytes);
  // The mutations must not be so wild that nothing behind the header is reached.
  CHECK(accepted > cases / 100 && accepted < cases);
}
