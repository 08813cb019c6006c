package dev.kapal.linux;

import java.util.Map;

/** SECCOMP_RET_* by the names of /proc/sys/kernel/seccomp/actions_avail. */
final class SeccompAction {
  static final Map<String, Integer> NUMBERS =
      Map.of(
          "kill_process", 0x80000000,
          "kill_thread", 0,
          "trap", 0x30000,
          "errno", 0x50000,
          "user_notif", 0x7fc00000,
          "trace", 0x7ff00000,
          "log", 0x7ffc0000,
          "allow", 0x7fff0000);

  private SeccompAction() {}
}
