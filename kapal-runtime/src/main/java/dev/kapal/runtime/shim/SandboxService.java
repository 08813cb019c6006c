package dev.kapal.runtime.shim;

import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.driver.RuntimeMessages;
import dev.kapal.runtime.ttrpc.TtrpcClient;
import dev.kapal.runtime.ttrpc.TtrpcException;
import dev.kapal.runtime.wire.MessageWriter;
import java.time.Duration;
import java.util.Optional;

/**
 * {@code containerd.runtime.sandbox.v1.Sandbox}: a shim that makes the sandbox itself, such as one
 * virtual machine for all containers of a pod.
 */
final class SandboxService {
  private static final String SERVICE = "containerd.runtime.sandbox.v1.Sandbox";

  private final TtrpcClient client;
  private final String title;

  SandboxService(TtrpcClient client, String title) {
    this.client = client;
    this.title = title;
  }

  private void call(String doing, String method, MessageWriter request, Duration limit) {
    try {
      client.call(SERVICE, method, request.toBytes(), limit);
    } catch (TtrpcException e) {
      String said = RuntimeMessages.clean(String.valueOf(e.getMessage()));
      if (e.code() == TtrpcException.UNIMPLEMENTED) {
        throw new ContainerException.Unsupported(
            "Cannot "
                + doing
                + ": "
                + title
                + " makes no sandboxes ("
                + said
                + "); use it with a shim for each container, not as a sandboxer");
      }
      throw new ContainerException.Failed("Cannot " + doing + ": " + title + " says: " + said, e);
    }
  }

  /** Prepares it. */
  void create(
      String id, String bundle, Optional<MessageWriter> options, String network, Duration limit) {
    MessageWriter request = new MessageWriter().text(1, id).text(2, bundle);
    options.ifPresent(any -> request.message(4, any));
    call("create sandbox " + id, "CreateSandbox", request.text(5, network), limit);
  }

  /** Has it run. */
  void start(String id, Duration limit) {
    call("start sandbox " + id, "StartSandbox", new MessageWriter().text(1, id), limit);
  }

  /** Ends what is in it, within some time. */
  void stop(String id, Duration limit) {
    call(
        "stop sandbox " + id,
        "StopSandbox",
        new MessageWriter().text(1, id).number(2, limit.toSeconds()),
        limit.plusSeconds(5));
  }

  /** Has the shim go. */
  void shutdown(String id, Duration limit) {
    call("end sandbox " + id, "ShutdownSandbox", new MessageWriter().text(1, id), limit);
  }
}
