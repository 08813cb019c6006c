// Builds launch plans for tests.
#pragma once
#include "../../plan.h"

struct builder {
  struct plan head;
  struct step step[256];
  u32 steps;
  u8 data[65536];
  u32 size;
};

void plan_begin(struct builder *b);
u32 plan_bytes(struct builder *b, const void *bytes, u32 size, u32 align);
u32 plan_string(struct builder *b, const char *text);
u32 plan_list(struct builder *b, const char *const *words);
struct step *plan_step(struct builder *b, u16 op, u32 kinds, const u64 *arguments, u32 count);
#define STEP(b, op, kinds, ...) plan_step(b, op, kinds, (const u64[]){__VA_ARGS__}, sizeof((const u64[]){__VA_ARGS__}) / 8)
struct step *plan_call(struct builder *b, long number, u32 kinds, const u64 *arguments, u32 count);
#define CALL(b, number, kinds, ...) plan_call(b, number, kinds, (const u64[]){__VA_ARGS__}, sizeof((const u64[]){__VA_ARGS__}) / 8)
// EXEC of these words, the first of which is the path.
struct step *plan_exec(struct builder *b, const char *const *words);
#define EXEC(b, ...) plan_exec(b, (const char *const[]){__VA_ARGS__, NULL})
// The plan as bytes of its own, exactly as long as the plan is.
u8 *plan_end(const struct builder *b, size_t *size);
