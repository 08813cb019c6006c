package dev.kapal.engine.spec;

import java.util.List;
import java.util.regex.Pattern;

/**
 * Device nodes.
 *
 * @param devices nodes of the host that appear inside; a directory means every node below it
 * @param cgroupRules {@code TYPE MAJOR:MINOR ACCESS}, such as {@code c 42:* rmw}
 * @param cdi qualified names of devices of the Container Device Interface, {@code
 *     VENDOR/CLASS=NAME}
 */
public record DeviceSpec(List<Device> devices, List<String> cgroupRules, List<String> cdi) {
  private static final Pattern CDI =
      Pattern.compile("[A-Za-z][A-Za-z0-9._-]*/[A-Za-z][A-Za-z0-9_-]*=[A-Za-z0-9][A-Za-z0-9._:-]*");

  public static final DeviceSpec NONE = new DeviceSpec(List.of(), List.of(), List.of());

  public DeviceSpec {
    devices = List.copyOf(devices);
    cgroupRules = List.copyOf(cgroupRules);
    cdi = cdi == null ? List.of() : List.copyOf(cdi);
    for (String name : cdi) {
      if (!isCdi(name)) {
        throw new IllegalArgumentException(
            "\"" + name + "\" is not the name of a CDI device: write VENDOR/CLASS=NAME");
      }
    }
    for (String r : cgroupRules) {
      if (!r.matches("[abc] (\\d{1,10}|\\*):(\\d{1,10}|\\*) [rwm]{1,3}")) {
        throw new IllegalArgumentException(
            "device cgroup rule \""
                + r
                + "\" is not valid: write TYPE MAJOR:MINOR ACCESS, as in \"c 42:* rmw\"");
      }
    }
  }

  /** Whether a text is a qualified name of a CDI device. */
  public static boolean isCdi(String text) {
    return CDI.matcher(text).matches();
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
