#include "builder.h"

#include "t.h"

void plan_begin(struct builder *b) {
  memset(b, 0, sizeof *b);
  b->head = (struct plan){.magic = PLAN_MAGIC, .version = 1, .machine = PLAN_MACHINE, .slots = 16, .cgroup_slot = NONE};
}

u32 plan_bytes(struct builder *b, const void *bytes, u32 size, u32 align) {
  b->size = (b->size + align - 1) / align * align;
  CHECK(b->size + size < sizeof b->data);
  u32 at = b->size;
  memcpy(b->data + at, bytes, size);
  b->size += size;
  return at;
}

u32 plan_string(struct builder *b, const char *text) { return plan_bytes(b, text, (u32)strlen(text) + 1, 1); }

u32 plan_list(struct builder *b, const char *const *words) {
  u32 list[64] = {0};
  for (; words[list[0]]; list[0]++) list[1 + list[0]] = plan_string(b, words[list[0]]);
  return plan_bytes(b, list, 4 + 4 * list[0], 4);
}

struct step *plan_step(struct builder *b, u16 op, u32 kinds, const u64 *arguments, u32 count) {
  struct step *step = &b->step[b->steps++];
  *step = (struct step){.op = op, .kinds = kinds, .out = NONE};
  memcpy(step->arg, arguments, count * sizeof *arguments);
  return step;
}

struct step *plan_call(struct builder *b, long number, u32 kinds, const u64 *arguments, u32 count) {
  struct step *step = plan_step(b, OP_SYSCALL, kinds, arguments, count);
  step->number = (u32)number;
  return step;
}

struct step *plan_exec(struct builder *b, const char *const *words) {
  u32 paths = plan_list(b, (const char *const[]){words[0], NULL}), arguments = plan_list(b, words);
  u32 environment = plan_list(b, (const char *const[]){"KAPAL=test", NULL});
  return STEP(b, OP_EXEC, 0x111, paths, arguments, environment);
}

u8 *plan_end(const struct builder *b, size_t *size) {
  struct plan head = b->head;
  head.init_steps = b->steps - head.stage_steps;
  head.steps_offset = sizeof head;
  head.data_offset = (u32)(sizeof head + b->steps * sizeof(struct step));
  head.data_length = b->size + 1;
  head.length = head.data_offset + head.data_length;
  u8 *bytes = calloc(1, head.length);
  memcpy(bytes, &head, sizeof head);
  memcpy(bytes + sizeof head, b->step, b->steps * sizeof(struct step));
  memcpy(bytes + head.data_offset, b->data, b->size);
  *size = head.length;
  return bytes;
}
