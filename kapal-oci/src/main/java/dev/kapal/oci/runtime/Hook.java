package dev.kapal.oci.runtime;

import java.util.List;
import java.util.Optional;

/**
 * A program run at a point of the container's life (config.md, POSIX-platform Hooks).
 *
 * @param path absolute path of the program
 * @param args its arguments, the first one being its name
 * @param env its whole environment: nothing is inherited
 * @param timeout seconds, above 0; absent: none
 */
public record Hook(String path, List<String> args, List<String> env, Optional<Integer> timeout) {
  /** Absent members get their defaults. */
  public Hook {
    path = Defaults.string(path);
    args = Defaults.list(args);
    env = Defaults.list(env);
    timeout = Defaults.optional(timeout);
  }
}
