package dev.kapal.runtime.plan;

import dev.kapal.linux.Arch;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Collects the steps of one part. Owned by one compilation. Jumps are given as labels and resolved
 * at the end.
 */
final class Section {
  /** A place further on. */
  static final class Label {
    private int index = -1;
  }

  /** The slots of both parts, by name: a slot's name says what it holds. */
  static final class Slots {
    private final Map<String, Integer> numbers = new LinkedHashMap<>();

    Arg.Slot get(String name) {
      int next = numbers.size();
      return new Arg.Slot(numbers.computeIfAbsent(name, _ -> next), name);
    }

    List<Arg.Slot> all() {
      return numbers.entrySet().stream().map(e -> new Arg.Slot(e.getValue(), e.getKey())).toList();
    }

    int size() {
      return Math.max(1, numbers.size());
    }
  }

  /** A step being made. */
  final class Draft {
    private final Op op;
    private final String call;
    private final List<Arg> args;
    private final String purpose;
    private Optional<Arg.Slot> out = Optional.empty();
    private Optional<Label> skip = Optional.empty();
    private final List<Integer> errnos = new ArrayList<>();
    private final List<Optional<Label>> jumps = new ArrayList<>();

    private Draft(Op op, String call, List<Arg> args) {
      this.op = op;
      this.call = call;
      this.args = args;
      this.purpose = Section.this.purpose;
    }

    Draft out(Arg.Slot slot) {
      out = Optional.of(slot);
      return this;
    }

    Draft skipTo(Label label) {
      skip = Optional.of(label);
      return this;
    }

    Draft allow(int... errors) {
      for (int errno : errors) {
        errnos.add(errno);
        jumps.add(Optional.empty());
      }
      return this;
    }

    Draft on(int errno, Label label) {
      errnos.add(errno);
      jumps.add(Optional.of(label));
      return this;
    }

    private Step step(int index) {
      List<Step.Allowed> allowed = new ArrayList<>();
      for (int i = 0; i < errnos.size(); i++) {
        allowed.add(new Step.Allowed(errnos.get(i), distance(jumps.get(i), index)));
      }
      int number =
          op == Op.SYSCALL
              ? arch.syscall(call)
                  .orElseThrow(() -> new IllegalStateException("no system call " + call))
              : 0;
      return new Step(op, call, number, args, out, distance(skip, index), allowed, purpose);
    }
  }

  private final Arch arch;
  private final List<Draft> drafts = new ArrayList<>();
  private String purpose = "";

  Section(Arch arch) {
    this.arch = arch;
  }

  /** What the steps from here on are for, as the rest of the sentence "cannot …". */
  void to(String newPurpose) {
    purpose = newPurpose;
  }

  Draft call(String name, Arg... args) {
    return add(new Draft(Op.SYSCALL, name, List.of(args)));
  }

  Draft op(Op op, Arg... args) {
    return add(new Draft(op, "", List.of(args)));
  }

  private Draft add(Draft draft) {
    drafts.add(draft);
    return draft;
  }

  void here(Label label) {
    label.index = drafts.size();
  }

  boolean isEmpty() {
    return drafts.isEmpty();
  }

  List<Step> steps() {
    List<Step> steps = new ArrayList<>(drafts.size());
    for (int i = 0; i < drafts.size(); i++) {
      steps.add(drafts.get(i).step(i));
    }
    return steps;
  }

  private static int distance(Optional<Label> label, int index) {
    return label.map(l -> l.index - index - 1).orElse(0);
  }
}
