package dev.kapal.engine.files;

import dev.kapal.linux.Linux;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * Works on a container's files as its root. File systems that belong to a user namespace, and
 * id-mapped mounts, refuse (EOVERFLOW) to make a file for an owner who has no id there, as the
 * host's root has none.
 */
public final class FileOwner {
  /** What is done. */
  @FunctionalInterface
  public interface Work<T> {
    T run() throws IOException;
  }

  private FileOwner() {}

  /** Does it here, or with another owner on a thread of its own: credentials are a thread's. */
  public static <T> T call(Linux linux, Ids ids, Work<T> work) throws IOException {
    if (ids.equals(Ids.SAME)) {
      return work.run();
    }
    CompletableFuture<T> result = new CompletableFuture<>();
    Thread.ofPlatform()
        .daemon()
        .name("kapal-file-owner")
        .start(() -> {
          try {
            linux.processes().fileOwner(ids.hostUid(0), ids.hostGid(0));
            result.complete(work.run());
          } catch (IOException | RuntimeException | Error e) {
            result.completeExceptionally(e);
          }
        });
    try {
      return result.join();
    } catch (CompletionException e) {
      switch (e.getCause()) {
        case IOException io -> throw io;
        case RuntimeException runtime -> throw runtime;
        case Error error -> throw error;
        case null, default -> throw e;
      }
    }
  }
}
