package dev.kapal.runtime.seccomp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.linux.Arch;
import dev.kapal.oci.runtime.Seccomp;
import dev.kapal.oci.runtime.SeccompAction;
import dev.kapal.oci.runtime.SeccompOperator;
import dev.kapal.runtime.ContainerException;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SeccompCompilerTest {
  private static final long[] NO_ARGS = new long[6];

  /** What a filter means, word by word from the compiler's Javadoc, without any cleverness. */
  private static int naive(Seccomp filter, Arch host, int nr, int auditArch, long[] args) {
    int fallback = SeccompCompiler.defaultValue(filter);
    Set<SeccompCompiler.Abi> abis = SeccompCompiler.abis(filter, host);
    SeccompCompiler.Abi abi = null;
    for (SeccompCompiler.Abi candidate : abis) {
      boolean x32Number =
          candidate.arch == Arch.X86_64 && Integer.compareUnsigned(nr, 0x40000000) >= 0;
      if (candidate.arch.auditArch() == auditArch
          && (candidate.arch != Arch.X86_64 || x32Number == (candidate.bit != 0))) {
        abi = candidate;
      }
    }
    if (abi == null) {
      boolean tracer = nr == -1 && abis.stream().anyMatch(x -> x.arch.auditArch() == auditArch);
      return tracer ? fallback : 0x80000000;
    }
    int number = nr & ~abi.bit;
    int newest = -1;
    for (Seccomp.Rule rule : filter.syscalls()) {
      for (String name : rule.names()) {
        Integer known = abi.arch.syscalls().get(name);
        if (known == null) {
          continue;
        }
        newest = Math.max(newest, known);
        if (known == number && holds(rule.args(), args)) {
          return Actions.value(rule.action(), rule.errnoRet());
        }
      }
    }
    boolean newer = newest >= 0 && Integer.compareUnsigned(number, newest) > 0;
    return newer && !Actions.lenient(fallback) ? Actions.ENOSYS : fallback;
  }

  private static boolean holds(List<Seccomp.Arg> conditions, long[] args) {
    Set<Integer> seen = new HashSet<>();
    boolean twice = false;
    for (Seccomp.Arg c : conditions) {
      twice |= !seen.add(c.index());
    }
    return conditions.isEmpty()
        || (twice
            ? conditions.stream().anyMatch(c -> holds(c, args))
            : conditions.stream().allMatch(c -> holds(c, args)));
  }

  private static boolean holds(Seccomp.Arg c, long[] args) {
    long a = args[c.index()];
    int order = Long.compareUnsigned(a, c.value());
    return switch (c.op()) {
      case EQ -> order == 0;
      case NE -> order != 0;
      case LT -> order < 0;
      case LE -> order <= 0;
      case GT -> order > 0;
      case GE -> order >= 0;
      case MASKED_EQ -> (a & c.value()) == (c.valueTwo() & c.value());
      case UNKNOWN -> throw new IllegalStateException();
    };
  }

  private static long interesting(Random random) {
    long[] some = {
      0,
      1,
      -1,
      0x7fffffffL,
      0x80000000L,
      0xffffffffL,
      0x100000000L,
      0x7e020000L,
      Long.MIN_VALUE,
      0x1_0000_0001L
    };
    long base = some[random.nextInt(some.length)];
    return random.nextInt(4) == 0 ? random.nextLong() : base + random.nextInt(3) - 1;
  }

  private static Seccomp random(Random random, Arch host) {
    List<String> names = new ArrayList<>(host.syscalls().keySet());
    SeccompAction[] actions = {
      SeccompAction.ALLOW,
      SeccompAction.ERRNO,
      SeccompAction.KILL,
      SeccompAction.KILL_PROCESS,
      SeccompAction.KILL_THREAD,
      SeccompAction.TRAP,
      SeccompAction.TRACE,
      SeccompAction.LOG,
      SeccompAction.NOTIFY
    };
    SeccompOperator[] operators = {
      SeccompOperator.EQ,
      SeccompOperator.NE,
      SeccompOperator.LT,
      SeccompOperator.LE,
      SeccompOperator.GT,
      SeccompOperator.GE,
      SeccompOperator.MASKED_EQ
    };
    List<Seccomp.Rule> rules = new ArrayList<>();
    for (int r = random.nextInt(8); r >= 0; r--) {
      List<String> some = new ArrayList<>();
      for (int n = random.nextInt(10); n >= 0; n--) {
        some.add(
            random.nextInt(20) == 0 ? "no_such_call" : names.get(random.nextInt(names.size())));
      }
      List<Seccomp.Arg> args = new ArrayList<>();
      for (int a = random.nextInt(4); a > 0; a--) {
        args.add(
            new Seccomp.Arg(
                random.nextInt(6),
                interesting(random),
                interesting(random),
                operators[random.nextInt(7)]));
      }
      rules.add(
          new Seccomp.Rule(
              some,
              actions[random.nextInt(9)],
              random.nextBoolean() ? Optional.empty() : Optional.of(random.nextInt(200)),
              args));
    }
    List<String> arches = new ArrayList<>();
    for (SeccompCompiler.Abi abi : SeccompCompiler.Abi.values()) {
      if (random.nextBoolean()) {
        arches.add(abi.name);
      }
    }
    return Seccomp.empty()
        .withDefaultAction(actions[random.nextInt(8)])
        .withArchitectures(arches)
        .withSyscalls(rules);
  }

  @Test
  void compiledFiltersDoWhatTheyMean() {
    Random random = new Random(7);
    for (int round = 0; round < 300; round++) {
      Arch host = random.nextBoolean() ? Arch.X86_64 : Arch.ARM64;
      Seccomp filter = random(random, host);
      List<Bpf.Instruction> program = SeccompCompiler.instructions(filter, host);
      assertThat(program.size()).isLessThanOrEqualTo(4096);
      for (int i = 0; i < 500; i++) {
        Arch arch = List.of(Arch.values()).get(random.nextInt(4));
        int nr =
            switch (random.nextInt(6)) {
              case 0 -> random.nextInt();
              case 1 -> -1;
              case 2 -> 0x40000000 | random.nextInt(500);
              default -> random.nextInt(500);
            };
        long[] args = new long[6];
        for (int a = 0; a < 6; a++) {
          args[a] = interesting(random);
        }
        assertThat(Interpreter.run(program, nr, arch.auditArch(), args))
            .as("round %d call %d of %s", round, nr, arch)
            .isEqualTo(naive(filter, host, nr, arch.auditArch(), args));
      }
    }
  }

  @Test
  void everyCallHasItsPlaceInTheDefaultProfile() {
    Map<String, List<String>> groups = DefaultProfile.groups();
    Set<String> named = new HashSet<>();
    groups.forEach((group, names) -> {
      assertThat(group).matches("allow|with CAP_[A-Z_]+|deny # .+");
      if (!group.startsWith("with ")) {
        names.forEach(n -> assertThat(named.add(n)).as(n).isTrue());
      }
    });
    groups.forEach((group, names) -> {
      if (group.startsWith("with ")) {
        names.forEach(n -> assertThat(groups.getOrDefault("allow", List.of())).doesNotContain(n));
        named.addAll(names);
      }
    });
    Set<String> missing = new TreeSet<>();
    for (Arch arch : Arch.values()) {
      missing.addAll(arch.syscalls().keySet());
    }
    missing.removeAll(named);
    assertThat(missing).isEmpty();
  }

  private static int call(Seccomp filter, String name, long... args) {
    long[] six = java.util.Arrays.copyOf(args, 6);
    return Interpreter.run(
        SeccompCompiler.instructions(filter, Arch.X86_64),
        Arch.X86_64.syscall(name).orElseThrow(),
        Arch.X86_64.auditArch(),
        six);
  }

  @Test
  void theDefaultProfileKnowsCapabilities() {
    Seccomp plain = DefaultProfile.filter(Arch.X86_64, List.of("CAP_CHOWN"));
    assertThat(call(plain, "read")).isEqualTo(Actions.ALLOW);
    assertThat(call(plain, "mount")).isEqualTo(0x50001);
    assertThat(call(plain, "clone", 0x11)).isEqualTo(Actions.ALLOW);
    assertThat(call(plain, "clone", 0x10000011)).isEqualTo(0x50001);
    assertThat(call(plain, "clone3")).isEqualTo(Actions.ENOSYS);
    assertThat(call(plain, "socket", 2)).isEqualTo(Actions.ALLOW);
    assertThat(call(plain, "socket", 40)).isEqualTo(0x50001);
    assertThat(call(plain, "personality", 0x40000)).isEqualTo(0x50001);
    assertThat(call(plain, "keyctl")).isEqualTo(0x50001);
    Seccomp admin = DefaultProfile.filter(Arch.X86_64, List.of("CAP_SYS_ADMIN"));
    assertThat(call(admin, "mount")).isEqualTo(Actions.ALLOW);
    assertThat(call(admin, "clone3")).isEqualTo(Actions.ALLOW);
    assertThat(call(admin, "keyctl")).isEqualTo(0x50001);
    assertThat(SeccompCompiler.instructions(plain, Arch.X86_64)).hasSizeLessThan(2000);
    Seccomp arm = DefaultProfile.filter(Arch.ARM64, List.of("CAP_CHOWN"));
    assertThat(arm.architectures()).containsExactly("SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM");
    assertThat(SeccompCompiler.instructions(arm, Arch.ARM64)).isNotEmpty();
  }

  @Test
  void newerCallsDoNotExist() {
    Seccomp filter =
        Seccomp.empty()
            .withDefaultAction(SeccompAction.ERRNO)
            .withSyscalls(
                List.of(
                    new Seccomp.Rule(
                        List.of("read", "write"),
                        SeccompAction.ALLOW,
                        Optional.empty(),
                        List.of())));
    List<Bpf.Instruction> program = SeccompCompiler.instructions(filter, Arch.X86_64);
    assertThat(Interpreter.run(program, 400, Arch.X86_64.auditArch(), NO_ARGS))
        .isEqualTo(Actions.ENOSYS);
    assertThat(Interpreter.run(program, 0, Arch.X86.auditArch(), NO_ARGS))
        .isEqualTo(Actions.KILL_PROCESS);
    assertThat(Interpreter.run(program, 0x40000000, Arch.X86_64.auditArch(), NO_ARGS))
        .isEqualTo(Actions.KILL_PROCESS);
  }

  @Test
  void refusesUnknownFlagsAndTooMuch() {
    assertThatThrownBy(() -> SeccompCompiler.flags(Seccomp.empty().withFlags(List.of("NOPE"))))
        .isInstanceOf(ContainerException.Invalid.class);
    List<Seccomp.Arg> conditions = new ArrayList<>();
    for (int i = 0; i < 1500; i++) {
      conditions.add(new Seccomp.Arg(0, i, 0, SeccompOperator.EQ));
    }
    Seccomp huge =
        Seccomp.empty()
            .withDefaultAction(SeccompAction.ERRNO)
            .withSyscalls(
                List.of(
                    new Seccomp.Rule(
                        List.of("read"), SeccompAction.ALLOW, Optional.empty(), conditions)));
    assertThatThrownBy(() -> SeccompCompiler.compile(huge, Arch.X86_64))
        .isInstanceOf(ContainerException.Invalid.class);
  }

  /** libseccomp compiles the same rules; both programs must answer every call the same. */
  @Test
  void agreesWithLibseccomp(@TempDir Path directory) throws Exception {
    Assumptions.assumeTrue(Files.exists(Path.of("/usr/include/seccomp.h")), "needs libseccomp-dev");
    Assumptions.assumeTrue(Arch.host() == Arch.X86_64, "needs x86-64");
    Seccomp filter = DefaultProfile.filter(Arch.X86_64, List.of("CAP_CHOWN", "CAP_SYS_PTRACE"));
    StringBuilder c =
        new StringBuilder("#include <seccomp.h>\n#include <stdlib.h>\nint main(void) {\n");
    c.append(
        "scmp_filter_ctx x = seccomp_init(SCMP_ACT_ERRNO(1));\nif (seccomp_arch_add(x, SCMP_ARCH_X86)) return 2;\n");
    c.append("seccomp_attr_set(x, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);\n");
    Set<String> known = new HashSet<>(Arch.X86_64.syscalls().keySet());
    known.addAll(Arch.X86.syscalls().keySet());
    for (Seccomp.Rule rule : filter.syscalls()) {
      for (String name : rule.names()) {
        if (!known.contains(name)) {
          continue;
        }
        String action =
            rule.action() == SeccompAction.ALLOW
                ? "SCMP_ACT_ALLOW"
                : "SCMP_ACT_ERRNO(" + rule.errnoRet().orElse(1) + ")";
        c.append("{int n = seccomp_syscall_resolve_name(\"")
            .append(name)
            .append("\"); if (n != __NR_SCMP_ERROR) seccomp_rule_add(x, ")
            .append(action);
        c.append(", n, ").append(rule.args().size());
        for (Seccomp.Arg arg : rule.args()) {
          String op =
              arg.op() == SeccompOperator.MASKED_EQ
                  ? "SCMP_CMP_MASKED_EQ"
                  : arg.op() == SeccompOperator.NE ? "SCMP_CMP_NE" : "SCMP_CMP_EQ";
          c.append(", SCMP_CMP(")
              .append(arg.index())
              .append(", ")
              .append(op)
              .append(", ")
              .append(arg.value())
              .append("UL, ")
              .append(arg.valueTwo())
              .append("UL)");
        }
        c.append("); else return_unknown(\"").append(name).append("\");}\n");
      }
    }
    c.append("return seccomp_export_bpf(x, 1) ? 3 : 0;\n}\n");
    String source =
        c.toString()
            .replace(
                "int main",
                "#include <stdio.h>\nstatic void return_unknown(const char *n) { fprintf(stderr, \"%s\\n\", n); }\nint main");
    Files.writeString(directory.resolve("f.c"), source);
    Process gcc =
        new ProcessBuilder(
                "gcc",
                "-O0",
                "-o",
                directory.resolve("f").toString(),
                directory.resolve("f.c").toString(),
                "-lseccomp")
            .inheritIO()
            .start();
    assertThat(gcc.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(gcc.exitValue()).isZero();
    Path errors = directory.resolve("unknown");
    Process export =
        new ProcessBuilder(directory.resolve("f").toString())
            .redirectError(errors.toFile())
            .start();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    export.getInputStream().transferTo(bytes);
    assertThat(export.waitFor()).isZero();
    Set<String> unknownToThem =
        new HashSet<>(Files.readString(errors, StandardCharsets.UTF_8).lines().toList());
    List<Bpf.Instruction> theirs = new ArrayList<>();
    ByteBuffer in = ByteBuffer.wrap(bytes.toByteArray()).order(ByteOrder.LITTLE_ENDIAN);
    while (in.hasRemaining()) {
      theirs.add(
          new Bpf.Instruction(
              in.getShort() & 0xffff, in.get() & 0xff, in.get() & 0xff, in.getInt()));
    }
    List<Bpf.Instruction> ours =
        SeccompCompiler.instructions(
            filter.withArchitectures(List.of("SCMP_ARCH_X86_64", "SCMP_ARCH_X86")), Arch.X86_64);
    int compared = 0;
    for (Arch arch : List.of(Arch.X86_64, Arch.X86)) {
      for (Map.Entry<String, Integer> call : arch.syscalls().entrySet()) {
        if (unknownToThem.contains(call.getKey())) {
          continue;
        }
        for (long a :
            new long[] {
              0, 1, 8, 17, 40, 0x20000, 0x20008, 0xffffffffL, 0x10000011L, 0x7e020000L, 0x100000028L
            }) {
          if (arch == Arch.X86 && a >>> 32 != 0) {
            continue; // Arguments of 32-bit calls have no upper half, and libseccomp does not look
            // at it.
          }
          long[] args = {a, 0, 0, 0, 0, 0};
          assertThat(Interpreter.run(ours, call.getValue(), arch.auditArch(), args))
              .as("%s of %s with %x", call.getKey(), arch, a)
              .isEqualTo(Interpreter.run(theirs, call.getValue(), arch.auditArch(), args));
          compared++;
        }
      }
    }
    assertThat(compared).isGreaterThan(5000);
  }
}
