package dev.kapal.runtime.oci;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** Programs that Debian has not, or not so new: {@code build/peers} builds them, once. */
public final class Peers {
  private static final Path SCRIPT = Path.of("../build/peers");
  private static final int LACKING = 77;

  private Peers() {}

  /** One of its programs; skips, with the reason, where it cannot be built. */
  public static synchronized Path program(String peer, String name) {
    Path directory = Path.of("../kapal-runtime/target/peers", peer).toAbsolutePath().normalize();
    try {
      Process process =
          new ProcessBuilder(SCRIPT.toString(), peer, directory.toString())
              .redirectErrorStream(true)
              .start();
      process.getOutputStream().close();
      String said =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      int status = process.waitFor();
      Assumptions.assumeTrue(status != LACKING, said);
      if (status != 0) {
        throw new AssertionError(SCRIPT + " ended with " + status + ": " + said);
      }
      return directory.resolve(name);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }
}
