package dev.kapal.cli.command;

import dev.kapal.cli.context.CommandContext;
import dev.kapal.cli.model.UsageException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * Files that the client names, seen from its working directory. Who may talk to the daemon may run
 * containers as root, so reading with the daemon's rights gives nothing away; what is written
 * belongs to the caller.
 */
final class ClientFiles {
  private static final long LARGEST = 4 << 20;

  private ClientFiles() {}

  /** Reads a small text file. */
  static String read(CommandContext context, String option, String file) {
    Path path = Path.of(context.resolve(file));
    try {
      if (Files.isDirectory(path)) {
        throw new UsageException("--" + option + " " + file + " is a directory: name a file");
      }
      // A FIFO or device (process substitution) has no size; the bound holds for all.
      try (var in = Files.newInputStream(path)) {
        byte[] bytes = in.readNBytes((int) LARGEST + 1);
        if (bytes.length > LARGEST) {
          throw new UsageException(
              "--" + option + " " + file + " is larger than 4 MiB: is it the right file?");
        }
        return new String(bytes, StandardCharsets.UTF_8);
      }
    } catch (NoSuchFileException e) {
      throw new UsageException("--" + option + " " + file + ": no such file; check the name");
    } catch (IOException e) {
      throw new UsageException("--" + option + " " + file + " cannot be read: " + reason(e));
    }
  }

  /** Makes a file that must not exist, readable by all, and owned by the caller. */
  static void create(CommandContext context, String option, String file, String content) {
    Path path = Path.of(context.resolve(file));
    try {
      Files.writeString(path, content, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-r--r--"));
      own(context, path);
    } catch (FileAlreadyExistsException e) {
      throw exists(option, file);
    } catch (IOException e) {
      throw new CommandFailedException(
          "--" + option + " " + file + " cannot be written: " + reason(e), Failures.DAEMON);
    }
  }

  /** Refuses a file that is there already. */
  static void mustNotExist(CommandContext context, String option, String file) {
    if (Files.exists(Path.of(context.resolve(file)))) {
      throw exists(option, file);
    }
  }

  private static UsageException exists(String option, String file) {
    return new UsageException(
        "--"
            + option
            + " "
            + file
            + " exists already: another container may use it; remove the file or name another");
  }

  /** Gives a file to the caller. */
  static void own(CommandContext context, Path path) throws IOException {
    if (context.caller().uid() != 0 || context.caller().gid() != 0) {
      Files.setAttribute(path, "unix:uid", Math.toIntExact(context.caller().uid()));
      Files.setAttribute(path, "unix:gid", Math.toIntExact(context.caller().gid()));
    }
  }

  static String reason(IOException e) {
    String message = String.valueOf(e.getMessage());
    return e instanceof java.nio.file.AccessDeniedException
        ? "permission denied"
        : e instanceof NoSuchFileException ? "no such file or directory" : message;
  }
}
