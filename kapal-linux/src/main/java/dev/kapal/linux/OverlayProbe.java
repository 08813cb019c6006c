package dev.kapal.linux;

import java.lang.foreign.Arena;

/** What overlayfs can do. */
final class OverlayProbe {
  private static final int SET_FLAG = 0;
  private static final int SET_STRING = 1;

  private OverlayProbe() {}

  static KernelFeatures.Overlay overlay(Arena arena, boolean mountApi, KernelRelease release) {
    boolean available = FilesystemProbe.available("overlay", arena, mountApi);
    boolean metacopy = available && KernelProbe.exists("/sys/module/overlay/parameters/metacopy");
    long configuration = available && mountApi ? open(arena) : -1;
    try {
      // Since 6.5 options are checked one by one; before, any text is taken until the mount is
      // made.
      boolean checks =
          configuration >= 0 && !accepts(arena, configuration, SET_FLAG, "kapal_no_such_option");
      boolean userxattr =
          checks ? accepts(arena, configuration, SET_FLAG, "userxattr") : release.isAtLeast(5, 11);
      boolean volatileOption =
          checks ? accepts(arena, configuration, SET_FLAG, "volatile") : release.isAtLeast(5, 10);
      boolean append = checks && accepts(arena, configuration, SET_STRING, "lowerdir+");
      return new KernelFeatures.Overlay(
          available, metacopy, available && userxattr, append, available && volatileOption);
    } finally {
      KernelProbe.opens(configuration);
    }
  }

  private static long open(Arena arena) {
    return Sys.call(Nr.FSOPEN, Sys.path(arena, "overlay"), 1, 0);
  }

  private static boolean accepts(Arena arena, long configuration, int command, String key) {
    long value = command == SET_STRING ? Sys.path(arena, "/") : 0;
    return Sys.call(Nr.FSCONFIG, configuration, command, Sys.path(arena, key), value, 0, 0) == 0;
  }
}
