package dev.kapal.engine;

import java.util.Optional;

/**
 * Hears what the engine does, for metrics and traces. It is called on the engine's own threads, in
 * the middle of the work: it must be quick, thread-safe, and not throw.
 */
public interface Observer {
  /** Hears nothing. */
  Observer NONE = new Observer() {};

  /** Some work begins on the calling thread; the same thread ends it. */
  default Step begin(Operation operation) {
    return Step.NONE;
  }

  /** An event was told. */
  default void told(Event event) {}

  /** So many more bytes of layers came from registries, compressed as they are there. */
  default void downloaded(long bytes) {}

  /** Some work that goes on. */
  @FunctionalInterface
  interface Step {
    /** Of no interest to anybody. */
    Step NONE = failure -> {};

    /**
     * It is over.
     *
     * @param failure why it came to nothing; empty: it was done
     */
    void end(Optional<Throwable> failure);
  }

  /** The kinds of work. */
  enum Operation {
    CONTAINER_CREATE,
    CONTAINER_START,
    /** With the wait for its end. */
    CONTAINER_STOP,
    CONTAINER_REMOVE,
    /** The start of a further process in a container. */
    CONTAINER_EXEC,
    POD_RUN,
    POD_STOP,
    POD_REMOVE,
    IMAGE_PULL,
    /** The directories of a container's files; part of its making. */
    SNAPSHOT_PREPARE,
    /** The launch of a sandbox's monitor, or of a shim. */
    SANDBOX_CREATE,
    /** The making of a container's first process, which waits to be released. */
    PROCESS_CREATE,
    /** All plugins of all networks of one container or pod. */
    CNI_ADD,
    /** The same when it leaves them. */
    CNI_DEL;

    /** As it is written in metrics and traces. */
    public String text() {
      return name().toLowerCase(java.util.Locale.ROOT);
    }
  }
}
