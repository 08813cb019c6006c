#include "names.h"
#include "sys.h"

static const struct { const char *name; int (*main)(int, char **); } names[] = {
    {"kapal", client_main}, {"kapal-monitor", monitor_main}, {"kapal-pause", pause_main}, {"kapal-init", init_main},
    {"kapal-oci", oci_main}, {"kapal-probe", probe_main}, {"kapal-connect", connect_main},
    {"kapal-member", member_main}};

int main(int count, char **words) {
  if (count < 1) return 2;
  const char *name = strrchr(words[0], '/') ? strrchr(words[0], '/') + 1 : words[0];
  if (count > 2 && strcmp(words[1], "--as") == 0) {
    name = words[2];
    words += 2;
    count -= 2;
  }
  for (u32 i = 1; i < COUNT(names); i++) {
    if (strcmp(names[i].name, name) == 0) return names[i].main(count, words);
  }
  return client_main(count, words);
}
