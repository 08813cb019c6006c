package dev.kapal.daemon;

import dev.kapal.config.KapalConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/**
 * The daemon's two folders. Others may enter the one that holds the command socket, and see nothing
 * else in it; the store is closed to them (CVE-2021-41103).
 */
final class Folders {
  private static final Set<PosixFilePermission> ENTER =
      PosixFilePermissions.fromString("rwx--x--x");
  private static final Set<PosixFilePermission> CLOSED =
      PosixFilePermissions.fromString("rwx------");

  private Folders() {}

  static void make(KapalConfig.Daemon config) throws IOException {
    make(config.runDir(), ENTER);
    make(config.dataDir(), CLOSED);
  }

  private static void make(Path folder, Set<PosixFilePermission> mode) throws IOException {
    Files.createDirectories(folder);
    Files.setPosixFilePermissions(folder, mode);
  }
}
