package dev.kapal.engine.core;

import dev.kapal.linux.Linux;
import dev.kapal.linux.MountFlags;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** The /dev/shm of several containers. */
final class SharedMemory {
  private static final long SIZE = 64L << 20;

  private SharedMemory() {}

  /** Makes the directory and mounts it. */
  static void mount(Linux linux, Path at, OptionalLong size) {
    try {
      Files.createDirectory(at);
    } catch (IOException e) {
      throw Layout.failure("make the directory", at, e);
    }
    linux
        .mounts()
        .mount(
            "shm",
            at.toString(),
            "tmpfs",
            MountFlags.MS_NOSUID | MountFlags.MS_NODEV | MountFlags.MS_NOEXEC,
            "mode=1777,size=" + size.orElse(SIZE));
  }
}
