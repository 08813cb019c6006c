package dev.kapal.cli.compare;

import dev.kapal.runtime.monitor.NativeProgram;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/** The measuring program as a file that containers can mount, for as long as it is open. */
final class ProbeProgram implements AutoCloseable {
  private final Path folder;
  private final Path file;

  private ProbeProgram(Path folder, Path file) {
    this.folder = folder;
    this.file = file;
  }

  /** Below the data directory, from which programs can be executed, unlike from /run. */
  static ProbeProgram in(Path dataDir) {
    try {
      Path folder = Files.createTempDirectory(dataDir, "compare-");
      Path file = folder.resolve(NativeProgram.PROBE);
      ProbeProgram program = new ProbeProgram(folder, file);
      try {
        Files.write(file, NativeProgram.content());
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r-xr-xr-x"));
        return program;
      } catch (IOException | RuntimeException e) {
        program.close();
        throw e;
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write into " + dataDir, e);
    }
  }

  Path file() {
    return file;
  }

  @Override
  public void close() {
    try {
      Files.deleteIfExists(file);
      Files.deleteIfExists(folder);
    } catch (IOException e) {
      System.getLogger(ProbeProgram.class.getName())
          .log(System.Logger.Level.WARNING, "{0} stays: {1}", folder, e.getMessage());
    }
  }
}
