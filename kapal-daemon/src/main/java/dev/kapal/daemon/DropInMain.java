package dev.kapal.daemon;

import dev.kapal.linux.Fd;
import dev.kapal.linux.Identity;
import dev.kapal.linux.KernelFeatures;
import dev.kapal.linux.Linux;
import dev.kapal.runtime.dropin.DropIn;
import java.nio.file.Path;
import java.util.Map;

/** One command of kapal-oci without a daemon: the thin program is at descriptor 3. */
final class DropInMain {
  private static final int SOCKET = 3;

  private DropInMain() {}

  static void run() {
    KernelFeatures features = new FeatureCache(directory(), Identity.own()).features();
    Linux linux = Linux.with(features);
    try (Fd socket = Fd.of(SOCKET)) {
      // The thin program is this process's parent.
      int caller =
          (int) ProcessHandle.current().parent().map(ProcessHandle::pid).orElse(0L).longValue();
      DropInDoor.run(
          linux,
          DropIn.create(linux, features, Wiring.version().version()),
          new DropInPeer(linux, socket),
          caller);
    }
    // The thin program waits for this process's end.
    Runtime.getRuntime().halt(0);
  }

  /** Where a user who is not the host's root may write, if there is such a place. */
  private static Path directory() {
    Map<String, String> environment = System.getenv();
    String own = environment.get("XDG_RUNTIME_DIR");
    String place =
        own != null && own.startsWith("/") && Identity.own().rootless()
            ? own + "/kapal"
            : "/run/kapal-oci";
    return Path.of(environment.getOrDefault("KAPAL_RUN", place));
  }
}
