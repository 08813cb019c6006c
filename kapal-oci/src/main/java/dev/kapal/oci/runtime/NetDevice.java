package dev.kapal.oci.runtime;

/**
 * A network device of the host to move into the container (config-linux.md, Network Devices).
 *
 * @param name its name in the container, or empty for the same
 */
public record NetDevice(String name) {
  /** Absent members get their defaults. */
  public NetDevice {
    name = Defaults.string(name);
  }
}
