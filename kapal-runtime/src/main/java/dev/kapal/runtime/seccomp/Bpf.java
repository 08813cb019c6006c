package dev.kapal.runtime.seccomp;

import dev.kapal.runtime.ContainerException;
import java.util.ArrayList;
import java.util.List;

/** Assembles classic BPF (linux/filter.h): forward jumps only, to labels. */
final class Bpf {
  static final int LOAD = 0x20;
  static final int AND = 0x54;
  static final int JUMP = 0x05;
  static final int JEQ = 0x15;
  static final int JGT = 0x25;
  static final int JGE = 0x35;
  static final int RETURN = 0x06;
  static final int MAX = 4096;

  /** A place further on. */
  static final class Label {
    private int index = -1;
  }

  /** An instruction of struct sock_filter. */
  record Instruction(int code, int jt, int jf, int k) {}

  private record Draft(int code, Label jt, Label jf, int k) {}

  private static final Label NEXT = new Label();
  private final List<Draft> drafts = new ArrayList<>();

  int size() {
    return drafts.size();
  }

  void here(Label label) {
    label.index = drafts.size();
  }

  void load(int offset) {
    add(LOAD, NEXT, NEXT, offset);
  }

  void and(int mask) {
    add(AND, NEXT, NEXT, mask);
  }

  void ret(int value) {
    add(RETURN, NEXT, NEXT, value);
  }

  void jump(Label target) {
    add(JUMP, target, NEXT, 0);
  }

  /** Jumps to one of two labels; {@link #next} is the next instruction. */
  void branch(int code, int value, Label yes, Label no) {
    add(code, yes, no, value);
  }

  static Label next() {
    return NEXT;
  }

  private void add(int code, Label jt, Label jf, int k) {
    drafts.add(new Draft(code, jt, jf, k));
  }

  List<Instruction> assemble() {
    if (drafts.size() > MAX) {
      throw new ContainerException.Invalid(
          "The seccomp filter compiles to "
              + drafts.size()
              + " instructions; the kernel takes "
              + MAX
              + ". Use fewer rules or conditions");
    }
    List<Instruction> program = new ArrayList<>(drafts.size());
    for (int i = 0; i < drafts.size(); i++) {
      Draft d = drafts.get(i);
      if (d.code() == JUMP) {
        program.add(new Instruction(JUMP, 0, 0, distance(d.jt(), i)));
      } else {
        program.add(new Instruction(d.code(), small(d.jt(), i), small(d.jf(), i), d.k()));
      }
    }
    return program;
  }

  private static int small(Label label, int index) {
    int distance = distance(label, index);
    if (distance > 255) {
      throw new IllegalStateException("a conditional jump over " + distance + " instructions");
    }
    return distance;
  }

  private static int distance(Label label, int index) {
    return label == NEXT ? 0 : label.index - index - 1;
  }
}
