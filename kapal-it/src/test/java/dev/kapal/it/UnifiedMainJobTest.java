package dev.kapal.it;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/**
 * With cgroup v2 alone, in a mount namespace of the daemon's. Its controllers may be in use by v1,
 * so that this shows launching, pausing and devices, not limits; for those see {@link GuestTest}.
 */
final class UnifiedMainJobTest extends MainJobCases {
  @Override
  Kapal open() {
    Assumptions.assumeTrue(
        Commands.sh("grep -q cgroup2 /proc/filesystems").status() == 0, "needs cgroup v2");
    Path wrapper = Installation.home().resolveSibling("unified");
    try {
      Files.writeString(
          wrapper,
          """
          #!/bin/sh
          exec unshare -m sh -c 'umount -l /sys/fs/cgroup/* 2>/dev/null; \
            mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec "$@"' unified "$@"
          """);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    Commands.sh("chmod 0755 '" + wrapper + "'").mustSucceed();
    return Daemon.startUnder(wrapper.toString());
  }
}
