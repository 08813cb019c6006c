package dev.kapal.runtime.plan;

import static dev.kapal.runtime.plan.Kernel.*;

import dev.kapal.linux.MountFlags;
import dev.kapal.oci.runtime.IdMapping;
import dev.kapal.oci.runtime.NamespaceType;
import dev.kapal.runtime.plan.LaunchInputs.SourceKind;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Binds. A source is opened in its turn, when the mounts before it are there; with a user
 * namespace, or to share mounts with the host, before the container's namespaces are entered.
 */
final class BindPlan {
  private final Compilation c;
  private final List<DescriptorSpec.IdMap> maps = new ArrayList<>();

  BindPlan(Compilation c) {
    this.c = c;
  }

  /** A descriptor for each map of ids; before any slot is asked for. */
  void descriptors(List<PlannedMount> mounts) {
    for (PlannedMount p : mounts) {
      map(p)
          .filter(map -> !maps.contains(map))
          .ifPresent(map -> {
            c.descriptor(map, name(maps.size()));
            maps.add(map);
          });
    }
  }

  private static String name(int number) {
    return "id map " + number;
  }

  /** The map of a mount; one of a namespace that is joined is that namespace. */
  private Optional<DescriptorSpec.IdMap> map(PlannedMount p) {
    if (!p.options().idmap()) {
      return Optional.empty();
    }
    if (!p.mount().uidMappings().isEmpty()) {
      return Optional.of(
          new DescriptorSpec.IdMap(p.mount().uidMappings(), p.mount().gidMappings()));
    }
    if (c.joins(NamespaceType.USER).isPresent()) {
      return Optional.empty();
    }
    List<IdMapping> uids = c.linux.uidMappings();
    return Optional.of(new DescriptorSpec.IdMap(uids, c.linux.gidMappings()));
  }

  /**
   * Takes hold of sources that need the host's privileges or its mounts' peers: before {@link
   * RootPlan#isolate}.
   */
  void acquire(PlannedMount p) {
    Section host = c.host();
    Arg.Slot tree = c.slot(p.early());
    host.to("open " + p.source() + ", the source of the mount on " + p.destination());
    openTree(host, p, tree);
    change(host, p, tree);
  }

  void attach(PlannedMount p) {
    Section s = c.init;
    s.to("mount " + p.source() + " on " + p.destination());
    Arg.Slot target = p.inside().isPresent() ? sourceInside(s, p) : target(s, p);
    if (p.held()) {
      Arg.Slot tree = c.slot(p.early());
      if (!c.outside) {
        // Tables of mounts have the order in which mounts were made (Linux 6.8), so it is made anew
        // where one that is attached nowhere can be copied (Linux 6.15).
        c.cloneTree(s, tree, p.options().recursiveBind(), tree).allow(Errors.EINVAL);
      }
      verifyProc(s, p, tree);
      c.attach(s, tree, target);
      propagation(s, p, tree);
      s.op(Op.FORGET, tree);
      return;
    }
    Arg.Slot tree = c.slot("tree");
    if (!c.mountApi()) {
      plain(s, p, tree, target);
      return;
    }
    if (p.inside().isPresent()) {
      c.cloneTree(s, c.slot("source"), p.options().recursiveBind(), tree);
    } else {
      openTree(s, p, tree);
    }
    verifyProc(s, p, tree);
    if (c.mountSetattr()) {
      change(s, p, tree);
    }
    c.attach(s, tree, target);
    if (!c.mountSetattr()) {
      change(s, p, tree);
    }
    propagation(s, p, tree);
  }

  private Arg.Slot target(Section s, PlannedMount p) {
    SourceKind kind = c.inputs.sources().getOrDefault(p.source(), SourceKind.MISSING);
    return kind == SourceKind.DIRECTORY
        ? c.targetDirectory(s, p.destination())
        : c.targetFile(s, p.destination());
  }

  /** What it is, is known only now: its place is made like it. */
  private Arg.Slot sourceInside(Section s, PlannedMount p) {
    String path = p.inside().orElseThrow();
    Arg.Slot source = c.slot("source");
    Section.Label file = new Section.Label();
    Section.Label made = new Section.Label();
    c.openIn(s, c.slot("root"), path, O_PATH | c.directory(), 0, source).on(Errors.ENOTDIR, file);
    c.openIn(
            s,
            c.slot("root"),
            p.destination(),
            O_PATH | c.directory(),
            HOW_DIRECTORY,
            c.slot("target"))
        .skipTo(made);
    s.here(file);
    c.openIn(s, c.slot("root"), path, O_PATH, 0, source);
    Arg.Slot target = c.targetFile(s, p.destination());
    s.here(made);
    return target;
  }

  /** On kernels without the mount calls of Linux 5.2. */
  private void plain(Section s, PlannedMount p, Arg.Slot tree, Arg.Slot target) {
    Arg.Slot source = tree;
    if (p.inside().isPresent()) {
      source = c.slot("source");
    } else {
      c.openHost(s, p.source(), O_PATH, tree);
    }
    verifyProc(s, p, source);
    c.bind(s, source, target, p.options().recursiveBind());
    if (p.flags().change() || !p.options().propagation().isEmpty()) {
      c.openIn(s, c.slot("root"), p.destination(), O_PATH, 0, target);
      change(s, p, target);
      propagation(s, p, target);
    }
  }

  private void openTree(Section s, PlannedMount p, Arg.Slot out) {
    s.call(
            "open_tree",
            Arg.of(AT_FDCWD),
            Arg.of(p.source()),
            Arg.of(OPEN_TREE_CLONE | O_CLOEXEC | (p.options().recursiveBind() ? AT_RECURSIVE : 0)))
        .out(out);
  }

  private void change(Section s, PlannedMount p, Arg.Slot mount) {
    MountOptions o = p.options();
    if (o.idmap()) {
      mapIds(s, p, mount);
    }
    if (p.flags().mask() != 0) {
      s.op(Op.CHECK_FLAGS, mount, Arg.of(p.flags().mask()), Arg.of(p.flags().wanted()));
    }
    if (p.flags().change()) {
      if (c.mountSetattr()) {
        c.setAttributes(s, mount, false, p.flags().set(), p.flags().clear(), 0);
      } else {
        c.change(s, mount, MountFlags.MS_REMOUNT | MountFlags.MS_BIND | o.set(), "");
      }
    }
    if (o.recursiveSet() != 0 || o.recursiveClear() != 0) {
      c.setAttributes(s, mount, true, o.recursiveSet(), o.recursiveClear(), 0);
    }
  }

  private void mapIds(Section s, PlannedMount p, Arg.Slot tree) {
    Optional<DescriptorSpec.IdMap> map = map(p);
    Arg.Slot namespace = c.slot(map.map(m -> name(maps.indexOf(m))).orElse("joined id map"));
    if (map.isEmpty()) {
      c.openHost(s, c.joins(NamespaceType.USER).orElseThrow(), 0, namespace);
    }
    IdMapPlan.hold(s, namespace);
    IdMapPlan.apply(s, tree, p.options().recursiveIdmap());
    IdMapPlan.release(s);
  }

  private static void verifyProc(Section s, PlannedMount p, Arg.Slot tree) {
    if (p.destination().equals("/proc")) {
      s.op(Op.CHECK_FS, tree, Arg.of(PROC_SUPER_MAGIC));
    }
  }

  private void propagation(Section s, PlannedMount p, Arg.Slot mount) {
    c.propagation(s, p.options().propagation(), mount);
  }
}
