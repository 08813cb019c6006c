package dev.kapal.runtime.plan;

import dev.kapal.runtime.RootFilesystem;
import java.util.Map;
import java.util.Optional;

/**
 * What a container's plan depends on beside its config and the host.
 *
 * @param id the container's id
 * @param root its root file system
 * @param bundle where relative bind sources start
 * @param sources what the sources of its bind mounts are
 * @param cgroups controller → the container's directory in that hierarchy, to be entered by
 *     writing; a v2 directory to be cloned into is not among them
 * @param cloneIntoCgroup whether the launch comes with a cgroup v2 directory
 * @param stdio bits of docs/launch-plan.md; and 16, 32, 64: the stream is the host's null device
 * @param preserveFds how many descriptors are passed through
 * @param noPivot move the root instead of pivoting
 * @param newKeyring join a new session keyring
 * @param seccomp the compiled filter
 * @param netDevices those of the host that the config moves, by their names there
 */
public record LaunchInputs(
    String id,
    RootFilesystem root,
    String bundle,
    Map<String, SourceKind> sources,
    Map<String, String> cgroups,
    boolean cloneIntoCgroup,
    int stdio,
    int preserveFds,
    boolean noPivot,
    boolean newKeyring,
    Optional<SeccompProgram> seccomp,
    Map<String, NetDeviceFacts> netDevices) {
  /** Without network devices. */
  public LaunchInputs(
      String id,
      RootFilesystem root,
      String bundle,
      Map<String, SourceKind> sources,
      Map<String, String> cgroups,
      boolean cloneIntoCgroup,
      int stdio,
      int preserveFds,
      boolean noPivot,
      boolean newKeyring,
      Optional<SeccompProgram> seccomp) {
    this(
        id,
        root,
        bundle,
        sources,
        cgroups,
        cloneIntoCgroup,
        stdio,
        preserveFds,
        noPivot,
        newKeyring,
        seccomp,
        Map.of());
  }

  /** What a path on the host is. */
  public enum SourceKind {
    DIRECTORY,
    OTHER,
    MISSING
  }
}
