package dev.kapal.cri.streaming;

import dev.kapal.engine.Attachment;
import dev.kapal.engine.Engine;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.Execs;
import dev.kapal.engine.spec.ExecSpec;
import dev.kapal.engine.spec.TerminalSize;
import dev.kapal.linux.Descriptors;
import dev.kapal.linux.Linux;
import dev.kapal.linux.Sockets;
import dev.kapal.streaming.ByteStream;
import dev.kapal.streaming.ProcessStreams;
import dev.kapal.streaming.StreamRequest;
import dev.kapal.streaming.StreamingTargets;
import java.io.IOException;

/**
 * Processes of the engine behind the streams. A client that goes leaves the process running, with
 * its input at its end; one on a terminal of its own is hung up, as by a real terminal.
 */
final class EngineTargets implements StreamingTargets {
  private final Engine engine;
  private final Descriptors calls;
  private final Sockets sockets;

  EngineTargets(Engine engine, Linux linux) {
    this.engine = engine;
    this.calls = linux.descriptors();
    this.sockets = linux.sockets();
  }

  @Override
  public int exec(StreamRequest.Exec request, ProcessStreams streams)
      throws IOException, InterruptedException {
    ExecSpec spec =
        ExecSpec.builder(request.command())
            .tty(request.terminal())
            .stdinOpen(request.input())
            .build();
    try (Plumbing plumbing = Plumbing.lay(calls, streams)) {
      Execs.Started started =
          Blocking.call(() -> engine.execs().run(request.containerId(), spec, plumbing.request()));
      plumbing.open();
      if (request.terminal()) {
        streams.onResize(size -> resize(started.id(), size));
      }
      streams.onGone(() -> gone(started, request.terminal()));
      if (started.attachment().await() == Attachment.End.DETACHED) {
        throw new IOException("the client of " + request.command().getFirst() + " has gone");
      }
      plumbing.awaitOutputs();
      return engine.execs().await(started.id());
    }
  }

  private void resize(String exec, dev.kapal.streaming.TerminalSize size) {
    try {
      engine.execs().resize(exec, new TerminalSize(size.rows(), size.columns()));
    } catch (EngineException | IllegalArgumentException e) {
      ignored(e);
    }
  }

  private void gone(Execs.Started exec, boolean terminal) {
    if (terminal) {
      try {
        engine.execs().kill(exec.id(), "HUP");
      } catch (EngineException e) {
        ignored(e);
      }
    }
    exec.attachment().close();
  }

  @Override
  public void attach(StreamRequest.Attach request, ProcessStreams streams)
      throws IOException, InterruptedException {
    String id = request.containerId();
    try (Plumbing plumbing = Plumbing.lay(calls, streams)) {
      Attachment attachment =
          Blocking.call(() -> engine.containers().attach(id, plumbing.request()));
      plumbing.open();
      if (request.terminal()) {
        streams.onResize(size -> {
          try {
            engine.containers().resize(id, new TerminalSize(size.rows(), size.columns()));
          } catch (EngineException | IllegalArgumentException e) {
            ignored(e);
          }
        });
      }
      streams.onGone(attachment::close);
      if (attachment.await() == Attachment.End.EXITED) {
        plumbing.awaitOutputs();
      }
    }
  }

  @Override
  public void portForward(String sandboxId, int port, ByteStream stream)
      throws InterruptedException {
    PodConnection.forward(engine.pods(), calls, sockets, sandboxId, port, stream);
  }

  /** What a terminal of a process that is ending, or a size that none can have, comes to. */
  private static void ignored(RuntimeException e) {
    System.getLogger(EngineTargets.class.getName())
        .log(System.Logger.Level.DEBUG, "a terminal cannot be resized or hung up", e);
  }
}
