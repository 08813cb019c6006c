package dev.kapal.runtime.plan;

import static dev.kapal.runtime.plan.Kernel.*;

import dev.kapal.linux.CgroupLayout;
import dev.kapal.linux.MountFlags;
import dev.kapal.oci.runtime.NamespaceType;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * The container's view of control groups. Read-only unless {@code rw} is asked for: a writable one
 * lets the container change its own limits, and run release agents on the host (CVE-2022-0492).
 */
final class CgroupMountPlan {
  private final Compilation c;

  CgroupMountPlan(Compilation c) {
    this.c = c;
  }

  void mount(String destination, MountOptions options) {
    Section s = c.init;
    long flags =
        (options.set() | MountFlags.MS_NOSUID | MountFlags.MS_NODEV | MountFlags.MS_NOEXEC)
            | (options.asksReadWrite() ? 0 : MountFlags.MS_RDONLY);
    CgroupLayout layout = c.facts.cgroups();
    s.to("mount the control groups on " + destination);
    switch (layout.mode()) {
      case V2 -> {
        c.targetDirectory(s, destination);
        one(s, destination, "", "cgroup2", flags, "");
      }
      case V1, HYBRID -> {
        Arg.Slot target = c.targetDirectory(s, destination);
        c.mountOn(
            s,
            target,
            "tmpfs",
            "tmpfs",
            MountFlags.MS_NOSUID | MountFlags.MS_NODEV | MountFlags.MS_NOEXEC,
            "mode=755,size=64k");
        hierarchies(s, destination, flags, layout);
        if ((flags & MountFlags.MS_RDONLY) != 0) {
          Arg.Slot top = c.slot("target");
          c.openIn(s, c.slot("root"), destination, O_PATH | c.directory(), 0, top);
          s.call("fchdir", top);
          c.mount(
              s,
              "",
              ".",
              "",
              MountFlags.MS_REMOUNT
                  | MountFlags.MS_BIND
                  | MountFlags.MS_RDONLY
                  | MountFlags.MS_NOSUID
                  | MountFlags.MS_NODEV
                  | MountFlags.MS_NOEXEC,
              "");
        }
      }
      case NONE ->
          c.warnings.add(
              "Nothing is mounted on " + destination + ": this host has no control groups");
    }
  }

  private void hierarchies(Section s, String destination, long flags, CgroupLayout layout) {
    Map<String, StringBuilder> byMount = new LinkedHashMap<>();
    new TreeMap<>(layout.v1())
        .forEach((controller, mount) -> {
          StringBuilder names = byMount.computeIfAbsent(mount, _ -> new StringBuilder());
          names.append(names.isEmpty() ? "" : ",").append(controller);
        });
    byMount.forEach((mount, names) -> {
      String directory = destination + "/" + mount.substring(mount.lastIndexOf('/') + 1);
      c.targetDirectory(s, directory);
      one(s, directory, names.toString(), "cgroup", flags, names.toString());
    });
    byMount.forEach((mount, names) -> {
      String base = mount.substring(mount.lastIndexOf('/') + 1);
      for (String controller : names.toString().split(",", -1)) {
        if (!controller.equals(base) && !controller.startsWith("name=")) {
          Arg.Slot top = c.slot("target");
          c.openIn(s, c.slot("root"), destination, O_PATH | c.directory(), 0, top);
          s.call("symlinkat", Arg.of(base), top, Arg.of(controller)).allow(Errors.EEXIST);
        }
      }
    });
    layout
        .unified()
        .ifPresent(mount -> {
          String directory = destination + "/" + mount.substring(mount.lastIndexOf('/') + 1);
          c.targetDirectory(s, directory);
          one(s, directory, "", "cgroup2", flags, "");
        });
  }

  /**
   * With a cgroup namespace the kernel shows the own group as the root; without, that group is
   * bound.
   */
  private void one(
      Section s, String destination, String controllers, String type, long flags, String data) {
    Arg.Slot target = c.slot("target");
    Section.Label end = new Section.Label();
    if (c.linux.namespace(NamespaceType.CGROUP).isPresent()) {
      s.call("fchdir", target);
      Section.Draft mount = c.mount(s, "cgroup", ".", type, flags, data);
      if (!c.facts.identity().rootless()) {
        return;
      }
      // Where the cgroup namespace is not the user namespace's, what the user sees is bound.
      Section.Label refused = new Section.Label();
      mount.skipTo(end).on(Errors.EPERM, refused);
      s.here(refused);
    }
    String first = controllers.isEmpty() ? "" : controllers.split(",", -1)[0];
    String own = c.inputs.cgroups().get(first);
    String from =
        own != null
            ? own
            : first.isEmpty()
                ? c.facts.cgroups().unified().orElse("/sys/fs/cgroup")
                : c.facts.cgroups().v1().getOrDefault(first, "/sys/fs/cgroup");
    Arg.Slot source = c.slot("source");
    c.openHost(s, from, O_PATH | c.directory(), source);
    c.bind(s, source, target, false);
    c.openIn(s, c.slot("root"), destination, O_PATH | c.directory(), 0, target);
    if (c.facts.identity().rootless() && c.mountSetattr()) {
      // Flags that it has already may not be taken away in a user namespace.
      c.setAttributes(s, target, false, MountOptions.attributes(flags), 0, 0);
    } else {
      s.call("fchdir", target);
      c.mount(s, "", ".", "", MountFlags.MS_REMOUNT | MountFlags.MS_BIND | flags, "");
    }
    s.here(end);
  }
}
