package dev.kapal.cri;

import dev.kapal.streaming.server.StreamingOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Where the door is.
 *
 * @param socket path of the socket
 * @param extraSockets further paths, for tools that expect another engine's
 * @param version of Kapal
 * @param streaming where exec, attach and port-forward are served
 * @param told file that keeps what has been told of pods, until the host restarts
 */
public record CriOptions(
    Path socket, List<Path> extraSockets, String version, StreamingOptions streaming, Path told) {
  public CriOptions {
    extraSockets = List.copyOf(extraSockets);
  }

  /** All paths. */
  public List<Path> sockets() {
    List<Path> all = new ArrayList<>();
    all.add(socket);
    all.addAll(extraSockets);
    return all;
  }
}
