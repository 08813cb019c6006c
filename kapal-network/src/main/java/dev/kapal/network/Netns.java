package dev.kapal.network;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Tells network namespaces apart by device and inode (namespaces(7)). */
final class Netns {
  private static final Path OWN = Path.of("/proc/self/ns/net");

  private Netns() {}

  /** Identity of the namespace at a path; empty when there is none. */
  static Optional<String> identity(String path) {
    try {
      Path file = Path.of(path);
      return Optional.of(
          Files.getAttribute(file, "unix:dev") + ":" + Files.getAttribute(file, "unix:ino"));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** Checks a namespace for an attachment. */
  static String require(String path) {
    if (!path.startsWith("/") || path.length() > 4096 || path.indexOf('\0') >= 0) {
      throw new NetworkException.Invalid(
          "invalid network namespace \"" + path + "\": it is an absolute path");
    }
    String identity =
        identity(path)
            .orElseThrow(() ->
                new NetworkException.Invalid(
                    "there is no network namespace at " + path + ": has its process ended?"));
    if (identity(OWN.toString()).filter(identity::equals).isPresent()) {
      throw new NetworkException.Invalid(
          path + " is the host's own network namespace, which is not attached to networks");
    }
    return identity;
  }

  /** The path if it still means the recorded namespace, otherwise "" (CNI's word for "gone"). */
  static String ifStill(String path, String recorded) {
    return identity(path).filter(recorded::equals).isPresent() ? path : "";
  }
}
