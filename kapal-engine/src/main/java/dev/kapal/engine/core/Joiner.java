package dev.kapal.engine.core;

import dev.kapal.engine.AttachRequest;
import dev.kapal.linux.Descriptors;
import dev.kapal.linux.Fd;
import dev.kapal.runtime.Attachment;
import dev.kapal.runtime.Streams;
import java.util.Optional;
import java.util.function.Function;

/** Joins a request's descriptors to a process. */
final class Joiner {
  private final Hub hub;

  Joiner(Hub hub) {
    this.hub = hub;
  }

  /**
   * Joins; the request's descriptors are closed or owned by what is bound to the attachment.
   *
   * @param join the runtime's way to attach
   */
  void join(AttachRequest request, LiveAttachment attachment, Function<Streams, Attachment> join) {
    if (request.input().isEmpty() && request.output().isEmpty() && request.error().isEmpty()) {
      return;
    }
    try (Prepared p = prepare(request, attachment)) {
      Attachment below = join.apply(p.streams());
      attachment.bind(p.started(below));
    } catch (RuntimeException e) {
      attachment.failed(e);
      throw e;
    }
  }

  /**
   * Streams for a process, with a pump before the input when keys have to be watched for. Closing
   * it closes what nobody has taken over.
   */
  Prepared prepare(AttachRequest request, LiveAttachment attachment) {
    if (request.detachKeys().isEmpty() || request.input().isEmpty()) {
      return new Prepared(
          request,
          new Streams(request.input(), request.output(), request.error()),
          Optional.empty());
    }
    Descriptors.Pipe pipe = hub.linux.descriptors().pipe(0);
    InputPump pump =
        new InputPump(
            hub,
            request.input().get().duplicate(),
            pipe.writer(),
            request.detachKeys().get(),
            attachment::close);
    return new Prepared(
        request,
        new Streams(Optional.of(pipe.reader()), request.output(), request.error()),
        Optional.of(pump));
  }

  /** Streams, and what has to be closed once they have been handed over. */
  record Prepared(AttachRequest request, Streams streams, Optional<InputPump> pump)
      implements AutoCloseable {
    /** It runs: the pump may begin. */
    AutoCloseable started(AutoCloseable below) {
      pump.ifPresent(InputPump::start);
      return () -> {
        pump.ifPresent(InputPump::close);
        below.close();
      };
    }

    @Override
    public void close() {
      request.close();
      pump.ifPresent(p -> {
        streams.input().ifPresent(Fd::close);
        p.closeUnlessStarted();
      });
    }
  }
}
