package dev.kapal.image.local;

import dev.kapal.image.ImageUsers;
import dev.kapal.image.ProgressListener;
import dev.kapal.image.PullRequest;
import dev.kapal.image.registry.RegistryConfig;
import dev.kapal.image.registry.client.RegistryClient;
import dev.kapal.linux.Linux;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/**
 * Measures; run by hand. Arguments: a new directory for stores, how often, and a reference to pull
 * or the folder of an OCI layout to load.
 */
final class PullBench {
  private PullBench() {}

  public static void main(String[] args) {
    int rounds = Integer.parseInt(args[1]);
    String what = args[2];
    RegistryConfig config = RegistryConfig.defaults().withInsecure(Set.of("127.0.0.0/8"));
    try (RegistryClient client = new RegistryClient(config)) {
      for (int i = 0; i < rounds; i++) {
        Path root = Path.of(args[0]).resolve("store-" + i);
        try (LocalImages images =
            LocalImages.open(
                new LocalImagesConfig(
                    root, client::as, ImageUsers.NONE, Linux.system().descriptors()))) {
          System.gc();
          long before = used();
          Peak peak = new Peak();
          long cpu = cpu();
          long start = System.nanoTime();
          if (what.startsWith("/")) {
            images.load(Path.of(what), Optional.empty(), ProgressListener.SILENT);
          } else {
            images.pull(PullRequest.of(what), ProgressListener.SILENT);
          }
          double seconds = (System.nanoTime() - start) / 1e9;
          System.out.printf(
              "%s %.2f s, %.2f s of processor, heap %d MB grew by at most %d MB%n",
              what, seconds, (cpu() - cpu) / 1e9, before >> 20, (peak.stop() - before) >> 20);
        }
      }
    }
  }

  /** Nanoseconds of processor time that this process has used: fair on a busy machine. */
  private static long cpu() {
    return ProcessHandle.current().info().totalCpuDuration().orElseThrow().toNanos();
  }

  private static long used() {
    Runtime runtime = Runtime.getRuntime();
    return runtime.totalMemory() - runtime.freeMemory();
  }

  /** Looks at the heap every few milliseconds. */
  private static final class Peak {
    private volatile boolean stopped;
    private volatile long most;
    private final Thread thread = Thread.ofPlatform().daemon().start(this::watch);

    private void watch() {
      while (!stopped) {
        most = Math.max(most, used());
        try {
          Thread.sleep(5);
        } catch (InterruptedException _) {
          return;
        }
      }
    }

    long stop() {
      stopped = true;
      thread.interrupt();
      return most;
    }
  }
}
