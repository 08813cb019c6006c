package dev.kapal.it;

import static org.junit.jupiter.api.Assumptions.abort;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * What {@code build/critest-images} makes: the images of critest, and crictl and critest
 * themselves. Made once; tests are skipped, with the reason, where something cannot be had.
 */
final class CritestImages {
  private static final int CANNOT_BE_HAD = 77;
  private static final Duration MAKING = Duration.ofMinutes(5);

  private CritestImages() {}

  /** Serves the images in a network namespace, and leaves its files in a folder. */
  static Served serve(String namespace, Path out) {
    Path made = folder();
    script("make", made.toString(), Installation.home().toString());
    script("tools", made.toString());
    try {
      Process process =
          new ProcessBuilder(
                  "nsenter",
                  "--net=/run/netns/" + namespace,
                  "sh",
                  script(),
                  "serve",
                  made.toString(),
                  out.toString())
              .redirectErrorStream(true)
              .redirectOutput(out.resolve("serve.log").toFile())
              .start();
      Path address = out.resolve("address");
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
      while (!Files.exists(address)) {
        if (!process.isAlive() || System.nanoTime() > deadline) {
          process.destroy();
          throw new AssertionError(
              "the registry of images does not answer:\n"
                  + Files.readString(out.resolve("serve.log")));
        }
        TimeUnit.MILLISECONDS.sleep(20);
      }
      return new Served(process, Files.readString(address).strip(), out, made.resolve("bin"));
    } catch (java.io.IOException e) {
      throw new AssertionError(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  /**
   * A registry that serves the images.
   *
   * @param address of it, HOST:PORT
   * @param files certs.d and test-images.yaml
   * @param tools where crictl and critest are
   */
  record Served(Process process, String address, Path files, Path tools) implements AutoCloseable {
    /** The name of a shell's image. */
    String busybox() {
      return address + "/e2e-test-images/busybox:1.29-2";
    }

    /** The name of a web server's image. */
    String nginx() {
      return address + "/e2e-test-images/nginx:1.14-2";
    }

    @Override
    public void close() {
      process.destroy();
      try {
        process.waitFor(5, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static synchronized void script(String... words) {
    List<String> command = new java.util.ArrayList<>(List.of("sh", script()));
    command.addAll(List.of(words));
    Result result = Commands.run(command, Map.of(), "", MAKING);
    if (result.status() == CANNOT_BE_HAD) {
      abort(result.err().strip());
    }
    result.mustSucceed();
  }

  private static String script() {
    return Path.of(System.getProperty("kapal.root", ".."))
        .toAbsolutePath()
        .normalize()
        .resolve("build/critest-images")
        .toString();
  }

  private static Path folder() {
    return Installation.home().resolveSibling("critest");
  }
}
