package dev.kapal.runtime;

import dev.kapal.linux.Fd;
import dev.kapal.oci.runtime.RuntimeConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The container to make.
 *
 * @param id its name, as a sandbox's, and unlike every other one's in the sandbox
 * @param config the OCI runtime config; its {@code linux.cgroupsPath} names the cgroup, and is
 *     {@code /kapal/ID} if empty
 * @param root the root file system
 * @param bundle directory of the bundle, told to hooks; relative bind sources start there
 * @param input what its process reads from
 * @param log where output is written
 * @param preserveFds descriptors that the process gets as 3, 4, …; they stay the caller's
 * @param noPivot move the root instead of pivoting, for a host whose root is a ramdisk
 * @param newKeyring give it a session keyring of its own
 * @param checkpoint what it goes on from instead of beginning: what {@link Container#checkpoint} of
 *     the same runtime has saved
 */
public record ContainerSpec(
    String id,
    RuntimeConfig config,
    RootFilesystem root,
    Path bundle,
    Input input,
    LogTarget log,
    List<Fd> preserveFds,
    boolean noPivot,
    boolean newKeyring,
    Optional<Restore> checkpoint) {
  /** Copies the list. */
  public ContainerSpec {
    preserveFds = List.copyOf(preserveFds);
  }

  /**
   * A container without input, log and passed descriptors; build on it with the {@code with}
   * methods.
   */
  public static ContainerSpec of(
      String id, RuntimeConfig config, RootFilesystem root, Path bundle) {
    return new ContainerSpec(
        id,
        config,
        root,
        bundle,
        Input.NONE,
        LogTarget.NONE,
        List.of(),
        false,
        true,
        Optional.empty());
  }

  /** This, with another input. */
  public ContainerSpec withInput(Input input) {
    return new ContainerSpec(
        id, config, root, bundle, input, log, preserveFds, noPivot, newKeyring, checkpoint);
  }

  /** This, with another log. */
  public ContainerSpec withLog(LogTarget log) {
    return new ContainerSpec(
        id, config, root, bundle, input, log, preserveFds, noPivot, newKeyring, checkpoint);
  }

  /** This, with descriptors to pass. */
  public ContainerSpec withPreserveFds(List<Fd> preserveFds) {
    return new ContainerSpec(
        id, config, root, bundle, input, log, preserveFds, noPivot, newKeyring, checkpoint);
  }

  /** This, moving the root instead of pivoting or not. */
  public ContainerSpec withNoPivot(boolean noPivot) {
    return new ContainerSpec(
        id, config, root, bundle, input, log, preserveFds, noPivot, newKeyring, checkpoint);
  }

  /** This, with or without a session keyring of its own. */
  public ContainerSpec withNewKeyring(boolean newKeyring) {
    return new ContainerSpec(
        id, config, root, bundle, input, log, preserveFds, noPivot, newKeyring, checkpoint);
  }

  /** This, going on from a checkpoint. */
  public ContainerSpec withCheckpoint(Restore checkpoint) {
    return new ContainerSpec(
        id,
        config,
        root,
        bundle,
        input,
        log,
        preserveFds,
        noPivot,
        newKeyring,
        Optional.of(checkpoint));
  }

  /**
   * A checkpoint to go on from, as it was asked for in {@link CheckpointSpec}.
   *
   * @param directory where it is
   * @param tcpEstablished it has open TCP connections
   * @param fileLocks it has locks on files
   * @param interfaces it has what the network namespace held
   */
  public record Restore(
      Path directory, boolean tcpEstablished, boolean fileLocks, boolean interfaces) {
    /** What {@link CheckpointSpec#of} has saved. */
    public static Restore of(Path directory) {
      return new Restore(directory, false, true, true);
    }
  }
}
