package dev.kapal.runtime.seccomp;

import dev.kapal.oci.runtime.Seccomp;

/**
 * Conditions on arguments: unsigned 64-bit comparisons made of 32-bit ones, the upper half first.
 */
final class Conditions {
  private Conditions() {}

  /** Goes on when it holds, jumps when it does not. */
  static void emit(Bpf bpf, Seccomp.Arg arg, Bpf.Label fail) {
    int low = 16 + 8 * arg.index();
    int high = low + 4;
    int valueHigh = (int) (arg.value() >>> 32);
    int valueLow = (int) arg.value();
    Bpf.Label pass = new Bpf.Label();
    bpf.load(high);
    switch (arg.op()) {
      case EQ -> {
        bpf.branch(Bpf.JEQ, valueHigh, Bpf.next(), fail);
        bpf.load(low);
        bpf.branch(Bpf.JEQ, valueLow, Bpf.next(), fail);
      }
      case NE -> {
        bpf.branch(Bpf.JEQ, valueHigh, Bpf.next(), pass);
        bpf.load(low);
        bpf.branch(Bpf.JEQ, valueLow, fail, Bpf.next());
      }
      case GT, GE -> {
        bpf.branch(Bpf.JGT, valueHigh, pass, Bpf.next());
        bpf.branch(Bpf.JEQ, valueHigh, Bpf.next(), fail);
        bpf.load(low);
        bpf.branch(
            arg.op() == dev.kapal.oci.runtime.SeccompOperator.GT ? Bpf.JGT : Bpf.JGE,
            valueLow,
            Bpf.next(),
            fail);
      }
      case LT, LE -> {
        bpf.branch(Bpf.JGT, valueHigh, fail, Bpf.next());
        bpf.branch(Bpf.JEQ, valueHigh, Bpf.next(), pass);
        bpf.load(low);
        bpf.branch(
            arg.op() == dev.kapal.oci.runtime.SeccompOperator.LT ? Bpf.JGE : Bpf.JGT,
            valueLow,
            fail,
            Bpf.next());
      }
      case MASKED_EQ -> {
        // What the mask leaves out of the second value could never be equal; libseccomp drops it
        // too.
        long wanted = arg.valueTwo() & arg.value();
        bpf.and(valueHigh);
        bpf.branch(Bpf.JEQ, (int) (wanted >>> 32), Bpf.next(), fail);
        bpf.load(low);
        bpf.and(valueLow);
        bpf.branch(Bpf.JEQ, (int) wanted, Bpf.next(), fail);
      }
      case UNKNOWN ->
          throw new IllegalStateException("validation lets no unknown operator through");
    }
    bpf.here(pass);
  }
}
