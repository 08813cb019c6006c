package dev.kapal.engine.config;

import dev.kapal.engine.EngineException;
import dev.kapal.engine.cdi.CdiEdits;
import dev.kapal.engine.cdi.CdiNode;
import dev.kapal.oci.runtime.Device;
import dev.kapal.oci.runtime.Hook;
import dev.kapal.oci.runtime.Hooks;
import dev.kapal.oci.runtime.Linux;
import dev.kapal.oci.runtime.Mount;
import dev.kapal.oci.runtime.NetDevice;
import dev.kapal.oci.runtime.Process;
import dev.kapal.oci.runtime.Resources;
import dev.kapal.oci.runtime.Resources.DeviceRule;
import dev.kapal.oci.runtime.RuntimeConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/** Does to a runtime config what CDI devices ask for. */
final class DeviceEdits {
  private DeviceEdits() {}

  static RuntimeConfig apply(RuntimeConfig config, CdiEdits edits, HostFacts host) {
    if (edits.equals(CdiEdits.NONE)) {
      return config;
    }
    Process p = config.process().orElse(Process.empty());
    Set<Long> groups = new LinkedHashSet<>(p.user().additionalGids());
    groups.addAll(edits.groups());
    Process.User user =
        new Process.User(p.user().uid(), p.user().gid(), p.user().umask(), List.copyOf(groups));
    List<Mount> mounts = new ArrayList<>(config.mounts());
    mounts.addAll(edits.mounts());
    return config
        .withProcess(p.withEnv(Environment.merge(p.env(), edits.env())).withUser(user))
        .withMounts(mounts)
        .withHooks(hooks(config.hooks(), edits.hooks()))
        .withLinux(linux(config.linux().orElse(Linux.empty()), edits, host));
  }

  private static Hooks hooks(Hooks h, Map<String, List<Hook>> more) {
    return new Hooks(
        join(h.prestart(), more, "prestart"),
        join(h.createRuntime(), more, "createRuntime"),
        join(h.createContainer(), more, "createContainer"),
        join(h.startContainer(), more, "startContainer"),
        join(h.poststart(), more, "poststart"),
        join(h.poststop(), more, "poststop"));
  }

  private static List<Hook> join(List<Hook> own, Map<String, List<Hook>> more, String point) {
    List<Hook> all = new ArrayList<>(own);
    all.addAll(more.getOrDefault(point, List.of()));
    return all;
  }

  private static Linux linux(Linux linux, CdiEdits edits, HostFacts host) {
    Map<String, Device> devices = new LinkedHashMap<>();
    linux.devices().forEach(d -> devices.put(d.path(), d));
    Resources resources = linux.resources().orElse(Resources.empty());
    List<DeviceRule> rules = new ArrayList<>(resources.devices());
    for (CdiNode n : edits.nodes()) {
      Device d = device(n, host);
      devices.put(d.path(), d);
      if (d.type().equals("b") || d.type().equals("c")) {
        rules.add(
            new DeviceRule(
                true, d.type(), Optional.of(d.major()), Optional.of(d.minor()), n.permissions()));
      }
    }
    Map<String, NetDevice> net = new LinkedHashMap<>(linux.netDevices());
    edits.netDevices().forEach((on, inside) -> net.put(on, new NetDevice(inside)));
    Linux out =
        linux
            .withDevices(List.copyOf(devices.values()))
            .withResources(resources.withDevices(rules))
            .withNetDevices(net);
    return edits.intelRdt().isPresent() ? out.withIntelRdt(edits.intelRdt().get()) : out;
  }

  private static Device device(CdiNode n, HostFacts host) {
    boolean whole = !n.type().isEmpty() && (n.major().isPresent() || n.type().equals("p"));
    Optional<HostFacts.Node> there = whole ? Optional.empty() : host.device(n.hostPath());
    if (!whole && there.isEmpty()) {
      throw new EngineException.InvalidArgument(
          "CDI device node "
              + n.hostPath()
              + " is not a device of this host: load its driver, or generate the vendor's file anew");
    }
    return new Device(
        n.type().isEmpty() ? there.map(HostFacts.Node::type).orElse("c") : n.type(),
        n.path(),
        or(n.major(), there.map(HostFacts.Node::major)),
        or(n.minor(), there.map(HostFacts.Node::minor)),
        n.fileMode().or(() -> there.map(HostFacts.Node::mode)),
        or(n.uid(), there.map(HostFacts.Node::uid)),
        or(n.gid(), there.map(HostFacts.Node::gid)));
  }

  private static long or(OptionalLong said, Optional<Long> there) {
    return said.isPresent() ? said.getAsLong() : there.orElse(0L);
  }
}
