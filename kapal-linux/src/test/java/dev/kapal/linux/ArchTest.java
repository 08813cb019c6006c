package dev.kapal.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ArchTest {
  private static final List<String> NEEDED =
      List.of(
          "mount",
          "umount2",
          "pivot_root",
          "chroot",
          "unshare",
          "setns",
          "clone",
          "clone3",
          "execve",
          "prctl",
          "seccomp",
          "setuid",
          "setgid",
          "setgroups",
          "capset",
          "openat",
          "openat2",
          "fsopen",
          "fsconfig",
          "fsmount",
          "open_tree",
          "move_mount",
          "mount_setattr",
          "sethostname",
          "setdomainname",
          "prlimit64",
          "mknodat",
          "fchownat",
          "linkat",
          "keyctl",
          "close_range",
          "pidfd_open",
          "setsid",
          "ioctl",
          "personality",
          "sched_setattr",
          "set_mempolicy",
          "ioprio_set",
          "umask",
          "fchdir",
          "dup3",
          "symlinkat",
          "mkdirat");

  @ParameterizedTest
  @EnumSource(Arch.class)
  void tablesAreWhole(Arch arch) {
    Map<String, Integer> table = arch.syscalls();
    assertThat(table).hasSizeGreaterThan(300).containsKeys(NEEDED.toArray(new String[0]));
    assertThat(new HashSet<>(table.values())).hasSameSizeAs(table.keySet());
    assertThat(table.values()).allMatch(number -> number >= 0);
    // One number for all architectures since 5.1.
    assertThat(table).containsEntry("pidfd_open", 434).containsEntry("cachestat", 451);
    assertThat(arch.syscallName(arch.syscall("openat2").orElseThrow())).contains("openat2");
    assertThat(arch.syscall("no_such_call")).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "X86_64, read, 0", "X86_64, execve, 59", "X86_64, mount, 165",
    "ARM64, read, 63", "ARM64, execve, 221", "ARM64, mount, 40",
    "X86, read, 3", "X86, execve, 11", "X86, mount, 21",
    "ARM, read, 3", "ARM, execve, 11", "ARM, cacheflush, 983042"
  })
  void knownNumbers(Arch arch, String name, int number) {
    assertThat(arch.syscall(name)).hasValue(number);
  }

  @ParameterizedTest
  @CsvSource({"X86_64, unistd_64.h", "X86, unistd_32.h"})
  void agreesWithThisHostsHeaders(Arch arch, String header) throws IOException {
    Path file = Path.of("/usr/include/x86_64-linux-gnu/asm", header);
    assumeTrue(Files.exists(file), "needs " + file + " (linux-libc-dev)");
    Map<String, Integer> host = new TreeMap<>();
    Matcher matcher = Pattern.compile("#define __NR_(\\w+) (\\d+)").matcher(Files.readString(file));
    while (matcher.find()) {
      host.put(matcher.group(1), Integer.valueOf(matcher.group(2)));
    }
    assertThat(host).hasSizeGreaterThan(300);
    // A newer header may know calls that we do not; those that we know have to be the same.
    host.keySet().retainAll(arch.syscalls().keySet());
    assertThat(arch.syscalls()).containsAllEntriesOf(host);
    assertThat(host).hasSizeGreaterThan(300);
  }

  @Test
  void arm64AgreesWithItsHeaders() throws IOException {
    Path file = Path.of("/usr/aarch64-linux-gnu/include/asm-generic/unistd.h");
    assumeTrue(Files.exists(file), "needs " + file + " (libc6-dev-arm64-cross)");
    Map<String, Integer> header = new TreeMap<>();
    Matcher matcher = Pattern.compile("#define __NR_(\\w+) (\\d+)").matcher(Files.readString(file));
    while (matcher.find()) {
      header.put(matcher.group(1), Integer.valueOf(matcher.group(2)));
    }
    header.keySet().retainAll(Arch.ARM64.syscalls().keySet());
    assertThat(header).hasSizeGreaterThan(250);
    assertThat(Arch.ARM64.syscalls()).containsAllEntriesOf(header);
  }

  /** Octal, as in asm/fcntl.h of each. */
  @ParameterizedTest
  @CsvSource({
    "X86_64, O_DIRECTORY, 200000", "X86_64, O_NOFOLLOW, 400000",
    "X86_64, O_DIRECT, 40000", "X86_64, O_LARGEFILE, 100000",
    "ARM64, O_DIRECTORY, 40000", "ARM64, O_NOFOLLOW, 100000",
    "ARM64, O_DIRECT, 200000", "ARM64, O_LARGEFILE, 400000"
  })
  void flagsThatDiffer(Arch arch, String name, String octal) {
    int flag =
        switch (name) {
          case "O_DIRECTORY" -> Fcntl.directory(arch);
          case "O_NOFOLLOW" -> Fcntl.noFollow(arch);
          case "O_DIRECT" -> Fcntl.direct(arch);
          default -> Fcntl.largeFile(arch);
        };
    assertThat(flag).isEqualTo(Integer.parseInt(octal, 8));
  }

  @Test
  void constants() {
    assertThat(Arch.X86_64.elfMachine()).isEqualTo(62);
    assertThat(Arch.ARM64.elfMachine()).isEqualTo(183);
    // ELF machine | 64 bit | little-endian, see linux/audit.h.
    assertThat(Arch.X86_64.auditArch()).isEqualTo(62 | 0x80000000 | 0x40000000);
    assertThat(Arch.ARM64.auditArch()).isEqualTo(183 | 0x80000000 | 0x40000000);
    assertThat(Arch.X86.auditArch()).isEqualTo(3 | 0x40000000);
    assertThat(Arch.ARM.auditArch()).isEqualTo(40 | 0x40000000);
  }
}
