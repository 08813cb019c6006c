package dev.kapal.runtime.oci;

import dev.kapal.runtime.Tier;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A runtime with the OCI command line.
 *
 * @param name the name that configurations use
 * @param tier how strongly it isolates
 * @param binary its program, an absolute path
 * @param arguments further global arguments, such as {@code --network=none} for runsc
 * @param root its {@code --root}; empty: a directory of its own in each sandbox's state directory
 * @param systemdCgroup whether it asks systemd for cgroups ({@code --systemd-cgroup})
 * @param createTimeout for creating and starting a container
 * @param commandTimeout for any other command
 * @param options what is declared about it
 * @param cgroupParent path of the cgroup for containers whose config names none
 */
public record OciRuntimeConfig(
    String name,
    Tier tier,
    Path binary,
    List<String> arguments,
    Optional<Path> root,
    boolean systemdCgroup,
    Duration createTimeout,
    Duration commandTimeout,
    Set<Option> options,
    String cgroupParent) {
  /** The time that CRI-O gives, too. */
  public static final Duration CREATE = Duration.ofMinutes(4);

  private static final Duration COMMAND = Duration.ofMinutes(1);

  /** What can be declared about a runtime. */
  public enum Option {
    /**
     * Run without control groups, on a host whose cgroups the runtime cannot use (a hybrid layout,
     * say): {@code --cgroup-manager=disabled} for crun, {@code --ignore-cgroups} (runsc's) for
     * every other one. Limits are then not enforced.
     */
    IGNORE_CGROUPS
  }

  /** Copies the collections. */
  public OciRuntimeConfig {
    arguments = List.copyOf(arguments);
    options = Set.copyOf(options);
    if (!binary.isAbsolute()) {
      throw new IllegalArgumentException("not an absolute path: " + binary);
    }
  }

  /** A runtime with nothing special; runsc is of the sandbox tier, every other one native. */
  public static OciRuntimeConfig of(String name, Path binary) {
    Tier tier =
        String.valueOf(binary.getFileName()).startsWith("runsc") ? Tier.SANDBOX : Tier.NATIVE;
    return new OciRuntimeConfig(
        name,
        tier,
        binary,
        List.of(),
        Optional.empty(),
        false,
        CREATE,
        COMMAND,
        Set.of(),
        "/kapal");
  }

  /** Whether it is declared to do without control groups. */
  public boolean ignoresCgroups() {
    return options.contains(Option.IGNORE_CGROUPS);
  }

  /** Whether all containers of a pod share a kernel, which shows as one process. */
  boolean wholePods() {
    return isGvisor();
  }

  /** Whether processes have other numbers in the runtime's own kernel, and it tells them. */
  boolean numbersInside() {
    return isGvisor();
  }

  private boolean isGvisor() {
    return program().startsWith("runsc");
  }

  /** Its program's file name. */
  String program() {
    return String.valueOf(binary.getFileName());
  }

  /** This, with another tier. */
  public OciRuntimeConfig withTier(Tier tier) {
    return new OciRuntimeConfig(
        name,
        tier,
        binary,
        arguments,
        root,
        systemdCgroup,
        createTimeout,
        commandTimeout,
        options,
        cgroupParent);
  }

  /** This, with other arguments. */
  public OciRuntimeConfig withArguments(String... arguments) {
    return new OciRuntimeConfig(
        name,
        tier,
        binary,
        List.of(arguments),
        root,
        systemdCgroup,
        createTimeout,
        commandTimeout,
        options,
        cgroupParent);
  }

  /** This, with another root. */
  public OciRuntimeConfig withRoot(Path root) {
    return new OciRuntimeConfig(
        name,
        tier,
        binary,
        arguments,
        Optional.of(root),
        systemdCgroup,
        createTimeout,
        commandTimeout,
        options,
        cgroupParent);
  }

  /** This, with or without systemd's cgroups. */
  public OciRuntimeConfig withSystemdCgroup(boolean systemdCgroup) {
    return new OciRuntimeConfig(
        name,
        tier,
        binary,
        arguments,
        root,
        systemdCgroup,
        createTimeout,
        commandTimeout,
        options,
        cgroupParent);
  }

  /** This, with other time limits. */
  public OciRuntimeConfig withTimeouts(Duration create, Duration command) {
    return new OciRuntimeConfig(
        name, tier, binary, arguments, root, systemdCgroup, create, command, options, cgroupParent);
  }

  /** This, with declared options. */
  public OciRuntimeConfig withOptions(Option... options) {
    return new OciRuntimeConfig(
        name,
        tier,
        binary,
        arguments,
        root,
        systemdCgroup,
        createTimeout,
        commandTimeout,
        Set.of(options),
        cgroupParent);
  }

  /** This, with another parent of cgroups. */
  public OciRuntimeConfig withCgroupParent(String cgroupParent) {
    return new OciRuntimeConfig(
        name,
        tier,
        binary,
        arguments,
        root,
        systemdCgroup,
        createTimeout,
        commandTimeout,
        options,
        cgroupParent);
  }
}
