package dev.kapal.image.store;

import dev.kapal.linux.FaultPoint;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;

/** Files of the store's own that are whole after a crash at any instant. */
public final class DurableFiles {
  private DurableFiles() {}

  /** Makes a directory, and those above it, for the owner alone. */
  public static void directory(Path path) throws IOException {
    Files.createDirectories(
        path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
  }

  /** Makes what was created, renamed or removed in a directory durable. */
  public static void syncDirectory(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  /** As {@link #syncDirectory}, of the directory that a file is in. */
  static void syncParent(Path file) throws IOException {
    Path parent = file.toAbsolutePath().getParent();
    if (parent != null) {
      syncDirectory(parent);
    }
  }

  /** Puts a whole file in place of what was there, or leaves what was there. */
  public static void replace(Path file, byte[] content) throws IOException {
    write(file, content, true);
  }

  /** As {@link #replace}, safe when this process dies but not when power fails. */
  public static void replaceQuickly(Path file, byte[] content) throws IOException {
    write(file, content, false);
  }

  private static void write(Path file, byte[] content, boolean durable) throws IOException {
    Path temporary = file.resolveSibling("." + file.getFileName() + ".new");
    try (FileChannel channel =
        FileChannel.open(
            temporary,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      ByteBuffer bytes = ByteBuffer.wrap(content);
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      if (durable) {
        channel.force(true);
      }
    }
    FaultPoint.reach("file.written");
    Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
    if (durable) {
      syncParent(file);
    }
  }
}
