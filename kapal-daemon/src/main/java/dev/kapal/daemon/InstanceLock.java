package dev.kapal.daemon;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * One daemon over one pair of folders: a lock that the kernel drops when the process ends, however
 * it ends.
 */
final class InstanceLock implements AutoCloseable {
  private final FileLock lock;
  private final Path pidFile;

  private InstanceLock(FileLock lock, Path pidFile) {
    this.lock = lock;
    this.pidFile = pidFile;
  }

  /**
   * Takes the lock.
   *
   * @return empty when another daemon holds it
   * @throws IOException when the folder cannot be written
   */
  @SuppressWarnings("resource") // The channel lives as long as the lock.
  static Optional<InstanceLock> take(Path dir) throws IOException {
    FileChannel channel =
        FileChannel.open(
            dir.resolve("kapald.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    FileLock lock;
    try {
      lock = channel.tryLock();
    } catch (OverlappingFileLockException e) {
      lock = null;
    }
    if (lock == null) {
      channel.close();
      return Optional.empty();
    }
    Path pidFile = dir.resolve("kapald.pid");
    Path fresh = dir.resolve("kapald.pid.new");
    Files.write(fresh, (ProcessHandle.current().pid() + "\n").getBytes(StandardCharsets.US_ASCII));
    Files.move(fresh, pidFile, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    return Optional.of(new InstanceLock(lock, pidFile));
  }

  @Override
  public void close() {
    try {
      Files.deleteIfExists(pidFile);
      lock.acquiredBy().close();
    } catch (IOException e) {
      // The process ends; the kernel drops the lock, and the next daemon replaces the file.
    }
  }
}
