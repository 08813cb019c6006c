package dev.kapal.it;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** The installation under test: laid out once from what the build has packaged. */
final class Installation {
  private static final Path HOME = layOut();

  private Installation() {}

  static Path home() {
    return HOME;
  }

  static Path client() {
    return HOME.resolve("bin/kapal");
  }

  private static Path layOut() {
    Path root = Path.of(System.getProperty("kapal.root", "..")).toAbsolutePath().normalize();
    Path dist =
        Path.of(System.getProperty("kapal.dist", "target/dist")).toAbsolutePath().normalize();
    try {
      Files.createDirectories(dist);
      Process layout =
          new ProcessBuilder("sh", root.resolve("build/layout").toString(), dist.toString())
              .inheritIO()
              .start();
      if (!layout.waitFor(60, TimeUnit.SECONDS) || layout.exitValue() != 0) {
        throw new IllegalStateException("build/layout failed; package the modules first");
      }
      return dist;
    } catch (IOException e) {
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
