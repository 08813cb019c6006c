package dev.kapal.runtime.plan;

import static dev.kapal.runtime.plan.Kernel.*;

import dev.kapal.linux.MountFlags;

/**
 * Maps the ids of mounts (mount_setattr(2), Linux 5.12). The namespace that is the map is named in
 * a structure and not as an argument, so it gets a number that the plan knows.
 */
final class IdMapPlan {
  /** Beyond the numbers of {@link Compilation}. */
  private static final int NUMBER = 902;

  private IdMapPlan() {}

  /** Takes the namespace in a slot for the mounts that follow. */
  static void hold(Section s, Arg.Slot namespace) {
    s.call("dup3", namespace, Arg.of(NUMBER), Arg.of(O_CLOEXEC));
  }

  /** Maps the ids of a mount that is attached nowhere yet. */
  static void apply(Section s, Arg.Slot tree, boolean recursive) {
    Bytes attr =
        Bytes.struct(
            32, b -> b.putLong(MountFlags.MOUNT_ATTR_IDMAP).putLong(0).putLong(0).putLong(NUMBER));
    s.call(
        "mount_setattr",
        tree,
        Arg.of(""),
        Arg.of(AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0)),
        Arg.of(attr),
        Arg.of(32));
  }

  static void release(Section s) {
    s.call("close", Arg.of(NUMBER));
  }
}
