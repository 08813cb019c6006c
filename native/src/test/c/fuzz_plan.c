// libFuzzer's way into the plan checker; built where clang is: `make fuzz`, then target/test/fuzz-plan.
#include "../../plan.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
  u8 *aligned = malloc(size ? size : 1);
  if (size) memcpy(aligned, data, size);
  u32 descriptors = 0;
  if (size >= 16) memcpy(&descriptors, data + 12, 4);
  plan_check(aligned, size, descriptors);
  free(aligned);
  return 0;
}
