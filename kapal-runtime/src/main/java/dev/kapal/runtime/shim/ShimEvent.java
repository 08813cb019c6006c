package dev.kapal.runtime.shim;

import dev.kapal.runtime.wire.Message;
import java.util.Optional;

/** What a shim tells unasked, as far as it is of use. */
sealed interface ShimEvent {
  /** What shims call to tell it. */
  String SERVICE = "containerd.services.events.ttrpc.v1.Events";

  /** The container that it is about. */
  String container();

  /**
   * A process has ended.
   *
   * @param exec its exec id; the container's own id for the first process
   */
  record Exited(String container, String exec, TaskService.Exit exit) implements ShimEvent {}

  /** The kernel has killed a process for want of memory. */
  record OutOfMemory(String container) implements ShimEvent {}

  /** Reads a ForwardRequest; empty: nothing of use. */
  static Optional<ShimEvent> parse(byte[] forward) {
    Message envelope = Message.parse(forward).message(1);
    Message event = Message.parse(envelope.message(4).bytes(2));
    return switch (envelope.text(3)) {
      case "/tasks/exit" ->
          Optional.of(
              new Exited(
                  event.text(1),
                  event.text(2),
                  TaskService.Exit.of(event.number(4), event.message(5))));
      case "/tasks/oom" -> Optional.of(new OutOfMemory(event.text(1)));
      default -> Optional.empty();
    };
  }
}
