package dev.kapal.daemon;

import dev.kapal.linux.Fd;
import dev.kapal.linux.KernelFeatures;
import dev.kapal.linux.Linux;
import dev.kapal.runtime.dropin.DropIn;
import java.nio.file.Path;

/** One command of kapal-oci without a daemon: the thin program is at descriptor 3. */
final class DropInMain {
  private static final int SOCKET = 3;

  private DropInMain() {}

  static void run() {
    KernelFeatures features =
        new FeatureCache(Path.of(System.getenv().getOrDefault("KAPAL_RUN", "/run/kapal-oci")))
            .features();
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
}
