package dev.kapal.config.runtime;

import dev.kapal.config.text.Nearest;
import dev.kapal.config.text.Node;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The options that shims have, by their own names. */
final class ShimOptionKeys {
  /** Options of shims that drive runc (containerd.runc.v1.Options), and what they are. */
  private static final Map<String, String> RUNC =
      Map.of(
          "BinaryName", "a string",
          "Root", "a string",
          "SystemdCgroup", "true or false",
          "NoPivotRoot", "true or false",
          "NoNewKeyring", "true or false",
          "ShimCgroup", "a string",
          "IoUid", "an integer",
          "IoGid", "an integer",
          "CriuImagePath", "a string",
          "CriuWorkPath", "a string");

  /** Options that every other shim may get by name (runtimeoptions.v1.Options). */
  private static final Set<String> GENERIC = Set.of("TypeUrl", "ConfigPath", "ConfigBody");

  private ShimOptionKeys() {}

  /**
   * What is wrong with options.
   *
   * @param program the shim's, or its path
   */
  static Map<String, String> problems(Optional<String> program, Node.Table options) {
    boolean runc =
        program
            .map(p -> String.valueOf(Path.of(p).getFileName()))
            .filter(p -> p.startsWith("containerd-shim-runc-v"))
            .isPresent();
    Map<String, String> problems = new LinkedHashMap<>();
    options
        .entries()
        .forEach((key, node) -> {
          String wanted = runc ? RUNC.get(key) : GENERIC.contains(key) ? "a string" : "anything";
          if (wanted == null) {
            problems.put(
                key,
                "runc's shim has no such option"
                    + Nearest.of(key, RUNC.keySet())
                        .map(n -> "; did you mean \"" + n + "\"?")
                        .orElse(""));
          } else if (!fits(wanted, node)) {
            problems.put(key, "must be " + wanted);
          }
        });
    return problems;
  }

  private static boolean fits(String wanted, Node node) {
    return switch (wanted) {
      case "a string" -> node instanceof Node.Text;
      case "true or false" -> node instanceof Node.Flag;
      case "an integer" ->
          node instanceof Node.Whole w && w.value() >= 0 && w.value() <= Integer.MAX_VALUE;
      default -> true;
    };
  }
}
