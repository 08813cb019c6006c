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
      run(root.resolve("build/layout"), dist);
      // With the ahead-of-time cache, as users have it; the daemons of the tests start faster too.
      run(root.resolve("build/train"), dist);
      return dist;
    } catch (IOException e) {
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private static void run(Path script, Path dist) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder("sh", script.toString(), dist.toString()).inheritIO().start();
    if (!process.waitFor(120, TimeUnit.SECONDS) || process.exitValue() != 0) {
      process.destroyForcibly();
      throw new IllegalStateException(script + " failed; package the modules first");
    }
  }
}
