package dev.kapal.engine.config;

import dev.kapal.engine.EngineException;
import dev.kapal.engine.spec.ContainerSpec;
import dev.kapal.engine.spec.DeviceSpec;
import dev.kapal.oci.runtime.Device;
import dev.kapal.oci.runtime.Resources.DeviceRule;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Device nodes of a container and what its cgroup allows of them. */
final class DeviceAccess {
  private DeviceAccess() {}

  /** Nodes and rules. */
  record Access(List<Device> nodes, List<DeviceRule> rules) {}

  static Access of(ContainerSpec spec, HostFacts host) {
    if (spec.security().allDevices()) {
      List<Device> all = host.devicesBelow("/dev").stream().map(n -> node(n, n.path())).toList();
      return new Access(
          all, List.of(new DeviceRule(true, "a", Optional.empty(), Optional.empty(), "rwm")));
    }
    List<Device> nodes = new ArrayList<>();
    List<DeviceRule> rules = new ArrayList<>();
    rules.add(new DeviceRule(false, "a", Optional.empty(), Optional.empty(), "rwm"));
    // Any node may be made (CAP_MKNOD), few may be opened.
    rules.add(new DeviceRule(true, "c", Optional.empty(), Optional.empty(), "m"));
    rules.add(new DeviceRule(true, "b", Optional.empty(), Optional.empty(), "m"));
    rules.add(rule("c", 1, 3)); // null
    rules.add(rule("c", 1, 5)); // zero
    rules.add(rule("c", 1, 7)); // full
    rules.add(rule("c", 1, 8)); // random
    rules.add(rule("c", 1, 9)); // urandom
    rules.add(rule("c", 5, 0)); // tty
    rules.add(rule("c", 5, 1)); // console
    rules.add(rule("c", 5, 2)); // ptmx
    rules.add(new DeviceRule(true, "c", Optional.of(136L), Optional.empty(), "rwm")); // pts
    for (DeviceSpec.Device d : spec.devices().devices()) {
      if (host.isDirectory(d.hostPath())) {
        List<HostFacts.Node> below = host.devicesBelow(d.hostPath());
        if (below.isEmpty()) {
          throw new EngineException.InvalidArgument(
              "device " + d.hostPath() + " is a directory of the host without device nodes in it");
        }
        for (HostFacts.Node n : below) {
          add(n, d.containerPath() + n.path().substring(d.hostPath().length()), d, nodes, rules);
        }
      } else {
        HostFacts.Node n =
            host.device(d.hostPath())
                .orElseThrow(() ->
                    new EngineException.InvalidArgument(
                        "device "
                            + d.hostPath()
                            + " is not a device node of this host: check the path"));
        add(n, d.containerPath(), d, nodes, rules);
      }
    }
    for (String r : spec.devices().cgroupRules()) {
      rules.add(parse(r));
    }
    return new Access(nodes, rules);
  }

  private static void add(
      HostFacts.Node n,
      String path,
      DeviceSpec.Device d,
      List<Device> nodes,
      List<DeviceRule> rules) {
    nodes.add(node(n, path));
    rules.add(
        new DeviceRule(
            true, n.type(), Optional.of(n.major()), Optional.of(n.minor()), d.permissions()));
  }

  private static Device node(HostFacts.Node n, String path) {
    return new Device(
        n.type(), path, n.major(), n.minor(), Optional.of(n.mode() & 0777), n.uid(), n.gid());
  }

  private static DeviceRule rule(String type, long major, long minor) {
    return new DeviceRule(true, type, Optional.of(major), Optional.of(minor), "rwm");
  }

  /** {@code TYPE MAJOR:MINOR ACCESS}; the form was checked when the specification was made. */
  private static DeviceRule parse(String text) {
    String[] parts = text.split(" ");
    String[] numbers = parts[1].split(":");
    return new DeviceRule(true, parts[0], number(numbers[0]), number(numbers[1]), parts[2]);
  }

  private static Optional<Long> number(String text) {
    return text.equals("*") ? Optional.empty() : Optional.of(Long.valueOf(text));
  }
}
