package dev.kapal.engine.spec;

import java.util.List;
import java.util.OptionalLong;

/**
 * Mounts and the root file system.
 *
 * @param mounts in the order given; the engine mounts shorter targets first
 * @param readOnlyRoot the root file system cannot be written
 * @param readOnlyTmpfs with readOnlyRoot: /run, /tmp and /var/tmp are tmpfs all the same (Podman's
 *     default, not Docker's)
 * @param shmSize bytes of /dev/shm; empty: 64 MiB
 * @param volumesFrom {@code CONTAINER[:ro]}: takes over the volumes and binds of another container
 */
public record StorageSpec(
    List<MountSpec> mounts,
    boolean readOnlyRoot,
    boolean readOnlyTmpfs,
    OptionalLong shmSize,
    List<String> volumesFrom) {

  public static final StorageSpec DEFAULT =
      new StorageSpec(List.of(), false, false, OptionalLong.empty(), List.of());

  public StorageSpec {
    mounts = List.copyOf(mounts);
    volumesFrom = List.copyOf(volumesFrom);
    shmSize.ifPresent(s -> Checks.notNegative(s, "shm-size"));
  }

  public StorageSpec withMounts(List<MountSpec> mounts) {
    return new StorageSpec(mounts, readOnlyRoot, readOnlyTmpfs, shmSize, volumesFrom);
  }

  public StorageSpec withReadOnlyRoot(boolean readOnlyRoot) {
    return new StorageSpec(mounts, readOnlyRoot, readOnlyTmpfs, shmSize, volumesFrom);
  }

  public StorageSpec withShmSize(long bytes) {
    return new StorageSpec(
        mounts, readOnlyRoot, readOnlyTmpfs, OptionalLong.of(bytes), volumesFrom);
  }

  public StorageSpec withVolumesFrom(List<String> volumesFrom) {
    return new StorageSpec(mounts, readOnlyRoot, readOnlyTmpfs, shmSize, volumesFrom);
  }
}
