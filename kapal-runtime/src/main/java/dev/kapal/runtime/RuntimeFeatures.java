package dev.kapal.runtime;

/**
 * What a runtime can do beyond running a container.
 *
 * @param exec whether further processes can be started in a container
 * @param pause whether containers can be paused
 * @param update whether limits can be changed while a container runs
 * @param pods whether a sandbox can hold several containers
 * @param userNamespaces whether containers can have user namespaces
 * @param idMappedMounts whether mounts can map ids
 * @param terminals whether processes can have terminals
 * @param checkpoint whether a container's state can be saved, and a container go on from it
 * @param recursiveReadOnly whether mounts below a read-only one can be read-only with it
 */
public record RuntimeFeatures(
    boolean exec,
    boolean pause,
    boolean update,
    boolean pods,
    boolean userNamespaces,
    boolean idMappedMounts,
    boolean terminals,
    boolean checkpoint,
    boolean recursiveReadOnly) {
  /** This, with checkpoints or without. */
  public RuntimeFeatures withCheckpoint(boolean checkpoint) {
    return new RuntimeFeatures(
        exec,
        pause,
        update,
        pods,
        userNamespaces,
        idMappedMounts,
        terminals,
        checkpoint,
        recursiveReadOnly);
  }
}
