package dev.kapal.runtime.monitor;

import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.linux.SocketType;
import dev.kapal.oci.runtime.Seccomp;
import dev.kapal.runtime.ContainerException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/**
 * Passes the listener of SCMP_ACT_NOTIFY to whoever is to answer (config-linux.md, The Container
 * Process State).
 */
public final class SeccompListener {
  private static final JsonMapper MAPPER = JsonMapper.builder().build();
  private final NativeContainer container;

  SeccompListener(NativeContainer container) {
    this.container = container;
  }

  void pass() {
    Reply reply =
        container
            .owner()
            .connection()
            .ask(Packet.of(Packet.TERMINAL, container.number()), List.of());
    try (Fd listener = reply.descriptors().getFirst()) {
      pass(
          container.owner().host().linux(),
          container.linux().seccomp().orElseThrow(),
          listener,
          container.pid(),
          HookRunner.state(
              container.id(),
              "creating",
              container.pid(),
              container.bundle(),
              container.config().annotations()));
    }
  }

  /**
   * Passes a listener, which stays the caller's.
   *
   * @param state of the container, as hooks read it
   * @throws ContainerException.Failed if nobody takes it
   */
  public static void pass(Linux linux, Seccomp seccomp, Fd listener, int pid, byte[] state) {
    try (Fd socket = linux.sockets().connect(seccomp.listenerPath(), SocketType.STREAM)) {
      Map<String, Object> message = new LinkedHashMap<>();
      message.put("ociVersion", "1.3.0");
      message.put("fds", List.of("seccompFd"));
      message.put("pid", pid);
      message.put("metadata", seccomp.listenerMetadata());
      message.put("state", MAPPER.readTree(state));
      linux
          .sockets()
          .send(
              socket,
              MAPPER.writeValueAsString(message).getBytes(StandardCharsets.UTF_8),
              List.of(listener));
    } catch (ErrnoException e) {
      throw new ContainerException.Failed(
          "The seccomp listener cannot be passed on: failed to connect with seccomp agent at "
              + seccomp.listenerPath()
              + ": "
              + e.getMessage(),
          e);
    }
  }
}
