package dev.kapal.cli.model;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The words of a command, taken apart.
 *
 * @param given the values of each option that was given, by its long name, in order; flags have
 *     "true" or "false"
 * @param operands the words that are no options
 * @param help whether help was asked for; then nothing else was checked
 */
public record Arguments(Map<String, List<String>> given, List<String> operands, boolean help) {
  public Arguments {
    Map<String, List<String>> copy = new HashMap<>();
    given.forEach((name, values) -> copy.put(name, List.copyOf(values)));
    given = Map.copyOf(copy);
    operands = List.copyOf(operands);
  }

  /** Whether an option was given at all. */
  public boolean has(String option) {
    return given.containsKey(option);
  }

  /** A flag, false when it was not given. */
  public boolean flag(String option) {
    return flag(option, false);
  }

  /** A flag with its default. */
  public boolean flag(String option, boolean otherwise) {
    return value(option).map("true"::equals).orElse(otherwise);
  }

  /** The last value of an option. */
  public Optional<String> value(String option) {
    return Optional.ofNullable(given.get(option)).map(List::getLast);
  }

  /** All values of an option. */
  public List<String> list(String option) {
    return given.getOrDefault(option, List.of());
  }

  /** The operand at an index that is known to be there. */
  public String operand(int index) {
    return operands.get(index);
  }
}
