package dev.kapal.engine.core;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** This host's name, as the kernel has it. */
final class HostName {
  private HostName() {}

  static String get() {
    try {
      return Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
    } catch (IOException e) {
      return "localhost";
    }
  }
}
