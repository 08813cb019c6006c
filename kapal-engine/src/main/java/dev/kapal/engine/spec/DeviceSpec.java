package dev.kapal.engine.spec;

import java.util.List;

/**
 * Device nodes.
 *
 * @param devices nodes of the host that appear inside; a directory means every node below it
 * @param cgroupRules {@code TYPE MAJOR:MINOR ACCESS}, such as {@code c 42:* rmw}
 */
public record DeviceSpec(List<Device> devices, List<String> cgroupRules) {
  public static final DeviceSpec NONE = new DeviceSpec(List.of(), List.of());

  public DeviceSpec {
    devices = List.copyOf(devices);
    cgroupRules = List.copyOf(cgroupRules);
    for (String r : cgroupRules) {
      if (!r.matches("[abc] (\\d{1,10}|\\*):(\\d{1,10}|\\*) [rwm]{1,3}")) {
        throw new IllegalArgumentException(
            "device cgroup rule \""
                + r
                + "\" is not valid: write TYPE MAJOR:MINOR ACCESS, as in \"c 42:* rmw\"");
      }
    }
  }

  /**
   * One device.
   *
   * @param hostPath absolute
   * @param containerPath absolute
   * @param permissions of {@code r}, {@code w}, {@code m}
   */
  public record Device(String hostPath, String containerPath, String permissions) {
    public Device {
      Checks.absolute(hostPath, "device");
      Checks.absolute(containerPath, "device path inside");
      if (!permissions.matches("[rwm]{1,3}")) {
        throw new IllegalArgumentException(
            "device permissions \"" + permissions + "\" are not of r, w and m");
      }
    }
  }
}
