package dev.kapal.runtime.shim;

import dev.kapal.runtime.Tier;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Pattern;

/**
 * A runtime that is driven by its shim.
 *
 * @param name the name that configurations use
 * @param tier how strongly it isolates
 * @param binary the shim's program, an absolute path
 * @param options what the shim is told
 * @param createTimeout for starting the shim, and for creating and starting a container
 * @param commandTimeout for any other request
 * @param sandboxer whether the shim makes sandboxes itself (containerd's sandbox service): there is
 *     one for each sandbox then, else one for each container
 * @param cgroupParent path of the cgroup for containers whose config names none
 */
public record ShimRuntimeConfig(
    String name,
    Tier tier,
    Path binary,
    ShimOptions options,
    Duration createTimeout,
    Duration commandTimeout,
    boolean sandboxer,
    String cgroupParent) {
  /** The time that CRI-O gives, too. */
  public static final Duration CREATE = Duration.ofMinutes(4);

  private static final Duration COMMAND = Duration.ofMinutes(1);
  private static final Pattern RUNC = Pattern.compile("containerd-shim-runc-v[12]");

  /** Checks the path. */
  public ShimRuntimeConfig {
    if (!binary.isAbsolute()) {
      throw new IllegalArgumentException("not an absolute path: " + binary);
    }
  }

  /** A shim with nothing special. */
  public static ShimRuntimeConfig of(String name, Tier tier, Path binary) {
    return new ShimRuntimeConfig(
        name,
        tier,
        binary,
        drivesRunc(binary) ? ShimOptions.Runc.DEFAULT : new ShimOptions.None(),
        CREATE,
        COMMAND,
        false,
        "/kapal");
  }

  /** Whether a program is a shim that takes runc's options. */
  public static boolean drivesRunc(Path binary) {
    return RUNC.matcher(String.valueOf(binary.getFileName())).matches();
  }

  /** Whether its program asks systemd for a scope, given a cgroupsPath that names one. */
  boolean asksSystemd() {
    return drivesRunc(binary) || String.valueOf(binary.getFileName()).contains("-kata-");
  }

  /**
   * Whether its program takes a container that does not say what it is for one of a sandbox that is
   * there already: gVisor's then gives it no streams and waits for ever.
   */
  boolean wantsContainerType() {
    return String.valueOf(binary.getFileName()).contains("-runsc-");
  }

  /** This, with other options. */
  public ShimRuntimeConfig withOptions(ShimOptions options) {
    return new ShimRuntimeConfig(
        name, tier, binary, options, createTimeout, commandTimeout, sandboxer, cgroupParent);
  }

  /** This, with other time limits. */
  public ShimRuntimeConfig withTimeouts(Duration create, Duration command) {
    return new ShimRuntimeConfig(
        name, tier, binary, options, create, command, sandboxer, cgroupParent);
  }

  /** This, making sandboxes itself or not. */
  public ShimRuntimeConfig withSandboxer(boolean sandboxer) {
    return new ShimRuntimeConfig(
        name, tier, binary, options, createTimeout, commandTimeout, sandboxer, cgroupParent);
  }

  /** This, with another parent of cgroups. */
  public ShimRuntimeConfig withCgroupParent(String cgroupParent) {
    return new ShimRuntimeConfig(
        name, tier, binary, options, createTimeout, commandTimeout, sandboxer, cgroupParent);
  }
}
