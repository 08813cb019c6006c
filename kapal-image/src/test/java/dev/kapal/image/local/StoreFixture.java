package dev.kapal.image.local;

import dev.kapal.image.ImageUsers;
import dev.kapal.image.registry.Registry;
import dev.kapal.image.tar.TarLimits;
import dev.kapal.linux.Linux;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Assumptions;

/** Opens stores in temporary directories. */
public final class StoreFixture {
  private StoreFixture() {}

  public static void needsRoot() {
    Assumptions.assumeTrue(
        "root".equals(System.getProperty("user.name")), "needs root: owners, devices, trusted.*");
  }

  public static LocalImages open(Path root) {
    return open(root, ImageUsers.NONE);
  }

  public static LocalImages open(Path root, ImageUsers users) {
    return LocalImages.open(config(root, users));
  }

  public static LocalImages open(Path root, Registry registry) {
    return LocalImages.open(
        new LocalImagesConfig(
            root,
            credentials -> registry,
            ImageUsers.NONE,
            TarLimits.DEFAULT,
            Linux.system().descriptors(),
            Duration.ofDays(1)));
  }

  static LocalImagesConfig config(Path root, ImageUsers users) {
    return new LocalImagesConfig(
        root,
        credentials -> {
          throw new IllegalStateException("this test has no registry");
        },
        users,
        TarLimits.DEFAULT,
        Linux.system().descriptors(),
        Duration.ZERO);
  }
}
