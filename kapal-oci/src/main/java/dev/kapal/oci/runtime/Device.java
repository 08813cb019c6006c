package dev.kapal.oci.runtime;

import java.util.Optional;

/**
 * A device node to make (config-linux.md, Devices).
 *
 * @param type {@code c}, {@code u}, {@code b} or {@code p}
 * @param path absolute path in the container
 * @param major major number
 * @param minor minor number
 * @param fileMode permission bits; absent: 0666
 * @param uid owner
 * @param gid group
 */
public record Device(
    String type,
    String path,
    long major,
    long minor,
    Optional<Integer> fileMode,
    long uid,
    long gid) {
  /** Absent members get their defaults. */
  public Device {
    type = Defaults.string(type);
    path = Defaults.string(path);
    fileMode = Defaults.optional(fileMode);
  }
}
