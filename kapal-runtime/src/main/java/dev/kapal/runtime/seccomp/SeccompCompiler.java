package dev.kapal.runtime.seccomp;

import dev.kapal.linux.Arch;
import dev.kapal.oci.runtime.Seccomp;
import dev.kapal.oci.runtime.SeccompAction;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.plan.Bytes;
import dev.kapal.runtime.plan.SeccompProgram;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Compiles a filter to BPF; a pure function.
 *
 * <p>What a filter means: of the rules that name a call the first one whose conditions hold
 * decides; when none does, the default action. A call of an architecture that is not listed kills
 * the process. A call with a number above every one that the filter names for its architecture is
 * newer than the filter: unless the default lets it through, it fails with ENOSYS, so that programs
 * fall back to what the author of the filter knew.
 *
 * <p>The program finds a call's rule by a balanced tree of comparisons over ranges of numbers with
 * the same rule.
 */
public final class SeccompCompiler {
  private static final Map<String, Integer> FLAGS =
      Map.of(
          "SECCOMP_FILTER_FLAG_TSYNC",
          1,
          "SECCOMP_FILTER_FLAG_LOG",
          2,
          "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
          4,
          "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
          32);

  /** The flags of filters that can be compiled. */
  public static List<String> flags() {
    return FLAGS.keySet().stream().sorted().toList();
  }

  /** The architectures that filters may name. */
  public static List<String> architectures() {
    return Stream.of(Abi.values()).map(a -> a.name).toList();
  }

  private static final int X32_BIT = 0x40000000;

  /**
   * A table of system calls: x32 shares its audit architecture with x86-64 and has a bit in its
   * numbers.
   */
  enum Abi {
    X86_64("SCMP_ARCH_X86_64", Arch.X86_64, 0),
    X86("SCMP_ARCH_X86", Arch.X86, 0),
    X32("SCMP_ARCH_X32", Arch.X86_64, X32_BIT),
    ARM64("SCMP_ARCH_AARCH64", Arch.ARM64, 0),
    ARM("SCMP_ARCH_ARM", Arch.ARM, 0);

    final String name;
    final Arch arch;
    final int bit;

    Abi(String name, Arch arch, int bit) {
      this.name = name;
      this.arch = arch;
      this.bit = bit;
    }
  }

  /** What happens to a call: the first clause whose conditions hold. */
  record Clause(List<Seccomp.Arg> args, int value) {}

  /** Numbers from {@code first} to before the next range's first, and what happens to them. */
  record Range(long first, List<Clause> clauses) {}

  private SeccompCompiler() {}

  /**
   * Compiles a filter for a machine.
   *
   * @throws ContainerException.Invalid if it asks for something that does not exist, or is too
   *     large
   */
  public static SeccompProgram compile(Seccomp filter, Arch host) {
    List<Bpf.Instruction> program = instructions(filter, host);
    Bytes bytes =
        Bytes.struct(
            8 * program.size(),
            b ->
                program.forEach(i ->
                    b.putShort((short) i.code())
                        .put((byte) i.jt())
                        .put((byte) i.jf())
                        .putInt(i.k())));
    return new SeccompProgram(bytes, program.size(), flags(filter));
  }

  static int flags(Seccomp filter) {
    boolean listener = filter.syscalls().stream().anyMatch(r -> r.action() == SeccompAction.NOTIFY);
    // As runc: without word to the contrary speculation is left as it is, which costs nothing.
    int flags = filter.flags().isEmpty() ? 4 : 0;
    for (String flag : filter.flags()) {
      Integer bit = FLAGS.get(flag);
      if (bit == null) {
        throw new ContainerException.Invalid(
            "The seccomp filter has the unknown flag " + flag + ": use one of " + FLAGS.keySet());
      }
      flags |= bit;
    }
    // A launch has one thread, and the kernel refuses both together.
    return listener ? (flags & ~1) | SeccompProgram.NEW_LISTENER : flags & ~32;
  }

  static List<Bpf.Instruction> instructions(Seccomp filter, Arch host) {
    Set<Abi> abis = abis(filter, host);
    Bpf bpf = new Bpf();
    bpf.load(4);
    for (Arch arch : new LinkedHashSet<>(abis.stream().map(a -> a.arch).toList())) {
      Bpf.Label other = new Bpf.Label();
      Bpf.Label mine = new Bpf.Label();
      bpf.branch(Bpf.JEQ, arch.auditArch(), mine, Bpf.next());
      bpf.jump(other);
      bpf.here(mine);
      architecture(bpf, filter, arch, abis);
      bpf.here(other);
    }
    bpf.ret(Actions.KILL_PROCESS);
    return bpf.assemble();
  }

  static Set<Abi> abis(Seccomp filter, Arch host) {
    Set<Abi> abis = new LinkedHashSet<>();
    for (Abi abi : Abi.values()) {
      boolean runs =
          host == Arch.X86_64
              ? abi.arch == Arch.X86_64 || abi.arch == Arch.X86
              : abi.arch == Arch.ARM64 || abi.arch == Arch.ARM;
      boolean own = abi.arch == host && abi.bit == 0;
      if (runs && (own || filter.architectures().contains(abi.name))) {
        abis.add(abi);
      }
    }
    return abis;
  }

  private static void architecture(Bpf bpf, Seccomp filter, Arch arch, Set<Abi> abis) {
    bpf.load(0);
    List<Range> ranges = new ArrayList<>();
    for (Abi abi : abis) {
      if (abi.arch == arch) {
        ranges.addAll(ranges(filter, abi));
      }
    }
    if (arch == Arch.X86_64 && !abis.contains(Abi.X32)) {
      // The number -1 is a tracer's "no call"; other numbers with that bit are calls of another
      // architecture.
      ranges.add(new Range(X32_BIT, List.of(new Clause(List.of(), Actions.KILL_PROCESS))));
      ranges.add(new Range(0xffffffffL, List.of(new Clause(List.of(), defaultValue(filter)))));
    }
    tree(bpf, ranges, 0, ranges.size());
  }

  static int defaultValue(Seccomp filter) {
    return Actions.value(filter.defaultAction(), filter.defaultErrnoRet());
  }

  /**
   * Ranges of numbers of an ABI, ascending, covering all of them; each ends with an unconditional
   * clause.
   */
  static List<Range> ranges(Seccomp filter, Abi abi) {
    Map<String, Integer> table = abi.arch.syscalls();
    TreeMap<Integer, List<Clause>> calls = new TreeMap<>();
    for (Seccomp.Rule rule : filter.syscalls()) {
      int value = Actions.value(rule.action(), rule.errnoRet());
      for (String name : rule.names()) {
        Integer number = table.get(name);
        if (number != null) {
          List<Clause> clauses = calls.computeIfAbsent(number, _ -> new ArrayList<>());
          alternatives(rule).forEach(args -> clauses.add(new Clause(args, value)));
        }
      }
    }
    int fallback = defaultValue(filter);
    List<Clause> otherwise = List.of(new Clause(List.of(), fallback));
    List<Range> ranges = new ArrayList<>();
    long next = abi.bit;
    for (Map.Entry<Integer, List<Clause>> call : calls.entrySet()) {
      long number = abi.bit + (long) call.getKey();
      if (number > next) {
        add(ranges, next, otherwise);
      }
      add(ranges, number, decided(call.getValue(), fallback));
      next = number + 1;
    }
    int newer = Actions.lenient(fallback) || calls.isEmpty() ? fallback : Actions.ENOSYS;
    add(ranges, next, List.of(new Clause(List.of(), newer)));
    return ranges;
  }

  private static void add(List<Range> ranges, long first, List<Clause> clauses) {
    if (ranges.isEmpty() || !ranges.getLast().clauses().equals(clauses)) {
      ranges.add(new Range(first, clauses));
    }
  }

  /** Cuts what comes after an unconditional clause. */
  private static List<Clause> decided(List<Clause> clauses, int fallback) {
    List<Clause> decided = new ArrayList<>();
    for (Clause clause : clauses) {
      decided.add(clause);
      if (clause.args().isEmpty()) {
        return decided;
      }
    }
    decided.add(new Clause(List.of(), fallback));
    return decided;
  }

  /**
   * Conditions on one argument twice cannot be meant to hold together: as with runc, each one
   * stands alone then.
   */
  private static List<List<Seccomp.Arg>> alternatives(Seccomp.Rule rule) {
    long distinct = rule.args().stream().map(Seccomp.Arg::index).distinct().count();
    return distinct == rule.args().size()
        ? List.of(rule.args())
        : rule.args().stream().map(List::of).toList();
  }

  private static void tree(Bpf bpf, List<Range> ranges, int from, int to) {
    if (to - from == 1) {
      leaf(bpf, ranges.get(from).clauses());
      return;
    }
    int middle = (from + to) >>> 1;
    Bpf trial = new Bpf();
    tree(trial, ranges, from, middle);
    Bpf.Label right = new Bpf.Label();
    int pivot = (int) ranges.get(middle).first();
    if (trial.size() <= 255) {
      bpf.branch(Bpf.JGE, pivot, right, Bpf.next());
    } else {
      Bpf.Label left = new Bpf.Label();
      bpf.branch(Bpf.JGE, pivot, Bpf.next(), left);
      bpf.jump(right);
      bpf.here(left);
    }
    tree(bpf, ranges, from, middle);
    bpf.here(right);
    tree(bpf, ranges, middle, to);
  }

  private static void leaf(Bpf bpf, List<Clause> clauses) {
    for (Clause clause : clauses) {
      Bpf.Label fail = new Bpf.Label();
      clause.args().forEach(arg -> Conditions.emit(bpf, arg, fail));
      bpf.ret(clause.value());
      bpf.here(fail);
    }
  }
}
