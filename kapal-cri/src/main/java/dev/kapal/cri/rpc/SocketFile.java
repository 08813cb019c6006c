package dev.kapal.cri.rpc;

import java.io.IOException;
import java.net.ConnectException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/**
 * A path that a server's socket has. What a dead server left there is replaced; where a living one
 * listens, there is an error.
 */
final class SocketFile {
  /** Whoever may use the socket is root on this host. */
  private static final Set<PosixFilePermission> ROOT_AND_GROUP =
      PosixFilePermissions.fromString("rw-rw----");

  /** The address of a unix socket holds 107 bytes (unix(7)). */
  private static final int LONGEST = 107;

  private SocketFile() {}

  /**
   * Makes the path ready to be bound.
   *
   * @throws IOException something that is not a dead server's socket is there
   */
  static UnixDomainSocketAddress prepare(Path path) throws IOException {
    if (path.toString().length() > LONGEST) {
      throw new IOException(
          "the socket's path "
              + path
              + " is longer than "
              + LONGEST
              + " bytes: choose a shorter one");
    }
    Path folder = path.getParent();
    if (folder != null) {
      Files.createDirectories(folder);
    }
    UnixDomainSocketAddress address = UnixDomainSocketAddress.of(path);
    if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      if (Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)
          || Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
        throw new IOException(path + " is there and not a socket: move it away or choose another");
      }
      if (answers(address)) {
        throw new IOException(
            "something listens at " + path + " already: end it or choose another path");
      }
      Files.delete(path);
    }
    return address;
  }

  private static boolean answers(UnixDomainSocketAddress address) {
    try (SocketChannel probe = SocketChannel.open(address)) {
      return probe.isConnected();
    } catch (ConnectException e) {
      return false;
    } catch (IOException e) {
      // Not a socket, a dangling link, or no permission: what is there serves nobody.
      return false;
    }
  }

  /** Who may connect. */
  static void protect(Path path) throws IOException {
    Files.setPosixFilePermissions(path, ROOT_AND_GROUP);
  }
}
