package dev.kapal.runtime.dropin;

import static dev.kapal.linux.Fcntl.*;

import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** What a command prints, and its messages in the form that {@code --log-format} asks for. */
final class Console {
  private final Linux linux;
  private final Command command;
  private Optional<String> log = Optional.empty();
  private boolean json;
  private boolean debug;

  Console(Linux linux, Command command) {
    this.linux = linux;
    this.command = command;
  }

  void use(Globals globals) {
    log = globals.log();
    json = globals.json();
    debug = globals.debug();
  }

  void print(String text) {
    print(text.getBytes(StandardCharsets.UTF_8));
  }

  void print(byte[] bytes) {
    write(command.out(), bytes);
  }

  private void write(Fd to, byte[] bytes) {
    try {
      linux.descriptors().writeFully(to, bytes);
    } catch (ErrnoException _) {
      // Nobody reads it.
    }
  }

  void warn(String message) {
    message("warning", message);
  }

  void debug(String message) {
    if (debug) {
      message("debug", message);
    }
  }

  /** The message that the command ends with: in the log, and for people. */
  void error(String message) {
    message("error", message);
    if (log.isPresent()) {
      write(command.err(), (message + "\n").getBytes(StandardCharsets.UTF_8));
    }
  }

  private void message(String level, String message) {
    String line = json ? jsonLine(level, message) : textLine(level, message);
    byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
    if (log.isEmpty()) {
      write(command.err(), bytes);
      return;
    }
    try (Fd file =
        linux
            .descriptors()
            .openat(
                command.directory(),
                command.file(log.get()),
                O_WRONLY | O_CREAT | O_APPEND,
                0644)) {
      write(file, bytes);
    } catch (ErrnoException e) {
      write(
          command.err(),
          ("kapal-oci: the log cannot be opened: " + e.getMessage() + "\n")
              .getBytes(StandardCharsets.UTF_8));
    }
  }

  private static String now() {
    return Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
  }

  private static String jsonLine(String level, String message) {
    Map<String, Object> entry = new LinkedHashMap<>();
    entry.put("level", level);
    entry.put("msg", message);
    entry.put("time", now());
    return Json.line(entry);
  }

  private static String textLine(String level, String message) {
    String quoted = new String(Json.bytes(message), StandardCharsets.UTF_8);
    return "time=\"" + now() + "\" level=" + level + " msg=" + quoted + "\n";
  }
}
