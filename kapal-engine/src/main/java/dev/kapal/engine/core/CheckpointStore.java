package dev.kapal.engine.core;

import dev.kapal.engine.Checkpoint;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.files.TreeRemove;
import dev.kapal.engine.store.Documents;
import dev.kapal.linux.Descriptors;
import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.FaultPoint;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import dev.kapal.runtime.ContainerSpec.Restore;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Checkpoints on disk: {@code NAME/checkpoint.json} and {@code NAME/images/}. One is written under
 * a name with a dot in front, synced, and renamed; what a crash leaves under such a name is
 * removed.
 */
final class CheckpointStore {
  private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}");
  private static final String RECORD = "checkpoint.json";
  private static final String IMAGES = "images";

  private final Descriptors calls;
  private final TreeRemove trees;
  private final Path parent;

  CheckpointStore(Descriptors calls, TreeRemove trees, Path parent) {
    this.calls = calls;
    this.trees = trees;
    this.parent = parent;
  }

  /**
   * What is kept of one.
   *
   * @param version of this format
   * @param container ID of the container
   * @param created ISO 8601
   */
  record Kept(
      int version,
      String name,
      String container,
      String runtime,
      String created,
      boolean tcpEstablished,
      boolean fileLocks,
      boolean interfaces) {
    Checkpoint shown() {
      return new Checkpoint(name, runtime, Instant.parse(created));
    }
  }

  /** What fills the directory of a new one. */
  @FunctionalInterface
  interface Filling {
    void fill(Path images);
  }

  static void checkName(String name) {
    if (!NAME.matcher(name).matches()) {
      throw new EngineException.InvalidArgument(
          "checkpoint name \""
              + name
              + "\" is not valid: use up to 128 letters, digits, _ . or -, beginning with a letter or digit");
    }
  }

  private Path place(String name) {
    checkName(name);
    return parent.resolve(name);
  }

  /** Makes one, whole or not at all. */
  void create(Kept kept, Filling filling) {
    Path place = place(kept.name());
    if (Files.exists(place, LinkOption.NOFOLLOW_LINKS)) {
      throw taken(kept.name());
    }
    Path temporary = parent.resolve("." + kept.name() + "." + kept.container().substring(0, 12));
    try {
      Files.createDirectories(parent, Layout.PRIVATE);
      trees.remove(temporary);
      Files.createDirectory(temporary, Layout.PRIVATE);
      Path images = Files.createDirectory(temporary.resolve(IMAGES), Layout.PRIVATE);
      FaultPoint.reach("checkpoint.directory");
      filling.fill(images);
      FaultPoint.reach("checkpoint.saved");
      Files.writeString(temporary.resolve(RECORD), Documents.write(kept));
      syncTree(temporary);
      FaultPoint.reach("checkpoint.synced");
      publish(temporary, place, kept.name());
      Layout.sync(parent);
    } catch (IOException e) {
      throw Layout.failure("write the checkpoint", place, e);
    } finally {
      trees.remove(temporary);
    }
  }

  private void publish(Path temporary, Path place, String name) {
    try (Fd directory = calls.open(parent.toString(), Fcntl.O_RDONLY | Fcntl.O_DIRECTORY)) {
      calls.renameat2(
          directory,
          String.valueOf(temporary.getFileName()),
          directory,
          String.valueOf(place.getFileName()),
          Fcntl.RENAME_NOREPLACE);
    } catch (ErrnoException e) {
      throw e.is(Errno.EEXIST, Errno.ENOTEMPTY)
          ? taken(name)
          : new EngineException.SystemFailure(
              "cannot write the checkpoint " + place + ": " + e.getMessage(), e);
    }
  }

  private static EngineException taken(String name) {
    return new EngineException.Conflict(
        "there is a checkpoint " + name + " already: remove it, or take another name");
  }

  static void syncTree(Path directory) throws IOException {
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path p : all.toList()) {
        if (Files.isDirectory(p, LinkOption.NOFOLLOW_LINKS)
            || Files.isRegularFile(p, LinkOption.NOFOLLOW_LINKS)) {
          try (FileChannel channel = FileChannel.open(p, StandardOpenOption.READ)) {
            channel.force(true);
          }
        }
      }
    }
  }

  Optional<Kept> find(String name) {
    Path record = place(name).resolve(RECORD);
    try {
      return Optional.of(
          Documents.read(Files.readString(record), Kept.class, "the checkpoint " + name));
    } catch (java.nio.file.NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw Layout.failure("read", record, e);
    }
  }

  /** What a runtime is to go on from. */
  Restore restore(Kept kept) {
    return new Restore(
        place(kept.name()).resolve(IMAGES),
        kept.tcpEstablished(),
        kept.fileLocks(),
        kept.interfaces());
  }

  List<Kept> list() {
    if (!Files.isDirectory(parent)) {
      return List.of();
    }
    List<Kept> all = new ArrayList<>();
    for (String name : Layout.names(parent)) {
      if (NAME.matcher(name).matches()) {
        find(name).ifPresent(all::add);
      }
    }
    return all;
  }

  /** Takes one away: under another name first, so that it is never there by half. */
  boolean remove(String name) {
    Path place = place(name);
    Path doomed = parent.resolve("." + name + ".removed");
    try {
      trees.remove(doomed);
      Files.move(place, doomed, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
      Layout.sync(parent);
      trees.remove(doomed);
      return true;
    } catch (java.nio.file.NoSuchFileException e) {
      return false;
    } catch (IOException e) {
      throw Layout.failure("remove the checkpoint", place, e);
    }
  }

  /** Removes what was under way when an engine died. */
  static void sweep(TreeRemove trees, Path parent) {
    if (Files.isDirectory(parent, LinkOption.NOFOLLOW_LINKS)) {
      Layout.names(parent).stream()
          .filter(name -> name.startsWith("."))
          .forEach(name -> trees.remove(parent.resolve(name)));
    }
  }
}
