package dev.kapal.cli.command;

import dev.kapal.cli.model.Invocation;
import dev.kapal.cli.output.OutputBytes;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.function.Consumer;

/** Archives that go to a file of the client (--output) or to its standard output. */
final class FileOutputs {
  private FileOutputs() {}

  /** Writes where -o says; a file appears whole or not at all. */
  static int write(Invocation i, Consumer<OutputStream> work) {
    Optional<String> file = i.arguments().value("output").filter(f -> !f.equals("-"));
    if (file.isEmpty()) {
      if (i.out().terminal()) {
        throw new CommandFailedException(
            "an archive does not belong on a terminal: name a file with -o, or redirect the output",
            1);
      }
      try (OutputBytes out = new OutputBytes(i.out())) {
        work.accept(out);
      }
      return 0;
    }
    toFile(i, file.get(), work);
    return 0;
  }

  /** Writes a file of the client; it appears whole or not at all. */
  static void toFile(Invocation i, String file, Consumer<OutputStream> work) {
    Path path = Path.of(i.context().resolve(file));
    try {
      if (Files.isDirectory(path)) {
        throw new CommandFailedException(file + " is a directory: name a file", 1);
      }
      if (Files.exists(path) && !Files.isRegularFile(path)) {
        // A device or FIFO is written to, not replaced.
        try (OutputStream out = Files.newOutputStream(path)) {
          work.accept(out);
        }
        return;
      }
      Path folder = path.resolveSibling("");
      Path fresh = Files.createTempFile(folder, "." + path.getFileName(), ".part");
      try {
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(fresh), 1 << 16)) {
          work.accept(out);
        }
        ClientFiles.own(i.context(), fresh);
        Files.move(
            fresh, path, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(fresh);
      }
    } catch (IOException e) {
      throw new CommandFailedException(file + " cannot be written: " + ClientFiles.reason(e), 1);
    }
  }
}
