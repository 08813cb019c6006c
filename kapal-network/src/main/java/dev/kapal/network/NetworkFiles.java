package dev.kapal.network;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;

/**
 * Reads and writes the few files of a container's network that live in a directory of the host. The
 * directory must be one that containers cannot reach.
 */
public final class NetworkFiles {
  private static final Path ETC = Path.of("/etc/resolv.conf");
  private static final Path RESOLVED = Path.of("/run/systemd/resolve/resolv.conf");

  private NetworkFiles() {}

  /**
   * The host's name servers. Where {@code /etc/resolv.conf} only names a local stub (127.0.0.53),
   * systemd-resolved's list of the real ones.
   */
  public static ResolvConf hostResolvConf() {
    return hostResolvConf(ETC, RESOLVED);
  }

  static ResolvConf hostResolvConf(Path etc, Path resolved) {
    ResolvConf host = ResolvConf.parse(readOrEmpty(etc));
    if (host.onlyLoopback()) {
      ResolvConf real = ResolvConf.parse(readOrEmpty(resolved));
      return real.nameservers().isEmpty() ? host : real;
    }
    return host;
  }

  private static String readOrEmpty(Path file) {
    try (var in = Files.newInputStream(file)) {
      return new String(in.readNBytes(64 * 1024), StandardCharsets.ISO_8859_1);
    } catch (NoSuchFileException e) {
      return "";
    } catch (IOException e) {
      throw new NetworkException.State("cannot read " + file + ": " + e.getMessage(), e);
    }
  }

  /**
   * Writes a file whole or not at all, durable when this returns.
   *
   * @param mode such as {@code rw-r--r--}
   */
  public static void write(Path file, String text, String mode) {
    write(file, text, mode, true);
  }

  /**
   * Writes a file whole or not at all.
   *
   * @param durable whether it survives a power loss as well as the death of this process
   */
  static void write(Path file, String text, String mode, boolean durable) {
    Path temporary =
        file.resolveSibling("." + file.getFileName() + "." + Thread.currentThread().threadId());
    var permissions = PosixFilePermissions.fromString(mode);
    try {
      Files.deleteIfExists(temporary);
      try (FileChannel channel =
          FileChannel.open(
              temporary,
              java.util.Set.of(
                  StandardOpenOption.CREATE_NEW,
                  StandardOpenOption.WRITE,
                  LinkOption.NOFOLLOW_LINKS),
              PosixFilePermissions.asFileAttribute(permissions))) {
        writeFully(channel, text);
        if (durable) {
          channel.force(true);
        }
      }
      // The umask may have taken bits away.
      Files.setPosixFilePermissions(temporary, permissions);
      Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
      if (durable) {
        sync(Objects.requireNonNull(file.toAbsolutePath().getParent()));
      }
    } catch (IOException e) {
      throw new NetworkException.State("cannot write " + file + ": " + e, e);
    } finally {
      deleteQuietly(temporary);
    }
  }

  /**
   * Replaces the contents of a file that is bind-mounted into running containers, which would not
   * see a new file of the same name. Readers may see the change half-way.
   */
  public static void rewrite(Path file, String text) {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS)) {
      writeFully(channel, text);
      channel.truncate(channel.position());
      channel.force(true);
    } catch (IOException e) {
      throw new NetworkException.State("cannot write " + file + ": " + e, e);
    }
  }

  private static void writeFully(FileChannel channel, String text) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  /** Makes a directory's entries durable. */
  static void sync(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  private static void deleteQuietly(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      // Only litter: a later write of the same thread removes it.
      return;
    }
  }
}
