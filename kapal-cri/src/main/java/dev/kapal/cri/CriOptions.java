package dev.kapal.cri;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Where the door is.
 *
 * @param socket path of the socket
 * @param extraSockets further paths, for tools that expect another engine's
 * @param version of Kapal
 */
public record CriOptions(Path socket, List<Path> extraSockets, String version) {
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
