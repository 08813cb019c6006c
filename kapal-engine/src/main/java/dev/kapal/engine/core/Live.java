package dev.kapal.engine.core;

import dev.kapal.network.Attachment;
import dev.kapal.runtime.Container;
import dev.kapal.runtime.Sandbox;
import java.util.Optional;

/**
 * A container's present run.
 *
 * @param sandbox its own; empty: that of its pod, which stays when it ends
 */
record Live(Optional<Sandbox> sandbox, Container container, Optional<Attachment> network) {
  /** Whether it is the same run; its networks may have changed since. */
  @SuppressWarnings("ReferenceEquality") // the object stands for the run
  boolean sameRun(Live other) {
    return container == other.container;
  }

  Live withNetwork(Optional<Attachment> other) {
    return new Live(sandbox, container, other);
  }
}
