package dev.kapal.runtime.dropin;

import static dev.kapal.linux.Fcntl.*;

import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Writes a process id where the caller wants it: whole, or not at all. */
final class PidFile {
  private PidFile() {}

  static void write(Session session, String given, int pid) {
    Linux linux = session.host().linux();
    Path path = Path.of(given);
    Path name = path.getFileName();
    if (name == null) {
      throw new CommandFailed("\"" + given + "\" is no name for a pid file");
    }
    String parent = path.getParent() == null ? "." : path.getParent().toString();
    String temporary = "." + name;
    try (Fd directory =
            linux
                .descriptors()
                .openat(session.command().directory(), parent, O_PATH | O_DIRECTORY);
        Fd file =
            linux.descriptors().openat(directory, temporary, O_WRONLY | O_CREAT | O_TRUNC, 0644)) {
      linux
          .descriptors()
          .writeFully(file, Integer.toString(pid).getBytes(StandardCharsets.US_ASCII));
      linux.descriptors().renameat(directory, temporary, directory, name.toString());
    } catch (ErrnoException e) {
      throw new CommandFailed("the pid file " + given + " cannot be written: " + e.getMessage(), e);
    }
  }
}
