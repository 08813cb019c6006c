package dev.kapal.runtime.plan;

import static dev.kapal.runtime.plan.Kernel.*;

import dev.kapal.linux.MountFlags;

/** Masked and read-only paths (config-linux.md). */
final class PathPlan {
  private static final long QUIET =
      MountFlags.MS_NOSUID | MountFlags.MS_NODEV | MountFlags.MS_NOEXEC;

  private final Compilation c;

  PathPlan(Compilation c) {
    this.c = c;
  }

  void readOnly() {
    Section s = c.init;
    for (String path : c.linux.readonlyPaths()) {
      s.to("make " + path + " read-only");
      Section.Label end = new Section.Label();
      Arg.Slot target = c.slot("target");
      c.openIn(s, c.slot("root"), path, O_PATH, 0, target)
          .on(Errors.ENOENT, end)
          .on(Errors.ENOTDIR, end);
      if (c.mountSetattr()) {
        Arg.Slot tree = c.slot("tree");
        c.cloneTree(s, target, true, tree);
        c.setAttributes(s, tree, true, MountFlags.MOUNT_ATTR_RDONLY, 0, 0);
        c.attach(s, tree, target);
      } else {
        c.bind(s, target, target, true);
        c.openIn(s, c.slot("root"), path, O_PATH, 0, target);
        c.change(
            s,
            target,
            MountFlags.MS_REMOUNT | MountFlags.MS_BIND | MountFlags.MS_RDONLY | QUIET,
            "");
      }
      s.here(end);
    }
  }

  /**
   * Files are covered by the host's null device, which is checked to be one and bound by descriptor
   * (CVE-2025-31133); directories by an empty read-only tmpfs.
   */
  void mask() {
    Section s = c.init;
    if (c.linux.maskedPaths().isEmpty()) {
      return;
    }
    Arg.Slot nil = c.slot("null");
    s.to("open /dev/null for masking");
    c.openHost(s, "/dev/null", O_PATH, nil);
    s.op(Op.CHECK_DEVICE, nil, Arg.of(1), Arg.of(3));
    for (String path : c.linux.maskedPaths()) {
      s.to("mask " + path);
      Arg.Slot target = c.slot("target");
      Section.Label file = new Section.Label();
      Section.Label end = new Section.Label();
      c.openIn(s, c.slot("root"), path, O_PATH | c.directory(), 0, target)
          .on(Errors.ENOENT, end)
          .on(Errors.ENOTDIR, file);
      s.call("fchdir", target);
      c.mount(s, "tmpfs", ".", "tmpfs", MountFlags.MS_RDONLY | QUIET, "nr_blocks=1,nr_inodes=1")
          .skipTo(end);
      s.here(file);
      c.openIn(s, c.slot("root"), path, O_PATH, 0, target)
          .on(Errors.ENOENT, end)
          .on(Errors.ENOTDIR, end);
      c.bind(s, nil, target, false);
      s.here(end);
    }
    s.op(Op.FORGET, nil);
  }
}
