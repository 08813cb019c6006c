package dev.kapal.cri.events;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * What has been told to somebody, on disk, so that the next daemon tells the rest. It is written a
 * moment late on purpose: what was sent just before a crash may not have arrived, and is told
 * again. Owned by the thread that tells.
 */
final class Told {
  private static final long LATE = Duration.ofSeconds(1).toNanos();
  private static final JsonMapper JSON = new JsonMapper();

  private final Path file;
  private final Map<String, Mark> marks = new HashMap<>();
  private Optional<Long> changed = Optional.empty();

  private Told(Path file) {
    this.file = file;
  }

  /** Reads it. What cannot be read counts as not told. */
  static Told read(Path file) {
    Told told = new Told(file);
    try {
      for (Mark mark : JSON.readValue(Files.readAllBytes(file), Mark[].class)) {
        told.marks.put(mark.id(), mark);
      }
    } catch (NoSuchFileException e) {
      // The first daemon since the host's start.
    } catch (IOException | JacksonException | NullPointerException e) {
      System.getLogger(Told.class.getName())
          .log(Level.WARNING, "what was told of containers is told again: {0} is unreadable", file);
    }
    return told;
  }

  Optional<Mark> of(String id) {
    return Optional.ofNullable(marks.get(id));
  }

  List<Mark> all() {
    return new ArrayList<>(marks.values());
  }

  void put(Mark mark) {
    if (mark.phase() == Mark.Phase.DELETED) {
      marks.remove(mark.id());
    } else {
      marks.put(mark.id(), mark);
    }
    if (changed.isEmpty()) {
      changed = Optional.of(System.nanoTime());
    }
  }

  /** Writes it if that is due. */
  void writeIfDue() {
    if (changed.isPresent() && System.nanoTime() - changed.get() > LATE) {
      write();
    }
  }

  /** Writes it if it has changed. */
  void write() {
    if (changed.isEmpty()) {
      return;
    }
    changed = Optional.empty();
    Path made = file.resolveSibling(file.getFileName() + ".new");
    try {
      Files.write(made, JSON.writeValueAsBytes(marks.values()));
      Files.move(made, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      System.getLogger(Told.class.getName())
          .log(
              Level.WARNING,
              "what was told of containers cannot be written to {0}: {1}",
              file,
              e.getMessage());
    }
  }
}
