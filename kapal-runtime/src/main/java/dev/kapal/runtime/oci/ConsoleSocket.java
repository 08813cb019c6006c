package dev.kapal.runtime.oci;

import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.linux.SocketType;
import dev.kapal.linux.Sockets;
import dev.kapal.runtime.driver.Trees;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Where a runtime sends the master of a terminal that it has made ({@code --console-socket}): a
 * stream socket, one message, one descriptor.
 */
final class ConsoleSocket implements AutoCloseable {
  /** sun_path, with its NUL. */
  private static final int LONGEST = 107;

  private static final Duration MESSAGE = Duration.ofSeconds(5);

  private final Linux linux;
  private final Fd directory;
  private final String name;
  private final Fd listener;
  private final String path;

  ConsoleSocket(Linux linux, Fd directory, Path directoryPath, String name) {
    this.linux = linux;
    this.directory = directory;
    this.name = name;
    Trees.remove(linux, directory, name);
    this.listener = linux.sockets().listen(directory, name, SocketType.STREAM, 0600);
    linux.sockets().nonBlocking(listener, true);
    String full = directoryPath.resolve(name).toString();
    this.path =
        full.getBytes(StandardCharsets.UTF_8).length <= LONGEST
            ? full
            : "/proc/" + linux.processes().self() + "/fd/" + directory.number() + "/" + name;
  }

  /** What the runtime is given. */
  String path() {
    return path;
  }

  /** The master that was sent; empty when none was. The runtime has ended, so that it is there. */
  Optional<Fd> take() {
    try (Fd peer = linux.sockets().accept(listener)) {
      linux.sockets().nonBlocking(peer, false);
      linux.sockets().receiveTimeout(peer, MESSAGE);
      byte[] buffer = new byte[4096];
      Sockets.Received received = linux.sockets().receive(peer, buffer, 0, buffer.length, 1);
      List<Fd> descriptors = received.descriptors();
      return descriptors.isEmpty() ? Optional.empty() : Optional.of(descriptors.getFirst());
    } catch (ErrnoException e) {
      if (e.is(Errno.EAGAIN)) {
        return Optional.empty();
      }
      throw e;
    }
  }

  @Override
  public void close() {
    listener.close();
    Trees.remove(linux, directory, name);
  }
}
