package dev.kapal.cli.command;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/** Writes a file or folder of the client as a tar stream, under another name. */
final class TarWriter {
  private TarWriter() {}

  /**
   * Writes it.
   *
   * @param name of the root in the archive; {@code .} for the contents alone
   * @param written counts the bytes of files
   */
  static void write(OutputStream to, Path root, String name, AtomicLong written)
      throws IOException {
    TarArchiveOutputStream tar = new TarArchiveOutputStream(to, "UTF-8");
    tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
    tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
    tar.setAddPaxHeadersForNonAsciiNames(true);
    Files.walkFileTree(
        root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes)
              throws IOException {
            if (!folder.equals(root) || !name.equals(".")) {
              put(tar, folder, inside(folder) + "/", attributes);
              tar.closeArchiveEntry();
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            if (attributes.isOther()) {
              // Sockets and devices are not copied, as with docker's client.
              return FileVisitResult.CONTINUE;
            }
            put(tar, file, inside(file), attributes);
            if (attributes.isRegularFile()) {
              copy(file, attributes.size(), tar);
              written.addAndGet(attributes.size());
            }
            tar.closeArchiveEntry();
            return FileVisitResult.CONTINUE;
          }

          private String inside(Path path) {
            String rest = root.relativize(path).toString();
            return rest.isEmpty() ? name : name.equals(".") ? rest : name + "/" + rest;
          }
        });
    tar.finish();
    tar.flush();
  }

  private static void put(
      TarArchiveOutputStream tar, Path path, String name, BasicFileAttributes attributes)
      throws IOException {
    TarArchiveEntry entry =
        attributes.isSymbolicLink()
            ? new TarArchiveEntry(name, TarConstants.LF_SYMLINK)
            : new TarArchiveEntry(name);
    if (attributes.isSymbolicLink()) {
      entry.setLinkName(Files.readSymbolicLink(path).toString());
    }
    entry.setSize(attributes.isRegularFile() ? attributes.size() : 0);
    Map<String, Object> unix =
        Files.readAttributes(path, "unix:mode,uid,gid", LinkOption.NOFOLLOW_LINKS);
    entry.setMode(((Number) unix.getOrDefault("mode", 0644)).intValue() & 07777);
    entry.setUserId(((Number) unix.getOrDefault("uid", 0)).longValue());
    entry.setGroupId(((Number) unix.getOrDefault("gid", 0)).longValue());
    entry.setUserName("");
    entry.setGroupName("");
    FileTime modified = attributes.lastModifiedTime();
    entry.setLastModifiedTime(modified);
    tar.putArchiveEntry(entry);
  }

  /** Exactly as many bytes as the header says, even if the file grows meanwhile. */
  private static void copy(Path file, long size, OutputStream tar) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] buffer = new byte[64 * 1024];
      long left = size;
      while (left > 0) {
        int n = in.read(buffer, 0, (int) Math.min(buffer.length, left));
        if (n < 0) {
          throw new IOException(file + " became shorter while it was read: copy it again");
        }
        tar.write(buffer, 0, n);
        left -= n;
      }
    }
  }
}
