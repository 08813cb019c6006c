package dev.kapal.streaming.server;

import dev.kapal.streaming.StreamRequest;
import dev.kapal.streaming.StreamingTargets;
import java.io.IOException;

/** Runs what a URL for exec or attach stands for, once its streams are there. */
final class RemoteCommand {
  private RemoteCommand() {}

  /** Runs it and says how it ended. Never throws for what the command did. */
  static Status run(StreamingTargets targets, StreamRequest request, ClientStreams streams)
      throws InterruptedException {
    try {
      return switch (request) {
        case StreamRequest.Exec exec -> Status.of(targets.exec(exec, streams));
        case StreamRequest.Attach attach -> {
          targets.attach(attach, streams);
          yield new Status.Success();
        }
        case StreamRequest.PortForward forward ->
            throw new IllegalArgumentException("not a command: " + forward);
      };
    } catch (IOException | RuntimeException e) {
      return new Status.Failed(Failures.sentence(e));
    }
  }

  /** True: the request wants this stream. A terminal carries standard error in its output. */
  record Wanted(boolean input, boolean output, boolean error, boolean terminal) {
    static Wanted of(StreamRequest request) {
      return switch (request) {
        case StreamRequest.Exec r ->
            new Wanted(r.input(), r.output(), r.error() && !r.terminal(), r.terminal());
        case StreamRequest.Attach r ->
            new Wanted(r.input(), r.output(), r.error() && !r.terminal(), r.terminal());
        case StreamRequest.PortForward r -> new Wanted(false, false, false, false);
      };
    }
  }
}
