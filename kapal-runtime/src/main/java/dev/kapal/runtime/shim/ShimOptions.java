package dev.kapal.runtime.shim;

import java.util.Optional;

/** What a shim is told beside the container's config. */
public sealed interface ShimOptions {
  /**
   * Options of shims that drive runc or a program like it ({@code containerd.runc.v1.Options}).
   *
   * @param binaryName the program; empty: runc
   * @param root its state; empty: a directory of its own for each sandbox
   * @param systemdCgroup whether it asks systemd for cgroups
   * @param noPivotRoot whether it moves the root instead of pivoting
   * @param noNewKeyring whether the container shares the session keyring
   * @param shimCgroup a cgroup for the shim itself
   * @param ioUid owner of the container's pipes
   * @param ioGid group of the container's pipes
   * @param criuImagePath where checkpoints are
   * @param criuWorkPath where CRIU works
   */
  record Runc(
      String binaryName,
      Optional<String> root,
      boolean systemdCgroup,
      boolean noPivotRoot,
      boolean noNewKeyring,
      String shimCgroup,
      int ioUid,
      int ioGid,
      String criuImagePath,
      String criuWorkPath)
      implements ShimOptions {
    /** Nothing special. */
    public static final Runc DEFAULT =
        new Runc("", Optional.empty(), false, false, false, "", 0, 0, "", "");
  }

  /**
   * Options of any other shim ({@code runtimeoptions.v1.Options}).
   *
   * @param typeUrl what the configuration is, such as {@code io.containerd.runsc.v1.options}
   * @param configPath a file for the shim to read
   * @param configBody the configuration itself, TOML as a rule; used where there is no path
   */
  record Generic(String typeUrl, String configPath, String configBody) implements ShimOptions {}

  /** No options are sent. */
  record None() implements ShimOptions {}
}
