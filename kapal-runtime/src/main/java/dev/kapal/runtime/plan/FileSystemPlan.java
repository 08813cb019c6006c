package dev.kapal.runtime.plan;

import static dev.kapal.runtime.plan.Kernel.*;

import dev.kapal.linux.MountFlags;
import dev.kapal.oci.runtime.Mount;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Mounts of new file systems. */
final class FileSystemPlan {
  private static final String MODE = "mode=";

  private final Compilation c;

  FileSystemPlan(Compilation c) {
    this.c = c;
  }

  void attach(PlannedMount p) {
    Section s = c.init;
    Mount mount = p.mount();
    MountOptions o = p.options();
    boolean special = mount.type().equals("proc") || mount.type().equals("sysfs");
    s.to("mount a " + mount.type() + " file system on " + p.destination());
    if (mount.type().equals("tmpfs")) {
      temporary(s, p);
    } else {
      open(s, p, HOW_DIRECTORY | (special ? HOW_NO_SYMLINKS : 0));
      if (!new RootlessPlan(c).mount(p, source(mount), data(p))) {
        mount(s, p);
      }
    }
    Arg.Slot target = c.slot("target");
    if (!o.propagation().isEmpty() || o.recursiveSet() != 0 || o.recursiveClear() != 0) {
      c.openIn(s, c.slot("root"), p.destination(), O_PATH, 0, target);
      if (o.recursiveSet() != 0 || o.recursiveClear() != 0) {
        c.setAttributes(s, target, true, o.recursiveSet(), o.recursiveClear(), 0);
      }
      c.propagation(s, o.propagation(), target);
    }
  }

  /** One that covers a directory has that one's mode, unless the config names a mode. */
  private void temporary(Section s, PlannedMount p) {
    List<String> modes =
        p.options().data().stream().filter(option -> option.startsWith(MODE)).toList();
    if (!modes.isEmpty()) {
      open(s, p, HOW_DIRECTORY);
      openCovered(s, p);
      mount(s, p);
      copyUp(s, p);
      if (p.options().copyUp() && modes.getLast().matches(MODE + "[0-7]{1,5}")) {
        // The copy has the mode of what was copied.
        String mode = modes.getLast().substring(MODE.length());
        s.call("fchmod", c.slot("target"), Arg.of(Integer.parseInt(mode, 8)));
      }
      return;
    }
    Section.Label missing = new Section.Label();
    Section.Label made = new Section.Label();
    open(s, p, 0).on(Errors.ENOENT, missing);
    openCovered(s, p);
    s.op(Op.COVER, c.slot("target"), Arg.of(source(p.mount())), Arg.of(data(p)), Arg.of(flags(p)))
        .skipTo(made);
    s.here(missing);
    open(s, p, HOW_DIRECTORY);
    openCovered(s, p);
    mount(s, p);
    s.here(made);
    copyUp(s, p);
  }

  private void openCovered(Section s, PlannedMount p) {
    if (p.options().copyUp()) {
      c.openIn(s, c.slot("root"), p.destination(), c.directory(), 0, c.slot("covered"));
    }
  }

  private void copyUp(Section s, PlannedMount p) {
    if (p.options().copyUp()) {
      c.openIn(s, c.slot("root"), p.destination(), c.directory(), 0, c.slot("target"));
      s.op(Op.COPY_UP, c.slot("covered"), c.slot("target"));
      s.op(Op.FORGET, c.slot("covered"));
    }
  }

  private Section.Draft open(Section s, PlannedMount p, int how) {
    return c.openIn(
        s, c.slot("root"), p.destination(), O_PATH | c.directory(), how, c.slot("target"));
  }

  private void mount(Section s, PlannedMount p) {
    c.mountOn(s, c.slot("target"), source(p.mount()), p.mount().type(), flags(p), data(p));
  }

  private static String source(Mount mount) {
    return mount.source().isEmpty() ? mount.type() : mount.source();
  }

  /** What is put into it comes before it is made read-only. */
  private static boolean waits(PlannedMount p) {
    return (p.options().set() & MountFlags.MS_RDONLY) != 0
        && (p.mount().type().equals("tmpfs") || p.destination().equals("/dev"));
  }

  private static long flags(PlannedMount p) {
    return waits(p) ? p.options().set() & ~MountFlags.MS_RDONLY : p.options().set();
  }

  private String data(PlannedMount p) {
    List<String> data = new ArrayList<>(p.options().data());
    String label = c.linux.mountLabel();
    if (!label.isEmpty()
        && c.facts.features().seLinux()
        && Set.of("tmpfs", "mqueue", "devpts").contains(p.mount().type())) {
      data.add("context=\"" + label + "\"");
    }
    return String.join(",", data);
  }

  /** Behind everything that is made in it. One that another mount hides stays as it is. */
  void readOnly(PlannedMount p) {
    if (!waits(p)) {
      return;
    }
    Section s = c.init;
    Arg.Slot target = c.slot("target");
    Section.Label end = new Section.Label();
    s.to("make the mount on " + p.destination() + " read-only");
    c.openIn(s, c.slot("root"), p.destination(), O_PATH, 0, target)
        .on(Errors.ENOENT, end)
        .on(Errors.ENOTDIR, end);
    if (c.mountSetattr()) {
      c.setAttributes(s, target, false, MountFlags.MOUNT_ATTR_RDONLY, 0, 0);
    } else {
      c.change(s, target, MountFlags.MS_REMOUNT | MountFlags.MS_BIND | p.options().set(), "");
    }
    s.here(end);
  }
}
