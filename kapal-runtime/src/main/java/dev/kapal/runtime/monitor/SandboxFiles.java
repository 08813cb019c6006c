package dev.kapal.runtime.monitor;

import static dev.kapal.linux.Fcntl.*;

import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.oci.runtime.RuntimeConfig;
import dev.kapal.oci.runtime.RuntimeConfigJson;
import dev.kapal.runtime.ContainerException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * The files in a sandbox's state directory, worked on by descriptor. Written as a temporary file
 * and renamed, so that they are whole after a kill at any instant. They are not flushed to the
 * disk: no container outlives a power loss, and a file that a power loss damaged is recognised as
 * such.
 */
public final class SandboxFiles implements AutoCloseable {
  private static final String STATE = "state.json";
  private static final int MOST = 16 << 20;
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  private final Linux linux;
  private final Path path;
  private final Fd directory;

  private SandboxFiles(Linux linux, Path path, Fd directory) {
    this.linux = linux;
    this.path = path;
    this.directory = directory;
  }

  /** Makes the directory (0700) if it is missing. */
  public static SandboxFiles create(Linux linux, Path path) {
    String parent = String.valueOf(path.getParent());
    try (Fd above = linux.descriptors().open(parent, O_PATH | O_DIRECTORY)) {
      try {
        linux.descriptors().mkdirat(above, String.valueOf(path.getFileName()), 0700);
      } catch (ErrnoException e) {
        if (!e.is(Errno.EEXIST)) {
          throw e;
        }
      }
    } catch (ErrnoException e) {
      throw new ContainerException.Failed(
          "The state directory " + path + " cannot be made: " + e.getMessage(), e);
    }
    return open(linux, path);
  }

  public static SandboxFiles open(Linux linux, Path path) {
    try {
      return new SandboxFiles(
          linux,
          path,
          linux.descriptors().open(path.toString(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    } catch (ErrnoException e) {
      throw new ContainerException.Gone(
          "There is no sandbox at " + path + ": " + e.getMessage(), e);
    }
  }

  public Fd directory() {
    return directory;
  }

  public Path path() {
    return path;
  }

  public void write(String name, byte[] content) {
    String temporary = "." + name + ".new";
    try (Fd file =
        linux
            .descriptors()
            .openat(directory, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600)) {
      linux.descriptors().writeFully(file, content);
      linux.descriptors().renameat(directory, temporary, directory, name);
    } catch (ErrnoException e) {
      throw new ContainerException.Failed(
          "The file " + path.resolve(name) + " cannot be written: " + e.getMessage(), e);
    }
  }

  public Optional<byte[]> read(String name) {
    try (Fd file = linux.descriptors().openat(directory, name, O_RDONLY | O_NOFOLLOW)) {
      return Optional.of(linux.descriptors().readFully(file, MOST));
    } catch (ErrnoException e) {
      if (e.is(Errno.ENOENT)) {
        return Optional.empty();
      }
      throw new ContainerException.Failed(
          "The file " + path.resolve(name) + " cannot be read: " + e.getMessage(), e);
    }
  }

  public void remove(String name) {
    try {
      linux.descriptors().unlinkat(directory, name, 0);
    } catch (ErrnoException e) {
      if (!e.is(Errno.ENOENT)) {
        throw new ContainerException.Failed(
            "The file " + path.resolve(name) + " cannot be removed: " + e.getMessage(), e);
      }
    }
  }

  /** Removes everything in the directory, and the directory. */
  public void removeAll() {
    linux.descriptors().list(directory).forEach(entry -> remove(entry.name()));
    try (Fd above =
        linux.descriptors().open(String.valueOf(path.getParent()), O_PATH | O_DIRECTORY)) {
      linux.descriptors().unlinkat(above, String.valueOf(path.getFileName()), AT_REMOVEDIR);
    } catch (ErrnoException e) {
      if (!e.is(Errno.ENOENT)) {
        throw new ContainerException.Failed(
            "The state directory " + path + " cannot be removed: " + e.getMessage(), e);
      }
    }
  }

  void writeState(SandboxRecord state) {
    write(STATE, MAPPER.writeValueAsBytes(state));
  }

  SandboxRecord readState() {
    byte[] json =
        read(STATE)
            .orElseThrow(() ->
                new ContainerException.Gone(
                    "There is no sandbox at " + path + ": it has no " + STATE));
    try {
      SandboxRecord state = MAPPER.readValue(json, SandboxRecord.class);
      if (state == null || state.version() != 1) {
        throw new ContainerException.Gone(
            "The sandbox at " + path + " was written by another version of Kapal");
      }
      return state;
    } catch (JacksonException e) {
      throw new ContainerException.Gone(
          "The state of the sandbox at " + path + " is damaged: remove the directory", e);
    }
  }

  public void writeConfig(int number, RuntimeConfig config) {
    write("config." + number, RuntimeConfigJson.write(config));
  }

  public RuntimeConfig readConfig(int number) {
    return RuntimeConfigJson.read(
        read("config." + number)
            .orElseThrow(() ->
                new ContainerException.Gone(
                    "The config of a container at " + path + " is missing")));
  }

  public void removeConfig(int number) {
    remove("config." + number);
  }

  /** What the monitor wrote of an exit: wait status and time in ns. */
  public Optional<ExitRecord> readExit(int number) {
    return read("exit." + number).flatMap(SandboxFiles::parseExit);
  }

  private static Optional<ExitRecord> parseExit(byte[] bytes) {
    String[] parts = new String(bytes, StandardCharsets.US_ASCII).strip().split(" ", -1);
    try {
      return parts.length == 2
          ? Optional.of(new ExitRecord(Integer.parseInt(parts[0]), Long.parseLong(parts[1])))
          : Optional.empty();
    } catch (NumberFormatException _) {
      return Optional.empty();
    }
  }

  public void writeExit(int number, ExitRecord exit) {
    write(
        "exit." + number,
        (exit.status() + " " + exit.time() + "\n").getBytes(StandardCharsets.US_ASCII));
  }

  /** A line of an exit record. */
  public record ExitRecord(int status, long time) {}

  @Override
  public void close() {
    directory.close();
  }
}
