package dev.kapal.runtime.shim;

import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.FileType;
import dev.kapal.linux.Linux;
import dev.kapal.linux.SocketType;
import dev.kapal.linux.Stat;
import dev.kapal.runtime.ContainerException;
import java.util.Optional;

/**
 * Where a shim listens: a path, or a name of the abstract name space as before containerd 1.3.9.
 */
sealed interface ShimAddress {
  /** A socket in the file system. */
  record File(String path) implements ShimAddress {}

  /** A socket without a file. */
  record Abstract(String name) implements ShimAddress {}

  /**
   * Reads one.
   *
   * @throws ContainerException.Unsupported if it is of another kind, such as {@code vsock://}
   */
  static ShimAddress parse(String address) {
    int scheme = address.indexOf("://");
    String kind = scheme < 0 ? "unix" : address.substring(0, scheme);
    String rest = scheme < 0 ? address : address.substring(scheme + 3);
    if (!kind.equals("unix") && !kind.equals("ttrpc+unix")) {
      throw new ContainerException.Unsupported(
          "The shim listens at " + address + ", and Kapal reaches shims by unix sockets only");
    }
    return rest.startsWith("@") || rest.startsWith("\0")
        ? new Abstract(rest.substring(1))
        : new File(rest);
  }

  /** Connects; fails with an ErrnoException. */
  default Fd connect(Linux linux) {
    return switch (this) {
      case File(String path) -> linux.sockets().connect(path, SocketType.STREAM);
      case Abstract(String name) -> linux.sockets().connectAbstract(name, SocketType.STREAM);
    };
  }

  /** Removes the file of a socket at which nobody listens any more. */
  default void clean(Linux linux) {
    if (!(this instanceof File(String path))) {
      return;
    }
    try {
      Optional<Stat> found = linux.descriptors().lstatIfExists(Fd.CWD, path);
      if (found.isEmpty() || found.get().type() != FileType.SOCKET) {
        return;
      }
      connect(linux).close();
    } catch (ErrnoException e) {
      if (e.is(Errno.ECONNREFUSED)) {
        unlink(linux, path);
      }
    }
  }

  private static void unlink(Linux linux, String path) {
    try {
      linux.descriptors().unlinkat(Fd.CWD, path, 0);
    } catch (ErrnoException e) {
      if (!e.is(Errno.ENOENT)) {
        throw e;
      }
    }
  }
}
