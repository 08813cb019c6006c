package dev.kapal.linux;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Capabilities by name, number and mask; see capabilities(7). */
public final class Capabilities {
  private static final List<String> NAMES =
      List.of(
          "CHOWN",
          "DAC_OVERRIDE",
          "DAC_READ_SEARCH",
          "FOWNER",
          "FSETID",
          "KILL",
          "SETGID",
          "SETUID",
          "SETPCAP",
          "LINUX_IMMUTABLE",
          "NET_BIND_SERVICE",
          "NET_BROADCAST",
          "NET_ADMIN",
          "NET_RAW",
          "IPC_LOCK",
          "IPC_OWNER",
          "SYS_MODULE",
          "SYS_RAWIO",
          "SYS_CHROOT",
          "SYS_PTRACE",
          "SYS_PACCT",
          "SYS_ADMIN",
          "SYS_BOOT",
          "SYS_NICE",
          "SYS_RESOURCE",
          "SYS_TIME",
          "SYS_TTY_CONFIG",
          "MKNOD",
          "LEASE",
          "AUDIT_WRITE",
          "AUDIT_CONTROL",
          "SETFCAP",
          "MAC_OVERRIDE",
          "MAC_ADMIN",
          "SYSLOG",
          "WAKE_ALARM",
          "BLOCK_SUSPEND",
          "AUDIT_READ",
          "PERFMON",
          "BPF",
          "CHECKPOINT_RESTORE");

  private Capabilities() {}

  /** All 41 names that this program knows, such as CAP_CHOWN; the index is the number. */
  public static List<String> names() {
    return NAMES.stream().map(name -> "CAP_" + name).toList();
  }

  /** The number of a name, with or without CAP_, in any case; empty when there is none. */
  public static Optional<Integer> number(String name) {
    String upper = name.toUpperCase(Locale.ROOT);
    int index = NAMES.indexOf(upper.startsWith("CAP_") ? upper.substring(4) : upper);
    return index < 0 ? Optional.empty() : Optional.of(index);
  }

  /** The name of a number; CAP_N where the kernel knows one that we do not. */
  public static String name(int number) {
    return "CAP_" + (number >= 0 && number < NAMES.size() ? NAMES.get(number) : number);
  }

  /**
   * The mask of some names.
   *
   * @throws IllegalArgumentException when one is unknown
   */
  public static long mask(Iterable<String> names) {
    long mask = 0;
    for (String name : names) {
      mask |=
          1L
              << number(name)
                  .orElseThrow(() ->
                      new IllegalArgumentException(
                          "unknown capability " + ErrnoException.quote(name)));
    }
    return mask;
  }

  /** The names in a mask, lowest number first. */
  public static List<String> names(long mask) {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < 64; i++) {
      if ((mask >>> i & 1) != 0) {
        names.add(name(i));
      }
    }
    return names;
  }

  /** The highest capability of this kernel, from /proc/sys/kernel/cap_last_cap. */
  public static int last() {
    return Integer.parseInt(ProcFiles.text("/proc/sys/kernel/cap_last_cap").strip());
  }

  /** The sets of a process, from /proc/PID/status; empty when there is no such process. */
  public static Optional<Sets> of(int pid) {
    return ProcFiles.textIfExists("/proc/" + pid + "/status").map(Sets::parse);
  }

  /** The five sets of a process as masks. */
  public record Sets(
      long inheritable, long permitted, long effective, long bounding, long ambient) {
    static Sets parse(String status) {
      return new Sets(
          hex(status, "CapInh"),
          hex(status, "CapPrm"),
          hex(status, "CapEff"),
          hex(status, "CapBnd"),
          hex(status, "CapAmb"));
    }

    private static long hex(String status, String field) {
      String value =
          ProcFiles.field(status, field)
              .orElseThrow(() -> new ProcFormatException("/proc/PID/status", field, "there"));
      try {
        return Long.parseUnsignedLong(value, 16);
      } catch (NumberFormatException _) {
        throw new ProcFormatException("/proc/PID/status", value, "a mask of capabilities");
      }
    }
  }
}
