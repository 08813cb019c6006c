package dev.kapal.engine.core;

import dev.kapal.engine.EngineException;
import dev.kapal.linux.Errno;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import dev.kapal.linux.SocketType;
import dev.kapal.linux.Sockets;
import dev.kapal.linux.SpawnOptions;
import dev.kapal.oci.runtime.NamespaceType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Connects to services on pods' loopback. The native program does it: it enters the pod's network
 * namespace, connects, and hands the socket over, since no thread of a JVM may change its
 * namespaces.
 */
final class PodDialer {
  private static final String PROGRAM = "kapal-connect";
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final Hub hub;

  PodDialer(Hub hub) {
    this.hub = hub;
  }

  Fd connect(PodEntry pod, int port) {
    if (port < 1 || port > 65535) {
      throw new EngineException.InvalidArgument("port " + port + " is outside 1 to 65535");
    }
    Path program =
        hub.config
            .initProgram()
            .orElseThrow(() ->
                new EngineException.Unsupported(
                    "no program that enters a pod's network is configured"));
    String namespace =
        pod.sandbox
            .flatMap(s -> Optional.ofNullable(s.namespaces().get(NamespaceType.NETWORK)))
            .map(Path::toString)
            .orElse("/proc/self/ns/net");
    try (Fd entry = hub.linux.descriptors().open(namespace, Fcntl.O_RDONLY);
        Sockets.Pair channel = hub.linux.sockets().socketpair(SocketType.SEQPACKET)) {
      int pid =
          hub.linux
              .processes()
              .spawn(
                  program.toString(),
                  List.of(PROGRAM, Integer.toString(port)),
                  List.of(),
                  Map.of(3, entry, 4, channel.second()),
                  SpawnOptions.DEFAULT);
      channel.second().close();
      try {
        return answer(pod, port, channel.first());
      } finally {
        hub.linux.processes().kill(pid, dev.kapal.linux.Signals.SIGKILL);
        hub.linux.processes().waitpid(pid);
      }
    }
  }

  private Fd answer(PodEntry pod, int port, Fd channel) {
    hub.linux.sockets().receiveTimeout(channel, PATIENCE);
    byte[] answer = new byte[4];
    Sockets.Received received = hub.linux.sockets().receive(channel, answer, 0, 4, 1);
    if (received.length() == 4 && received.descriptors().size() == 1) {
      return received.descriptors().getFirst();
    }
    received.close();
    int error = ByteBuffer.wrap(answer).order(ByteOrder.nativeOrder()).getInt();
    throw new EngineException.NetworkFailure(
        "cannot connect to port "
            + port
            + " in pod "
            + pod.record.spec().name()
            + ": "
            + (error == 0 ? "the attempt broke off" : Errno.of(error).toString()));
  }
}
