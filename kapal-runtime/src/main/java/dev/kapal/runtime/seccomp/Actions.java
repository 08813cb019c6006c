package dev.kapal.runtime.seccomp;

import dev.kapal.oci.runtime.SeccompAction;
import dev.kapal.runtime.ContainerException;
import java.util.Optional;

/** Return values of a filter (linux/seccomp.h). */
final class Actions {
  static final int KILL_PROCESS = 0x80000000;
  static final int KILL_THREAD = 0;
  static final int ALLOW = 0x7fff0000;
  static final int ENOSYS = 0x00050000 | 38;
  private static final int EPERM = 1;

  private Actions() {}

  static int value(SeccompAction action, Optional<Integer> errno) {
    int data = errno.orElse(EPERM) & 0xffff;
    return switch (action) {
      case KILL, KILL_THREAD -> KILL_THREAD;
      case KILL_PROCESS -> KILL_PROCESS;
      case TRAP -> 0x00030000;
      case ERRNO -> 0x00050000 | data;
      case TRACE -> 0x7ff00000 | data;
      case ALLOW -> ALLOW;
      case LOG -> 0x7ffc0000;
      case NOTIFY -> 0x7fc00000;
      case UNKNOWN ->
          throw new ContainerException.Invalid("The seccomp filter has an unknown action");
    };
  }

  /** Whether calls that nobody thought of are let through anyway. */
  static boolean lenient(int value) {
    int action = value & 0xffff0000;
    return action == ALLOW || action == 0x7ffc0000 || action == 0x7ff00000 || value == ENOSYS;
  }
}
