package dev.kapal.runtime.plan;

import java.util.List;
import java.util.Optional;

/**
 * A step of a plan.
 *
 * @param op what kind
 * @param call the system call's name; empty for other operations
 * @param number the system call's number, else 0
 * @param args its arguments
 * @param out the slot that takes the result
 * @param skip steps passed over on success
 * @param allowed errors that do not end the launch
 * @param purpose what it does, to what, as the rest of the sentence "cannot …"
 */
public record Step(
    Op op,
    String call,
    int number,
    List<Arg> args,
    Optional<Arg.Slot> out,
    int skip,
    List<Allowed> allowed,
    String purpose) {
  /** An error that does not end the launch, and how many steps are passed over after it. */
  public record Allowed(int errno, int jump) {
    /** Stands for every error. */
    public static final int ANY = 0xffff;
  }

  /** Copies the lists. */
  public Step {
    args = List.copyOf(args);
    allowed = List.copyOf(allowed);
    if (args.size() > 6 || allowed.size() > 2) {
      throw new IllegalArgumentException(purpose);
    }
  }

  /** As one line, without its purpose. */
  public String print() {
    StringBuilder line = new StringBuilder();
    out.ifPresent(o -> line.append(o).append(" = "));
    line.append(op == Op.SYSCALL ? call : op.name());
    line.append('(')
        .append(String.join(", ", args.stream().map(Object::toString).toList()))
        .append(')');
    if (skip > 0) {
      line.append(" skip ").append(skip);
    }
    for (Allowed a : allowed) {
      line.append(" [").append(a.errno() == Allowed.ANY ? "any error" : Errors.name(a.errno()));
      line.append(a.jump() > 0 ? " jump " + a.jump() + "]" : "]");
    }
    return line.toString();
  }
}
