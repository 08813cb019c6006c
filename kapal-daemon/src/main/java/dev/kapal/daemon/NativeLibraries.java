package dev.kapal.daemon;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * Where the libraries with native parts put them. An installation has them unpacked, and kapald
 * says where; run from a plain class path, each library copies its part out of its jar at every
 * start, by default to {@code /tmp}, where a process that is killed leaves it. They are given a
 * directory of the daemon's own instead, which is emptied before.
 */
final class NativeLibraries {
  private NativeLibraries() {}

  /**
   * Prepares the directory and says it. The caller holds the instance lock: nobody uses what lies
   * there.
   *
   * @throws IOException when it cannot be made or emptied
   */
  static void prepare(Path dataDir) throws IOException {
    Path folder = dataDir.resolve("native");
    boolean sqlite = System.getProperty("org.sqlite.lib.path") == null;
    boolean zstd = System.getProperty("ZstdNativePath") == null;
    if (Files.isDirectory(folder)) {
      try (DirectoryStream<Path> left = Files.newDirectoryStream(folder)) {
        for (Path file : left) {
          Files.delete(file);
        }
      }
    }
    if (!sqlite && !zstd) {
      Files.deleteIfExists(folder);
      return;
    }
    Files.createDirectories(
        folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    if (sqlite) {
      System.setProperty("org.sqlite.tmpdir", folder.toString());
    }
    if (zstd) {
      System.setProperty("ZstdTempFolder", folder.toString());
    }
  }
}
