package dev.kapal.linux;

import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A machine architecture as system calls and seccomp see it. X86 and ARM are there for the 32-bit
 * programs that 64-bit kernels also run.
 */
public enum Arch {
  X86_64(62, 0xc000003e, "syscalls-x86_64.txt"),
  ARM64(183, 0xc00000b7, "syscalls-arm64.txt"),
  X86(3, 0x40000003, "syscalls-x86.txt"),
  ARM(40, 0x40000028, "syscalls-arm.txt");

  private final int elfMachine;
  private final int auditArch;
  private final String resource;

  Arch(int elfMachine, int auditArch, String resource) {
    this.elfMachine = elfMachine;
    this.auditArch = auditArch;
    this.resource = resource;
  }

  /** The machine that this runs on. */
  public static Arch host() {
    return switch (System.getProperty("os.arch", "")) {
      case "amd64", "x86_64" -> X86_64;
      case "aarch64" -> ARM64;
      case String other ->
          throw new IllegalStateException(
              "Kapal runs on x86-64 and arm64, not on " + other + ": use a JDK for one of these");
    };
  }

  /** e_machine of an ELF header. */
  public int elfMachine() {
    return elfMachine;
  }

  /** AUDIT_ARCH_* as seccomp filters see it. */
  public int auditArch() {
    return auditArch;
  }

  /** All system calls, name → number. */
  public Map<String, Integer> syscalls() {
    return SyscallTable.of(resource);
  }

  /** The number of a system call; empty when this architecture has none of that name. */
  public OptionalInt syscall(String name) {
    Integer number = syscalls().get(name);
    return number == null ? OptionalInt.empty() : OptionalInt.of(number);
  }

  /** The name of a system call. */
  public Optional<String> syscallName(int number) {
    return syscalls().entrySet().stream()
        .filter(entry -> entry.getValue() == number)
        .map(Map.Entry::getKey)
        .findFirst();
  }
}
