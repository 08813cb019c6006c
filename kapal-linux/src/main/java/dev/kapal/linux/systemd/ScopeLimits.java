package dev.kapal.linux.systemd;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * Limits that systemd is told of, so that it does not undo them when it writes a unit's properties
 * anew, see systemd.resource-control(5).
 *
 * @param memoryMax bytes; -1: no limit
 * @param cpuQuotaPerSecond microseconds of CPU time in a second; -1: no limit
 * @param cpuWeight 1 to 10000
 * @param tasksMax processes; -1: no limit
 */
public record ScopeLimits(
    OptionalLong memoryMax,
    OptionalLong cpuQuotaPerSecond,
    OptionalLong cpuWeight,
    OptionalLong tasksMax) {
  /** None. */
  public static final ScopeLimits NONE =
      new ScopeLimits(
          OptionalLong.empty(), OptionalLong.empty(), OptionalLong.empty(), OptionalLong.empty());

  /** As (sv). All ones is systemd's infinity. */
  List<Value> properties() {
    List<Value> all = new ArrayList<>();
    add(all, "MemoryMax", memoryMax);
    add(all, "CPUQuotaPerSecUSec", cpuQuotaPerSecond);
    add(all, "CPUWeight", cpuWeight);
    add(all, "TasksMax", tasksMax);
    return all;
  }

  private static void add(List<Value> all, String name, OptionalLong value) {
    value.ifPresent(v -> all.add(property(name, new Value.Quad(v))));
  }

  static Value property(String name, Value value) {
    return Value.Struct.of(new Value.Text(name), new Value.Variant(value));
  }
}
