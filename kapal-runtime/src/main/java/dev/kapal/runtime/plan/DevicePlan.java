package dev.kapal.runtime.plan;

import static dev.kapal.runtime.plan.Kernel.*;

import dev.kapal.oci.runtime.Device;
import dev.kapal.oci.runtime.Mount;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Device nodes and links below /dev (config-linux.md, Default Devices). */
final class DevicePlan {
  private static final Map<String, String> LINKS = new LinkedHashMap<>();

  static {
    LINKS.put("fd", "/proc/self/fd");
    LINKS.put("stdin", "/proc/self/fd/0");
    LINKS.put("stdout", "/proc/self/fd/1");
    LINKS.put("stderr", "/proc/self/fd/2");
    LINKS.put("core", "/proc/kcore");
    LINKS.put("ptmx", "pts/ptmx");
  }

  private static final List<Device> DEFAULTS =
      List.of(
          node("null", 1, 3),
          node("zero", 1, 5),
          node("full", 1, 7),
          node("random", 1, 8),
          node("urandom", 1, 9),
          node("tty", 5, 0));

  private final Compilation c;
  private final List<Device> devices;

  DevicePlan(Compilation c) {
    this.c = c;
    Map<String, Device> all = new LinkedHashMap<>();
    DEFAULTS.forEach(d -> all.put(d.path(), d));
    c.linux.devices().forEach(d -> all.put(d.path(), d));
    this.devices = hostDev() ? List.copyOf(c.linux.devices()) : new ArrayList<>(all.values());
  }

  private static Device node(String name, long major, long minor) {
    return new Device("c", "/dev/" + name, major, minor, Optional.of(0666), 0, 0);
  }

  /** A /dev bound from elsewhere is somebody else's. */
  private boolean hostDev() {
    return c.config.mounts().stream()
        .filter(m -> m.destination().equals("/dev") || m.destination().equals("/dev/"))
        .map(m -> MountOptions.parse(m.options(), m.type().equals("bind")))
        .anyMatch(MountOptions::bind);
  }

  private static boolean defaultNode(Device device) {
    return DEFAULTS.contains(device);
  }

  /** In a user namespace no node can be made: the host's are bound. */
  private boolean bound() {
    return c.userNamespace || !c.facts.identity().initial();
  }

  void acquire() {
    if (c.outside) {
      for (Device device : devices) {
        c.stage.to("open the host's " + device.path());
        c.stage
            .call(
                "open_tree",
                Arg.of(AT_FDCWD),
                Arg.of(device.path()),
                Arg.of(OPEN_TREE_CLONE | O_CLOEXEC))
            .out(c.slot("node " + device.path()));
      }
    }
  }

  void make() {
    Section s = c.init;
    if (bound()) {
      for (Device device : devices) {
        s.to("bind the host's " + device.path());
        Arg.Slot node = c.slot(c.outside ? "node " + device.path() : "node");
        if (c.outside) {
          c.attach(s, node, c.targetFile(s, device.path()));
        } else {
          c.openHost(s, device.path(), O_PATH, node);
          c.bind(s, node, c.targetFile(s, device.path()), false);
        }
        s.op(Op.FORGET, node);
      }
    } else {
      nodes(s);
    }
    if (!hostDev()) {
      s.to("make the links in /dev");
      Arg.Slot dev = dev(s, "/dev");
      LINKS.forEach((name, target) ->
          s.call("symlinkat", Arg.of(target), dev, Arg.of(name)).allow(Errors.EEXIST));
    }
  }

  private void nodes(Section s) {
    String open = "";
    s.to("set the file mode mask");
    s.call("umask", Arg.of(0));
    for (Device device : devices) {
      int slash = device.path().lastIndexOf('/');
      String parent = slash == 0 ? "/" : device.path().substring(0, slash);
      s.to("make the device " + device.path());
      if (!parent.equals(open)) {
        dev(s, parent);
        open = parent;
      }
      node(s, device, device.path().substring(slash + 1));
    }
    s.to("set the file mode mask");
    s.call("umask", Arg.of(022));
  }

  private void node(Section s, Device device, String name) {
    long type =
        switch (device.type()) {
          case "b" -> 0060000;
          case "p" -> 0010000;
          default -> 0020000;
        };
    Arg.Slot parent = c.slot("dev");
    Section.Draft node =
        s.call(
            "mknodat",
            parent,
            Arg.of(name),
            Arg.of(type | (device.fileMode().orElse(0666) & 07777)),
            Arg.of(type == 0010000 ? 0 : Kernel.device(device.major(), device.minor())));
    if (defaultNode(device)) {
      node.allow(Errors.EEXIST);
    } else {
      Section.Label made = new Section.Label();
      Section.Label remove = new Section.Label();
      node.skipTo(made).on(Errors.EEXIST, remove);
      s.here(remove);
      s.call("unlinkat", parent, Arg.of(name), Arg.of(0));
      s.call(
          "mknodat",
          parent,
          Arg.of(name),
          Arg.of(type | (device.fileMode().orElse(0666) & 07777)),
          Arg.of(type == 0010000 ? 0 : Kernel.device(device.major(), device.minor())));
      s.here(made);
    }
    if (device.uid() != 0 || device.gid() != 0) {
      s.call(
          "fchownat",
          parent,
          Arg.of(name),
          Arg.of(device.uid()),
          Arg.of(device.gid()),
          Arg.of(AT_SYMLINK_NOFOLLOW));
    }
  }

  private Arg.Slot dev(Section s, String path) {
    Arg.Slot dev = c.slot("dev");
    c.openIn(s, c.slot("root"), path, O_PATH | c.directory(), HOW_DIRECTORY, dev);
    return dev;
  }

  /** Whether a mount gives the container a devpts of its own. */
  static boolean hasPts(Compilation c) {
    return c.config.mounts().stream().map(Mount::type).anyMatch("devpts"::equals);
  }
}
