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
 */
public record RuntimeFeatures(
    boolean exec,
    boolean pause,
    boolean update,
    boolean pods,
    boolean userNamespaces,
    boolean idMappedMounts,
    boolean terminals) {}
