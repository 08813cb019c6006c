package dev.kapal.cri.streaming;

import dev.kapal.cri.proto.AttachRequest;
import dev.kapal.cri.proto.AttachResponse;
import dev.kapal.cri.proto.ExecRequest;
import dev.kapal.cri.proto.ExecResponse;
import dev.kapal.cri.proto.PortForwardRequest;
import dev.kapal.cri.proto.PortForwardResponse;
import dev.kapal.cri.proto.RuntimeServiceGrpc;
import dev.kapal.cri.rpc.CallGroup;
import dev.kapal.cri.rpc.Calls;
import dev.kapal.engine.ContainerInfo;
import dev.kapal.engine.ContainerState;
import dev.kapal.engine.Engine;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.PodInfo;
import dev.kapal.linux.Linux;
import dev.kapal.streaming.StreamRequest;
import dev.kapal.streaming.server.StreamingOptions;
import dev.kapal.streaming.server.StreamingServer;
import dev.kapal.streaming.server.TooManyRequestsException;
import io.grpc.Status;
import java.io.IOException;

/**
 * Exec, Attach and PortForward: each answers with a URL that is good once, for a minute. What can
 * be refused is refused here, where the kubelet sees the reason, and not when the URL is used.
 */
public final class StreamingCalls implements CallGroup, AutoCloseable {
  private final Engine engine;
  private final StreamingServer server;

  private StreamingCalls(Engine engine, StreamingServer server) {
    this.engine = engine;
    this.server = server;
  }

  /**
   * Starts the server that the URLs lead to.
   *
   * @throws IOException its address cannot be bound, or its certificate cannot be read
   */
  public static StreamingCalls start(StreamingOptions options, Engine engine, Linux linux)
      throws IOException {
    EngineTargets targets = new EngineTargets(engine, linux);
    return new StreamingCalls(engine, StreamingServer.start(options, targets));
  }

  @Override
  public void bind(Calls calls) {
    calls.unary(RuntimeServiceGrpc.getExecMethod(), this::exec);
    calls.unary(RuntimeServiceGrpc.getAttachMethod(), this::attach);
    calls.unary(RuntimeServiceGrpc.getPortForwardMethod(), this::portForward);
  }

  private ExecResponse exec(ExecRequest request) {
    checkStreams(request.getStdin(), request.getStdout(), request.getStderr(), request.getTty());
    if (request.getCmdCount() == 0) {
      throw new IllegalArgumentException("exec needs a command: name the program to run");
    }
    ContainerInfo container = container(request.getContainerId());
    if (!container.state().alive()) {
      throw notRunning(container);
    }
    return ExecResponse.newBuilder()
        .setUrl(
            url(
                new StreamRequest.Exec(
                    container.id(),
                    request.getCmdList(),
                    request.getStdin(),
                    request.getStdout(),
                    request.getStderr(),
                    request.getTty())))
        .build();
  }

  private AttachResponse attach(AttachRequest request) {
    checkStreams(request.getStdin(), request.getStdout(), request.getStderr(), request.getTty());
    ContainerInfo container = container(request.getContainerId());
    if (!container.state().alive() && container.state() != ContainerState.CREATED) {
      throw notRunning(container);
    }
    // Whether there is a terminal is the container's to say: its output is one stream then.
    boolean terminal = container.spec().process().tty();
    return AttachResponse.newBuilder()
        .setUrl(
            url(
                new StreamRequest.Attach(
                    container.id(),
                    request.getStdin() && container.spec().process().stdinOpen(),
                    request.getStdout(),
                    request.getStderr() && !terminal,
                    terminal)))
        .build();
  }

  private PortForwardResponse portForward(PortForwardRequest request) {
    for (int port : request.getPortList()) {
      if (port < 1 || port > 65_535) {
        throw new IllegalArgumentException("port " + port + " is outside 1 to 65535");
      }
    }
    PodInfo pod = engine.pods().inspect(request.getPodSandboxId());
    if (!pod.ready()) {
      throw new EngineException.Conflict("pod " + pod.spec().name() + " is not ready");
    }
    return PortForwardResponse.newBuilder()
        .setUrl(url(new StreamRequest.PortForward(pod.id(), request.getPortList())))
        .build();
  }

  private static void checkStreams(boolean in, boolean out, boolean err, boolean terminal) {
    if (!in && !out && !err) {
      throw new IllegalArgumentException("one of stdin, stdout and stderr must be asked for");
    }
    if (terminal && err) {
      throw new IllegalArgumentException(
          "a terminal has no standard error of its own: ask for tty or for stderr");
    }
  }

  private ContainerInfo container(String id) {
    ContainerInfo container = engine.containers().inspect(id);
    if (container.spec().pod().isEmpty()) {
      throw new EngineException.NotFound("there is no container " + id + " in any pod");
    }
    return container;
  }

  private static EngineException notRunning(ContainerInfo container) {
    return new EngineException.Conflict(
        "container " + container.shortId() + " does not run: it is " + container.state());
  }

  private String url(StreamRequest request) {
    try {
      return server.register(request);
    } catch (TooManyRequestsException e) {
      throw Status.RESOURCE_EXHAUSTED
          .withDescription(e.getMessage())
          .withCause(e)
          .asRuntimeException();
    }
  }

  /** Closes the server and all streams. */
  @Override
  public void close() {
    server.close();
  }
}
