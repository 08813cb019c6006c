package dev.kapal.image.registry.auth;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;

/** Replaces a file that holds secrets: whole or not at all, 0600, owned by who owns the folder. */
final class PrivateFile {
  private static final FileAttribute<Set<PosixFilePermission>> FILE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
  private static final FileAttribute<Set<PosixFilePermission>> FOLDER =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

  private PrivateFile() {}

  static void replace(Path path, byte[] content) throws IOException {
    Path real = behindLink(path.toAbsolutePath());
    Path folder = Optional.ofNullable(real.getParent()).orElse(Path.of("/"));
    if (!Files.isDirectory(folder)) {
      Files.createDirectories(folder, FOLDER);
      Optional.ofNullable(folder.getParent()).ifPresent(above -> own(folder, above));
    }
    Path temporary = Files.createTempFile(folder, ".config", ".tmp", FILE);
    try {
      try (FileChannel out = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
        ByteBuffer rest = ByteBuffer.wrap(content);
        while (rest.hasRemaining()) {
          out.write(rest);
        }
        out.force(true);
      }
      own(temporary, folder);
      Files.move(
          temporary, real, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(temporary);
    }
    try (FileChannel directory = FileChannel.open(folder, StandardOpenOption.READ)) {
      directory.force(true);
    }
  }

  /**
   * People keep their settings elsewhere and link to them. A link to a file of somebody else is not
   * followed: we may be root and the folder another user's.
   */
  private static Path behindLink(Path path) throws IOException {
    if (!Files.isSymbolicLink(path)) {
      return path;
    }
    Path target = path.toRealPath();
    if (!Files.getOwner(path, LinkOption.NOFOLLOW_LINKS).equals(Files.getOwner(target))) {
      throw new IOException("it is a link to a file of another user");
    }
    return target;
  }

  private static void own(Path path, Path like) {
    try {
      PosixFileAttributes wanted = Files.readAttributes(like, PosixFileAttributes.class);
      PosixFileAttributeView view =
          Files.getFileAttributeView(path, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS);
      if (!view.getOwner().equals(wanted.owner())) {
        view.setOwner(wanted.owner());
        view.setGroup(wanted.group());
      }
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
