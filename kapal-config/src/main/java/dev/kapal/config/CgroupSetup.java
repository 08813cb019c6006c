package dev.kapal.config;

import dev.kapal.config.text.KeyPath;
import dev.kapal.config.text.Node;
import dev.kapal.config.text.Position;
import dev.kapal.config.text.Problem;
import dev.kapal.linux.CgroupDriver;
import dev.kapal.linux.CgroupLayout;
import dev.kapal.linux.systemd.Slices;
import dev.kapal.linux.systemd.Systemd;
import java.util.Optional;

/**
 * Who makes the containers' control groups on this host, and where: what {@code
 * daemon.cgroup_driver} and {@code daemon.cgroup_parent} come to.
 *
 * @param driver of all containers, whatever their runtime
 * @param parent path of the cgroup below which they are; of a slice with the driver systemd
 * @param problem why it cannot be done here
 */
public record CgroupSetup(CgroupDriver driver, String parent, Optional<Problem> problem) {
  private static final KeyPath DRIVER = KeyPath.of("daemon", "cgroup_driver");
  private static final KeyPath PARENT = KeyPath.of("daemon", "cgroup_parent");
  private static final String USUAL = "system.slice";

  /** On this host. */
  public static CgroupSetup host(KapalConfig config) {
    return of(config, Systemd.booted(), CgroupLayout.detect().mode());
  }

  /**
   * On some host.
   *
   * @param booted whether systemd runs it
   */
  public static CgroupSetup of(KapalConfig config, boolean booted, CgroupLayout.Mode mode) {
    String parent = config.daemon().cgroupParent();
    boolean set = config.isSet(PARENT);
    boolean path = parent.startsWith("/");
    return switch (config.daemon().cgroupDriver()) {
      case "systemd" -> systemd(config, set ? parent : USUAL, booted, mode);
      case "cgroupfs" -> path ? cgroupfs(parent) : slice(config, parent);
      default -> {
        if (set) {
          yield path ? cgroupfs(parent) : systemd(config, parent, booted, mode);
        }
        yield booted && mode == CgroupLayout.Mode.V2
            ? systemd(config, USUAL, true, mode)
            : cgroupfs(parent);
      }
    };
  }

  private static CgroupSetup cgroupfs(String parent) {
    return new CgroupSetup(CgroupDriver.CGROUPFS, parent, Optional.empty());
  }

  private static CgroupSetup slice(KapalConfig config, String parent) {
    return new CgroupSetup(
        CgroupDriver.CGROUPFS,
        Slices.path(parent),
        Optional.of(
            problem(
                config,
                PARENT,
                "\""
                    + parent
                    + "\" is a slice of systemd's, and daemon.cgroup_driver is cgroupfs: give a path"
                    + " such as /kapal, or set daemon.cgroup_driver to systemd")));
  }

  private static CgroupSetup systemd(
      KapalConfig config, String parent, boolean booted, CgroupLayout.Mode mode) {
    Optional<String> slice = Slices.named(parent);
    KeyPath asked = config.daemon().cgroupDriver().equals("systemd") ? DRIVER : PARENT;
    Optional<Problem> problem = Optional.empty();
    if (!booted) {
      problem =
          Optional.of(
              problem(
                  config,
                  asked,
                  "systemd is to make the cgroups, and it does not run this host (there is no"
                      + " /run/systemd/system): set daemon.cgroup_driver to cgroupfs"
                      + (asked.equals(PARENT) ? " and daemon.cgroup_parent to a path" : "")
                      + ", and the kubelet's cgroupDriver, too"));
    } else if (mode != CgroupLayout.Mode.V2) {
      problem =
          Optional.of(
              problem(
                  config,
                  asked,
                  "systemd is to make the cgroups, and this host's are not of version 2 alone: with"
                      + " version 1 systemd gives containers all devices back whenever it is"
                      + " reloaded. Start the host with systemd.unified_cgroup_hierarchy=1, or set"
                      + " daemon.cgroup_driver to cgroupfs"));
    } else if (slice.isEmpty()) {
      problem =
          Optional.of(
              problem(
                  config,
                  PARENT,
                  "\""
                      + parent
                      + "\" is no slice, and daemon.cgroup_driver is systemd: name one such as"
                      + " system.slice, or set daemon.cgroup_driver to cgroupfs"));
    }
    return new CgroupSetup(
        CgroupDriver.SYSTEMD, slice.map(Slices::path).orElse(Slices.path(USUAL)), problem);
  }

  private static Problem problem(KapalConfig config, KeyPath key, String what) {
    return Problem.error(
        config.settings().find(key).map(Node::at).orElse(Position.DEFAULT), key.toString(), what);
  }
}
