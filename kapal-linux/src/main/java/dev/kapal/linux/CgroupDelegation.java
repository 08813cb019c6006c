package dev.kapal.linux;

import java.util.Arrays;
import java.util.List;

/** cgroup.subtree_control of cgroup v2: which controllers the groups below have. */
final class CgroupDelegation {
  private CgroupDelegation() {}

  /**
   * Enables whatever a group has for the groups below it. What cannot be enabled is left out: it
   * matters only when a limit is asked for, and {@link #explain} then says why there is none.
   */
  static void enable(CgroupFolder parent) {
    List<String> enabled = words(parent.read("cgroup.subtree_control").orElse(""));
    List<String> missing =
        words(parent.read("cgroup.controllers").orElse("")).stream()
            .filter(controller -> !enabled.contains(controller))
            .toList();
    if (missing.isEmpty() || attempt(parent, missing)) {
      return;
    }
    missing.forEach(controller -> attempt(parent, List.of(controller)));
  }

  private static boolean attempt(CgroupFolder parent, List<String> controllers) {
    try {
      parent.write("cgroup.subtree_control", "+" + String.join(" +", controllers));
      return true;
    } catch (ErrnoException _) {
      return false;
    }
  }

  /** Why a group lacks a controller of cgroup v2. */
  static String explain(CgroupHierarchy hierarchy, String path, String controller) {
    String at = "";
    for (int slash = 0; slash >= 0; ) {
      CgroupFolder parent = hierarchy.folder(at);
      String where = at.isEmpty() ? "/" : at;
      if (!words(parent.read("cgroup.controllers").orElse("")).contains(controller)) {
        return where + " does not have it";
      }
      if (!words(parent.read("cgroup.subtree_control").orElse("")).contains(controller)) {
        return reason(parent, where);
      }
      int next = path.indexOf('/', slash + 1);
      at = next < 0 ? path : path.substring(0, next);
      slash = next;
    }
    return "the group is gone, or its kernel lacks the file";
  }

  private static String reason(CgroupFolder parent, String where) {
    if (parent.read("cgroup.type").orElse("domain").contains("threaded")) {
      return where + " is a threaded group, which has no such controller; use another parent";
    }
    if (parent.read("cgroup.procs").map(text -> !text.isEmpty()).orElse(false)) {
      return where
          + " holds processes itself, so it may not enable it for groups below (no internal"
          + " processes); move them into a group of their own";
    }
    return where + " does not enable it in cgroup.subtree_control, and the kernel refused it";
  }

  static List<String> words(String text) {
    return Arrays.stream(text.split("\\s+")).filter(word -> !word.isEmpty()).toList();
  }
}
