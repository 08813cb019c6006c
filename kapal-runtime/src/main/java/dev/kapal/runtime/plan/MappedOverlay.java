package dev.kapal.runtime.plan;

import static dev.kapal.runtime.plan.Kernel.*;

import dev.kapal.linux.MountFlags;
import dev.kapal.oci.runtime.IdMapping;
import dev.kapal.runtime.RootFilesystem;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The overlay of a container with a user namespace of its own: on disk files keep the owners that
 * the image gives them (0 is 0), so that layers are shared with every other container, and
 * id-mapped mounts of the layers (mount_setattr(2), Linux 5.12; below overlayfs Linux 5.19) show
 * them to the container as its own.
 *
 * <p>Overlayfs takes layers by path, and before Linux 6.15 only from mounts that are attached
 * somewhere. They are attached to a tmpfs that covers the upper directory in the stage's own mount
 * namespace and is gone once the overlay holds copies of them. The names there are so short that
 * overlayfs's limit of 500 layers is reached long before a page of mount options is full.
 */
final class MappedOverlay {
  private static final String ID_MAP = "id map";

  private static final int MOVE_MOUNT_F_EMPTY_PATH = 4;
  private static final int PR_SET_SECUREBITS = 28;
  private static final int SECBIT_NO_SETUID_FIXUP = 1 << 2;

  private final Compilation c;
  private final RootFilesystem.Overlay overlay;

  private MappedOverlay(Compilation c, RootFilesystem.Overlay overlay) {
    this.c = c;
    this.overlay = overlay;
  }

  static boolean needed(Compilation c) {
    return c.userNamespace
        && c.inputs.root() instanceof RootFilesystem.Overlay
        && !c.linux.uidMappings().isEmpty()
        && !c.linux.gidMappings().isEmpty();
  }

  /** Asks for the namespace that is the map; before any slot is asked for. */
  static void descriptor(Compilation c) {
    if (needed(c)) {
      c.descriptor(new DescriptorSpec.IdMap(c.linux.uidMappings(), c.linux.gidMappings()), ID_MAP);
    }
  }

  /** Leaves a copy of the overlay's mount in a slot. */
  static void mount(Compilation c, RootFilesystem.Overlay overlay, Arg.Slot root) {
    if (!c.facts.features().idmappedMounts() || !c.facts.features().release().isAtLeast(5, 19)) {
      throw Compilation.unsupported(
          "The layers of an image can have their ids mapped from Linux 5.19 on; this kernel is "
              + c.facts.features().release().text()
              + ". Run the container without a user namespace of its own");
    }
    new MappedOverlay(c, overlay).mount(root);
  }

  private void mount(Arg.Slot root) {
    Section s = c.stage;
    Path upper = overlay.upper();
    Path changes = RootPlan.common(List.of(upper, overlay.work()));
    Arg.Slot mapped = c.slot("mapped");
    s.to("map the ids of the changes in " + changes);
    IdMapPlan.hold(s, c.slot(ID_MAP));
    s.op(Op.FORGET, c.slot(ID_MAP));
    clone(s, changes, mapped);
    s.to("prepare a place for the layers");
    c.mount(
        s,
        "tmpfs",
        upper.toString(),
        "tmpfs",
        MountFlags.MS_NOSUID | MountFlags.MS_NODEV | MountFlags.MS_NOEXEC,
        "mode=700");
    s.call("chdir", Arg.of(upper.toString()));
    attach(s, mapped, "u");
    int number = 0;
    for (Path lower : overlay.lower()) {
      s.to("map the ids of the layer " + lower);
      clone(s, lower, mapped);
      attach(s, mapped, Integer.toString(++number));
    }
    s.call("mkdirat", Arg.of(AT_FDCWD), Arg.of("root"), Arg.of(0700));
    s.to("become the owner of the layers");
    // Overlayfs makes files with the ids of who mounts it: they need to be mapped as well. With the
    // bit the capabilities stay; the new user namespace starts without it.
    s.call(
        "prctl",
        Arg.of(PR_SET_SECUREBITS),
        Arg.of(SECBIT_NO_SETUID_FIXUP),
        Arg.of(0),
        Arg.of(0),
        Arg.of(0));
    s.call("setfsgid", Arg.of(owner(c.linux.gidMappings())));
    s.call("setfsuid", Arg.of(owner(c.linux.uidMappings())));
    s.to(
        "mount the root file system, an overlay of "
            + overlay.lower().size()
            + " layers on "
            + upper);
    c.mount(s, "overlay", "root", "overlay", 0, data(changes));
    s.to("take hold of the root file system");
    s.call("setfsuid", Arg.of(0));
    s.call("setfsgid", Arg.of(0));
    s.call("open_tree", Arg.of(AT_FDCWD), Arg.of("root"), Arg.of(OPEN_TREE_CLONE | O_CLOEXEC))
        .out(root);
    IdMapPlan.release(s);
    s.op(Op.FORGET, mapped);
    s.call("chdir", Arg.of("/"));
    s.call("umount2", Arg.of(upper.toString()), Arg.of(MNT_DETACH));
  }

  private String data(Path changes) {
    RootFilesystem.Overlay moved =
        new RootFilesystem.Overlay(
            IntStream.rangeClosed(1, overlay.lower().size())
                .mapToObj(i -> Path.of(Integer.toString(i)))
                .collect(Collectors.toList()),
            Path.of("u").resolve(changes.relativize(overlay.upper())),
            Path.of("u").resolve(changes.relativize(overlay.work())),
            overlay.options());
    return RootPlan.data(moved, moved.lower().stream().map(Path::toString).toList());
  }

  private static void clone(Section s, Path directory, Arg.Slot out) {
    s.call(
            "open_tree",
            Arg.of(AT_FDCWD),
            Arg.of(directory.toString()),
            Arg.of(OPEN_TREE_CLONE | O_CLOEXEC))
        .out(out);
    IdMapPlan.apply(s, out, false);
  }

  private static void attach(Section s, Arg.Slot tree, String name) {
    s.call("mkdirat", Arg.of(AT_FDCWD), Arg.of(name), Arg.of(0700));
    s.call(
        "move_mount",
        tree,
        Arg.of(""),
        Arg.of(AT_FDCWD),
        Arg.of(name),
        Arg.of(MOVE_MOUNT_F_EMPTY_PATH));
  }

  /** The container's root as the host sees it, or else somebody of the container's. */
  private static long owner(List<IdMapping> maps) {
    long root = ProcessPlan.mapped(0, maps);
    return root >= 0 ? root : maps.getFirst().hostId();
  }
}
