package dev.kapal.runtime.seccomp;

import java.util.List;

/**
 * Runs a classic BPF program on a struct seccomp_data, with the kernel's own checks of programs.
 */
final class Interpreter {
  private Interpreter() {}

  static int run(List<Bpf.Instruction> program, int nr, int arch, long[] args) {
    int[] data = new int[16];
    data[0] = nr;
    data[1] = arch;
    for (int i = 0; i < 6; i++) {
      data[4 + 2 * i] = (int) args[i];
      data[5 + 2 * i] = (int) (args[i] >>> 32);
    }
    int a = 0;
    int pc = 0;
    while (true) {
      Bpf.Instruction i = program.get(pc++);
      switch (i.code()) {
        case Bpf.LOAD -> a = data[aligned(i.k())];
        case Bpf.AND -> a &= i.k();
        case Bpf.JUMP -> pc += i.k();
        case Bpf.JEQ -> pc += a == i.k() ? i.jt() : i.jf();
        case Bpf.JGT -> pc += Integer.compareUnsigned(a, i.k()) > 0 ? i.jt() : i.jf();
        case Bpf.JGE -> pc += Integer.compareUnsigned(a, i.k()) >= 0 ? i.jt() : i.jf();
        case Bpf.RETURN -> {
          return i.k();
        }
        default -> throw new IllegalStateException("code " + i.code());
      }
    }
  }

  private static int aligned(int offset) {
    if (offset < 0 || offset > 60 || offset % 4 != 0) {
      throw new IllegalStateException("load at " + offset);
    }
    return offset / 4;
  }
}
