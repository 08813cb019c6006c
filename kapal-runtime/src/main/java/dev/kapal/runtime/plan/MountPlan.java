package dev.kapal.runtime.plan;

import static dev.kapal.runtime.plan.Kernel.*;

import dev.kapal.linux.MountFlags;
import dev.kapal.oci.runtime.IdMapping;
import dev.kapal.oci.runtime.Mount;
import dev.kapal.oci.runtime.NamespaceType;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.plan.LaunchInputs.SourceKind;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * The config's mounts. Targets are opened below the root, never by a path that the container could
 * redirect (CVE-2021-30465, CVE-2024-45310); mounts go onto these descriptors.
 */
final class MountPlan {
  /** Files of procfs that may be covered one by one, since they only inform. */
  private static final Set<String> PROC_FILES =
      Set.of(
          "/proc/cpuinfo",
          "/proc/diskstats",
          "/proc/meminfo",
          "/proc/stat",
          "/proc/swaps",
          "/proc/uptime",
          "/proc/loadavg",
          "/proc/slabinfo",
          "/proc/net/dev",
          "/proc/sys/kernel/ns_last_pid",
          "/proc/sys/crypto/fips_enabled");

  /** A mount with its options sorted. */
  private record Prepared(Mount mount, String destination, MountOptions options, String tree) {}

  private final Compilation c;
  private final List<Prepared> mounts = new ArrayList<>();

  MountPlan(Compilation c) {
    this.c = c;
    int number = 0;
    for (Mount mount : c.config.mounts()) {
      MountOptions options =
          MountOptions.parse(
              options(mount), mount.type().equals("bind") || mount.type().equals("rbind"));
      String destination = Path.of(mount.destination()).normalize().toString();
      check(mount, destination, options);
      boolean early = options.bind() && (c.userNamespace || options.shared() || options.idmap());
      mounts.add(new Prepared(mount, destination, options, early ? "bind " + number : ""));
      number++;
    }
  }

  /**
   * Mappings of its own make a mount an id-mapped one, also without the option (config.md, Mounts).
   */
  private static List<String> options(Mount mount) {
    if (mount.uidMappings().isEmpty()) {
      return mount.options();
    }
    List<String> all = new ArrayList<>(mount.options());
    all.add("idmap");
    return all;
  }

  /** A descriptor for each id-mapped mount; before any slot is asked for. */
  void descriptors() {
    for (Prepared p : mounts) {
      if (p.options().idmap()) {
        List<IdMapping> uids =
            p.mount().uidMappings().isEmpty() ? c.linux.uidMappings() : p.mount().uidMappings();
        List<IdMapping> gids =
            p.mount().gidMappings().isEmpty() ? c.linux.gidMappings() : p.mount().gidMappings();
        c.descriptor(
            new DescriptorSpec.IdMappedTree(
                source(p.mount()),
                p.options().recursiveIdmap() || p.options().recursiveBind(),
                p.options().recursiveIdmap(),
                uids,
                gids),
            p.tree());
      }
    }
  }

  /**
   * Takes hold of sources that need the host's privileges or its mounts' peers: before {@link
   * RootPlan#isolate}.
   */
  void acquire() {
    Section host = c.host();
    for (Prepared p : mounts) {
      if (!p.tree().isEmpty() && !p.options().idmap()) {
        host.to("open " + source(p.mount()) + ", the source of the mount on " + p.destination());
        openTree(host, p, c.slot(p.tree()));
        attributes(host, p, c.slot(p.tree()));
      }
    }
  }

  /** Mounts everything below the root. */
  void attach() {
    for (Prepared p : mounts) {
      if (p.options().bind()) {
        bind(p);
      } else if (p.mount().type().equals("cgroup") || p.mount().type().equals("cgroup2")) {
        new CgroupMountPlan(c).mount(p.destination(), p.options());
      } else {
        fileSystem(p);
      }
    }
  }

  private void openTree(Section s, Prepared p, Arg.Slot out) {
    s.call(
            "open_tree",
            Arg.of(AT_FDCWD),
            Arg.of(source(p.mount())),
            Arg.of(OPEN_TREE_CLONE | O_CLOEXEC | (p.options().recursiveBind() ? AT_RECURSIVE : 0)))
        .out(out);
  }

  private void attributes(Section s, Prepared p, Arg.Slot mount) {
    MountOptions o = p.options();
    if (o.bindSet() != 0 || o.bindClear() != 0) {
      if (c.mountSetattr()) {
        c.setAttributes(s, mount, false, o.bindSet(), o.bindClear(), 0);
      } else {
        c.change(s, mount, MountFlags.MS_REMOUNT | MountFlags.MS_BIND | o.set(), "");
      }
    }
    if (o.recursiveSet() != 0 || o.recursiveClear() != 0) {
      c.setAttributes(s, mount, true, o.recursiveSet(), o.recursiveClear(), 0);
    }
  }

  private void bind(Prepared p) {
    Section s = c.init;
    String source = source(p.mount());
    s.to("mount " + source + " on " + p.destination());
    SourceKind kind = c.inputs.sources().getOrDefault(source, SourceKind.MISSING);
    Arg.Slot target =
        kind == SourceKind.DIRECTORY
            ? c.targetDirectory(s, p.destination())
            : c.targetFile(s, p.destination());
    boolean proc = p.destination().equals("/proc");
    if (!p.tree().isEmpty()) {
      verifyProc(s, c.slot(p.tree()), proc);
      if (p.options().idmap()) {
        attributes(s, p, c.slot(p.tree()));
      }
      c.attach(s, c.slot(p.tree()), target);
      propagation(s, p, c.slot(p.tree()));
      s.op(Op.FORGET, c.slot(p.tree()));
      return;
    }
    Arg.Slot tree = c.slot("tree");
    if (c.mountApi()) {
      openTree(s, p, tree);
      verifyProc(s, tree, proc);
      if (c.mountSetattr()) {
        attributes(s, p, tree);
      }
      c.attach(s, tree, target);
      if (!c.mountSetattr() && p.options().changesBind()) {
        attributes(s, p, tree);
      }
      propagation(s, p, tree);
      return;
    }
    c.openHost(s, source, O_PATH, tree);
    verifyProc(s, tree, proc);
    c.bind(s, tree, target, p.options().recursiveBind());
    if (p.options().changesBind() || !p.options().propagation().isEmpty()) {
      c.openIn(s, c.slot("root"), p.destination(), O_PATH, 0, target);
      attributes(s, p, target);
      propagation(s, p, target);
    }
  }

  private static void verifyProc(Section s, Arg.Slot tree, boolean proc) {
    if (proc) {
      s.op(Op.CHECK_FS, tree, Arg.of(PROC_SUPER_MAGIC));
    }
  }

  private void propagation(Section s, Prepared p, Arg.Slot mount) {
    for (long flags : p.options().propagation()) {
      boolean recursive = (flags & MountFlags.MS_REC) != 0;
      if (c.mountSetattr()) {
        c.setAttributes(s, mount, recursive, 0, 0, flags & ~MountFlags.MS_REC);
      } else {
        c.change(s, mount, flags, "");
      }
    }
  }

  private void fileSystem(Prepared p) {
    Section s = c.init;
    Mount mount = p.mount();
    MountOptions o = p.options();
    s.to("mount a " + mount.type() + " file system on " + p.destination());
    Arg.Slot target = c.slot("target");
    boolean special = mount.type().equals("proc") || mount.type().equals("sysfs");
    c.openIn(
        s,
        c.slot("root"),
        p.destination(),
        O_PATH | c.directory(),
        HOW_DIRECTORY | (special ? HOW_NO_SYMLINKS : 0),
        target);
    if (o.copyUp()) {
      c.openIn(s, c.slot("root"), p.destination(), c.directory(), 0, c.slot("covered"));
    }
    c.mountOn(
        s,
        target,
        mount.source().isEmpty() ? mount.type() : mount.source(),
        mount.type(),
        o.set(),
        data(mount, o));
    if (o.copyUp()) {
      c.openIn(s, c.slot("root"), p.destination(), c.directory(), 0, target);
      s.op(Op.COPY_UP, c.slot("covered"), target);
      s.op(Op.FORGET, c.slot("covered"));
    }
    if (!o.propagation().isEmpty() || o.recursiveSet() != 0 || o.recursiveClear() != 0) {
      c.openIn(s, c.slot("root"), p.destination(), O_PATH, 0, target);
      if (o.recursiveSet() != 0 || o.recursiveClear() != 0) {
        c.setAttributes(s, target, true, o.recursiveSet(), o.recursiveClear(), 0);
      }
      propagation(s, p, target);
    }
  }

  private String data(Mount mount, MountOptions options) {
    List<String> data = new ArrayList<>(options.data());
    String label = c.linux.mountLabel();
    if (!label.isEmpty()
        && c.facts.features().seLinux()
        && Set.of("tmpfs", "mqueue", "devpts").contains(mount.type())) {
      data.add("context=\"" + label + "\"");
    }
    return String.join(",", data);
  }

  private String source(Mount mount) {
    return sourcePath(mount, c.inputs.bundle());
  }

  /** The absolute path of a bind mount's source. */
  static String sourcePath(Mount mount, String bundle) {
    return Path.of(bundle).resolve(mount.source()).normalize().toString();
  }

  private void check(Mount mount, String destination, MountOptions o) {
    boolean proc = mount.type().equals("proc");
    boolean sys = mount.type().equals("sysfs");
    if (destination.startsWith("/proc/") && !(o.bind() && PROC_FILES.contains(destination))) {
      throw new ContainerException.Invalid(
          "A mount on "
              + destination
              + " would hide a part of /proc that isolation depends on: leave it out");
    }
    if (destination.equals("/proc") && !proc && !o.bind()) {
      throw new ContainerException.Invalid(
          "Only a proc file system may be mounted on /proc, not " + mount.type());
    }
    if (sys
        && !c.userNamespace
        && c.linux.namespace(NamespaceType.NETWORK).isEmpty()
        && !mount.options().contains("ro")) {
      c.warnings.add("/sys shows the host's network devices: there is no network namespace");
    }
    if (destination.equals("/")) {
      throw new ContainerException.Invalid(
          "A mount on / would hide the container's root file system: leave it out");
    }
    if ((o.recursiveSet() != 0
            || o.recursiveClear() != 0
            || ((o.set() & MountFlags.MS_NOSYMFOLLOW) != 0 && o.bind()))
        && !c.mountSetattr()) {
      throw Compilation.unsupported(
          "The options of the mount on "
              + destination
              + " need mount_setattr(2) of Linux 5.12; this kernel is "
              + c.facts.features().release().text());
    }
    if (o.idmap() && !c.facts.features().idmappedMounts()) {
      throw Compilation.unsupported(
          "The mount on "
              + destination
              + " maps ids, which needs Linux 5.12; this kernel is "
              + c.facts.features().release().text());
    }
    if (o.idmap() && mount.uidMappings().isEmpty() && c.linux.uidMappings().isEmpty()) {
      throw new ContainerException.Invalid(
          "The mount on "
              + destination
              + " maps ids, but neither it nor a user namespace says how: give uidMappings and gidMappings");
    }
    if (o.shared() && o.bind() && !c.mountApi()) {
      throw Compilation.unsupported(
          "The shared mount on " + destination + " needs the mount calls of Linux 5.2");
    }
    if (o.bind() && mount.source().isEmpty()) {
      throw new ContainerException.Invalid("The bind mount on " + destination + " has no source");
    }
    if (o.bind()
        && c.inputs.sources().get(sourcePath(mount, c.inputs.bundle())) == SourceKind.MISSING) {
      throw new ContainerException.Invalid(
          "The source of the mount on "
              + destination
              + ", "
              + mount.source()
              + ", does not exist: make it, or correct the path");
    }
  }
}
