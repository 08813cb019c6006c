package dev.kapal.engine.core;

import dev.kapal.engine.Attachment;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/** An attachment of the engine over one of the runtime, which may come later or never. */
final class LiveAttachment implements Attachment {
  private final CompletableFuture<End> end = new CompletableFuture<>();
  private Optional<AutoCloseable> below = Optional.empty();
  private boolean closed;

  /** Joins it to what can be closed below it. */
  void bind(AutoCloseable attachment) {
    boolean late;
    synchronized (this) {
      late = closed;
      below = late ? Optional.empty() : Optional.of(attachment);
    }
    if (late) {
      close(attachment);
    }
  }

  void exited() {
    finish(End.EXITED);
  }

  void failed(RuntimeException why) {
    end.completeExceptionally(why);
    release();
  }

  private void finish(End how) {
    end.complete(how);
    release();
  }

  private void release() {
    Optional<AutoCloseable> b;
    synchronized (this) {
      closed = true;
      b = below;
      below = Optional.empty();
    }
    b.ifPresent(LiveAttachment::close);
  }

  private static void close(AutoCloseable c) {
    try {
      c.close();
    } catch (Exception e) {
      // The process or its monitor has gone meanwhile: detached is what it then is.
      System.getLogger(LiveAttachment.class.getName())
          .log(System.Logger.Level.DEBUG, "detaching", e);
    }
  }

  @Override
  public End await() throws InterruptedException {
    try {
      return end.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException r) {
        throw r;
      }
      throw new IllegalStateException(e.getCause());
    }
  }

  @Override
  public void close() {
    finish(End.DETACHED);
  }
}
