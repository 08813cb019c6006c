package dev.kapal.runtime.plan;

import static dev.kapal.runtime.plan.Kernel.*;

import dev.kapal.linux.MountFlags;
import dev.kapal.runtime.RootFilesystem;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Mounts the root file system in the container's mount namespace and, at the end, makes it the
 * root. Nothing is mounted where the host sees it: all of this happens in a mount namespace that
 * only receives mounts.
 */
final class RootPlan {
  /** mount(2) takes a page of options. */
  private static final int MAX_DATA = 4095;

  private final Compilation c;

  RootPlan(Compilation c) {
    this.c = c;
  }

  /** Leaves the root in the slot "root". */
  void acquire() {
    Section host = c.host();
    if (c.outside) {
      if (!c.mountApi()) {
        throw Compilation.unsupported(
            "A container with a user namespace needs the mount calls of Linux 5.2; this kernel is "
                + c.facts.features().release().text()
                + ". Run it without a user namespace");
      }
      host.to("make a mount namespace to prepare mounts in");
      host.call("unshare", Arg.of(0x00020000));
    }
  }

  /** Stops mounts from propagating to the host. */
  void isolate() {
    Section host = c.host();
    host.to("cut mounts off from the host");
    c.mount(host, "none", "/", "", MountFlags.MS_REC | MountFlags.MS_SLAVE, "");
  }

  void mountRoot() {
    Section host = c.host();
    if (MappedOverlay.needed(c) && c.inputs.root() instanceof RootFilesystem.Overlay overlay) {
      MappedOverlay.mount(c, layered(overlay), c.slot("root"));
      return;
    }
    String place =
        switch (c.inputs.root()) {
          case RootFilesystem.Overlay overlay -> overlay(host, overlay, overlay.upper().toString());
          case RootFilesystem.Directory(Path path) -> {
            host.to("bind the root directory " + path);
            c.mount(
                host,
                path.toString(),
                path.toString(),
                "",
                MountFlags.MS_BIND | MountFlags.MS_REC,
                "");
            yield path.toString();
          }
        };
    Arg.Slot root = c.slot("root");
    if (!c.outside) {
      c.openHost(host, place, O_PATH | c.directory(), root);
      return;
    }
    host.call(
            "open_tree",
            Arg.of(AT_FDCWD),
            Arg.of(place),
            Arg.of(OPEN_TREE_CLONE | O_CLOEXEC | AT_RECURSIVE))
        .out(root);
  }

  /** In a user namespace: attaches what the stage prepared. */
  void attachRoot() {
    if (c.outside) {
      c.init.to("attach the root file system");
      Arg.Slot top = c.slot("target");
      c.openHost(c.init, "/", O_PATH | c.directory(), top);
      c.attach(c.init, c.slot("root"), top);
    }
  }

  /** Mounts an overlay at a place, which it returns. */
  String overlay(Section s, RootFilesystem.Overlay overlay, String place) {
    s.to(
        "mount the root file system, an overlay of "
            + overlay.lower().size()
            + " layers on "
            + overlay.upper());
    layered(overlay);
    String data = data(overlay, overlay.lower().stream().map(Path::toString).toList());
    if (length(data) > MAX_DATA) {
      Path common = common(overlay.lower());
      String relative =
          data(
              overlay, overlay.lower().stream().map(p -> common.relativize(p).toString()).toList());
      if (length(relative) > MAX_DATA) {
        append(s, overlay, place);
        return place;
      }
      s.call("chdir", Arg.of(common.toString()));
      data = relative;
    }
    c.mount(s, "overlay", place, "overlay", 0, data);
    return place;
  }

  private static RootFilesystem.Overlay layered(RootFilesystem.Overlay overlay) {
    if (overlay.lower().isEmpty()) {
      throw new dev.kapal.runtime.ContainerException.Invalid(
          "An overlay needs at least one lower directory");
    }
    return overlay;
  }

  /** Very many layers: one option each (Linux 6.7). */
  private void append(Section s, RootFilesystem.Overlay overlay, String place) {
    if (!c.facts.features().overlay().lowerdirAppend()) {
      throw Compilation.unsupported(
          "The "
              + overlay.lower().size()
              + " layers do not fit in a page of mount options, and this kernel ("
              + c.facts.features().release().text()
              + ") cannot take them one by one (Linux 6.7). Use an image of fewer layers");
    }
    Arg.Slot fs = c.slot("file system");
    Arg.Slot tree = c.slot("tree");
    s.call("fsopen", Arg.of("overlay"), Arg.of(1)).out(fs);
    for (Path lower : overlay.lower()) {
      config(s, fs, "lowerdir+", lower.toString());
    }
    config(s, fs, "upperdir", overlay.upper().toString());
    config(s, fs, "workdir", overlay.work().toString());
    for (String option : overlay.options()) {
      int equals = option.indexOf('=');
      if (equals < 0) {
        s.call("fsconfig", fs, Arg.of(0), Arg.of(option), Arg.of(0), Arg.of(0));
      } else {
        config(s, fs, option.substring(0, equals), option.substring(equals + 1));
      }
    }
    s.call("fsconfig", fs, Arg.of(6), Arg.of(0), Arg.of(0), Arg.of(0));
    s.call("fsmount", fs, Arg.of(1), Arg.of(0)).out(tree);
    Arg.Slot target = c.slot("target");
    c.openHost(s, place, O_PATH | c.directory(), target);
    c.attach(s, tree, target);
  }

  private static void config(Section s, Arg.Slot fs, String key, String value) {
    s.call("fsconfig", fs, Arg.of(1), Arg.of(key), Arg.of(value), Arg.of(0));
  }

  /** The options of mount(2) for an overlay whose lower directories are named so. */
  static String data(RootFilesystem.Overlay overlay, List<String> lower) {
    StringBuilder data = new StringBuilder("lowerdir=");
    data.append(lower.stream().map(RootPlan::escapeLower).collect(Collectors.joining(":")));
    data.append(",upperdir=").append(escape(overlay.upper().toString()));
    data.append(",workdir=").append(escape(overlay.work().toString()));
    overlay.options().forEach(o -> data.append(',').append(o));
    return data.toString();
  }

  private static String escapeLower(String path) {
    return escape(path).replace(":", "\\:");
  }

  private static String escape(String path) {
    return path.replace("\\", "\\\\").replace(",", "\\,");
  }

  /** The deepest directory that all are below. */
  static Path common(List<Path> paths) {
    Path common = paths.getFirst().getParent();
    for (Path path : paths) {
      while (common != null && !path.startsWith(common)) {
        common = common.getParent();
      }
    }
    return common == null ? Path.of("/") : common;
  }

  private static int length(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }

  void readOnly() {
    if (c.config.root().filter(r -> r.readonly()).isEmpty()) {
      return;
    }
    c.init.to("make the root file system read-only");
    if (c.mountSetattr()) {
      c.setAttributes(c.init, c.slot("root"), false, MountFlags.MOUNT_ATTR_RDONLY, 0, 0);
    } else {
      c.change(
          c.init,
          c.slot("root"),
          MountFlags.MS_REMOUNT | MountFlags.MS_BIND | MountFlags.MS_RDONLY,
          "");
    }
  }

  /** Makes it the root and detaches the host's mounts. */
  void pivot() {
    Section s = c.init;
    Arg.Slot root = c.slot("root");
    if (c.inputs.noPivot()) {
      s.to("move the root file system to /");
      for (String host : List.of("/proc", "/sys")) {
        s.call("umount2", Arg.of(host), Arg.of(MNT_DETACH)).allow(Step.Allowed.ANY);
      }
      s.call("fchdir", root);
      c.mount(s, ".", "/", "", MountFlags.MS_MOVE, "");
      s.call("chroot", Arg.of("."));
    } else {
      s.to("make the container's file system the root (on a ramdisk root, use no-pivot)");
      Arg.Slot old = c.slot("old root");
      c.openHost(s, "/", O_PATH | c.directory(), old);
      s.call("fchdir", root);
      s.call("pivot_root", Arg.of("."), Arg.of("."));
      s.to("detach the host's mounts");
      s.call("fchdir", old);
      c.mount(s, "none", ".", "", MountFlags.MS_REC | MountFlags.MS_SLAVE, "");
      s.call("umount2", Arg.of("."), Arg.of(MNT_DETACH));
      s.op(Op.FORGET, old);
    }
    s.call("chdir", Arg.of("/"));
    s.op(Op.FORGET, root);
    propagation(s);
  }

  private void propagation(Section s) {
    long flags =
        switch (c.linux.rootfsPropagation()) {
          case "shared", "rshared" -> MountFlags.MS_SHARED;
          case "private", "rprivate" -> MountFlags.MS_PRIVATE;
          case "unbindable", "runbindable" -> MountFlags.MS_UNBINDABLE;
          default -> 0;
        };
    if (flags != 0) {
      s.to("set the propagation of the root file system");
      boolean recursive = c.linux.rootfsPropagation().startsWith("r");
      c.mount(s, "none", "/", "", flags | (recursive ? MountFlags.MS_REC : 0), "");
    }
  }
}
