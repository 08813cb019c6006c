package dev.kapal.linux;

import java.util.Optional;

/**
 * How a process starts.
 *
 * @param workingDirectory a path; empty: this process's
 * @param newSession setsid(2)
 * @param newProcessGroup setpgid(0, 0)
 */
public record SpawnOptions(
    Optional<String> workingDirectory, boolean newSession, boolean newProcessGroup) {
  /** Nothing special. */
  public static final SpawnOptions DEFAULT = new SpawnOptions(Optional.empty(), false, false);

  /** In a session of its own. */
  public SpawnOptions inNewSession() {
    return new SpawnOptions(workingDirectory, true, newProcessGroup);
  }

  /** In a process group of its own. */
  public SpawnOptions inNewProcessGroup() {
    return new SpawnOptions(workingDirectory, newSession, true);
  }

  /** In that directory. */
  public SpawnOptions in(String directory) {
    return new SpawnOptions(Optional.of(directory), newSession, newProcessGroup);
  }
}
