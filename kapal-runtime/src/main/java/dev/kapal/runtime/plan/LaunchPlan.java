package dev.kapal.runtime.plan;

import java.util.List;
import java.util.Optional;

/**
 * How one process comes to run. Equal inputs make equal plans.
 *
 * @param machine ELF machine of the system call numbers
 * @param stage steps of the stage process, if any
 * @param init steps of the process itself
 * @param descriptors what fills the first slots
 * @param slots size of the slot table
 * @param cloneFlags namespaces of the init process
 * @param stdio bits: 1 input, 2 output, 4 error are pipes; 8 a terminal
 * @param cgroupSlot slot of the cgroup directory to be cloned into
 * @param warnings what was asked for and is done differently, or not at all
 */
public record LaunchPlan(
    int machine,
    List<Step> stage,
    List<Step> init,
    List<DescriptorSpec> descriptors,
    int slots,
    long cloneFlags,
    int stdio,
    Optional<Integer> cgroupSlot,
    List<String> warnings) {
  /** Part number of the reader's own checks. */
  public static final int PART_CHECK = 0;

  /** Part number of the stage. */
  public static final int PART_STAGE = 1;

  /** Part number of the process itself. */
  public static final int PART_INIT = 2;

  /** Part number of the clone. */
  public static final int PART_CLONE = 3;

  /** Number of the SYNC at which a user namespace gets its id maps. */
  public static final int SYNC_MAPS = 1;

  /** Number of the SYNC at which hooks run that need the host's root. */
  public static final int SYNC_HOOKS = 2;

  /** Number of the SYNC at which the container is created and waits to be started. */
  public static final int SYNC_START = 3;

  /** Number of the SYNC at which the seccomp listener has been handed over. */
  public static final int SYNC_LISTENER = 4;

  /** Number of the SYNC at which the container is created, and then waits at a socket. */
  public static final int SYNC_CREATED = 5;

  /** Copies the lists. */
  public LaunchPlan {
    stage = List.copyOf(stage);
    init = List.copyOf(init);
    descriptors = List.copyOf(descriptors);
    warnings = List.copyOf(warnings);
  }

  /** The plan in the format of docs/launch-plan.md. */
  public byte[] encode() {
    return new PlanEncoder(this).encode();
  }

  /** The step that a failure names; empty when it names none. */
  public Optional<Step> step(int part, int index) {
    List<Step> steps = part == PART_STAGE ? stage : part == PART_INIT ? init : List.of();
    return index >= 0 && index < steps.size() ? Optional.of(steps.get(index)) : Optional.empty();
  }

  /** The plan as text, for people and for tests. */
  public String print() {
    StringBuilder out = new StringBuilder();
    out.append("clone ").append(CloneFlags.print(cloneFlags)).append(", stdio ").append(stdio);
    cgroupSlot.ifPresent(s -> out.append(", into cgroup of slot ").append(s));
    out.append('\n');
    for (int i = 0; i < descriptors.size(); i++) {
      out.append("slot ").append(i).append(": ").append(descriptors.get(i)).append('\n');
    }
    print(out, "stage", stage);
    print(out, "init", init);
    warnings.forEach(w -> out.append("warning: ").append(w).append('\n'));
    return out.toString();
  }

  private static void print(StringBuilder out, String part, List<Step> steps) {
    String last = "";
    for (int i = 0; i < steps.size(); i++) {
      Step step = steps.get(i);
      if (!step.purpose().equals(last)) {
        out.append(part).append(" to ").append(step.purpose()).append(":\n");
        last = step.purpose();
      }
      out.append("  ").append(i).append(' ').append(step.print()).append('\n');
    }
  }
}
