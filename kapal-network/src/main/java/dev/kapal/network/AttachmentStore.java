package dev.kapal.network;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The records of attachments: one file each, mirrored in memory. One process owns the directory;
 * each container's entry is changed under that container's lock.
 */
final class AttachmentStore {
  private static final System.Logger LOG = System.getLogger(AttachmentStore.class.getName());
  private static final String SUFFIX = ".json";

  private final Path directory;
  private final Map<String, AttachmentRecord> records = new ConcurrentHashMap<>();

  private AttachmentStore(Path directory) {
    this.directory = directory;
  }

  static AttachmentStore open(Path directory) {
    AttachmentStore store = new AttachmentStore(directory);
    createDirectory(directory);
    try (var files = Files.list(directory)) {
      files.forEach(store::load);
    } catch (IOException e) {
      throw new NetworkException.State("cannot read " + directory + ": " + e, e);
    }
    return store;
  }

  static void createDirectory(Path directory) {
    try {
      Files.createDirectories(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } catch (IOException e) {
      throw new NetworkException.State("cannot make the directory " + directory + ": " + e, e);
    }
  }

  private void load(Path file) {
    String name = file.getFileName().toString();
    try {
      if (name.startsWith(".")) {
        // A write that a killed process did not finish: the record it was to replace is whole.
        Files.deleteIfExists(file);
      } else if (name.endsWith(SUFFIX) && Files.size(file) == 0) {
        // Written just before a power loss and never flushed: see AttachmentRecord.durable().
        Files.deleteIfExists(file);
      } else if (name.endsWith(SUFFIX)) {
        AttachmentRecord record =
            AttachmentRecord.parse(
                file.toString(), new String(Files.readAllBytes(file), StandardCharsets.UTF_8));
        records.put(record.containerId(), record);
      }
    } catch (NetworkException.Invalid e) {
      setAside(file, String.valueOf(e.getMessage()));
    } catch (NoSuchFileException e) {
      LOG.log(System.Logger.Level.DEBUG, "gone meanwhile: " + file);
    } catch (IOException e) {
      throw new NetworkException.State("cannot read " + file + ": " + e, e);
    }
  }

  /** A damaged record cannot say what to undo; it is kept for a person to look at. */
  private static void setAside(Path file, String why) {
    LOG.log(
        System.Logger.Level.ERROR,
        "damaged network record set aside as " + file + ".damaged: " + why);
    try {
      Files.move(
          file,
          file.resolveSibling(file.getFileName() + ".damaged"),
          StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      LOG.log(System.Logger.Level.ERROR, "cannot set aside " + file + ": " + e);
    }
  }

  private Path file(String containerId) {
    return directory.resolve(containerId + SUFFIX);
  }

  /** Writes so that the record survives this process, then publishes it in memory. */
  void put(AttachmentRecord record) {
    NetworkFiles.write(
        file(record.containerId()), Json.text(record.toJson()), "rw-------", record.durable());
    records.put(record.containerId(), record);
  }

  /** Forgets. If power is lost now the record may come back: undoing it again does no harm. */
  void remove(String containerId) {
    try {
      Files.deleteIfExists(file(containerId));
    } catch (IOException e) {
      throw new NetworkException.State("cannot delete " + file(containerId) + ": " + e, e);
    }
    records.remove(containerId);
  }

  Optional<AttachmentRecord> get(String containerId) {
    return Optional.ofNullable(records.get(containerId));
  }

  Collection<AttachmentRecord> all() {
    return List.copyOf(records.values());
  }

  /** Ids of the containers attached to a network, sorted. */
  List<String> users(String network) {
    return records.values().stream()
        .filter(r -> r.uses(network))
        .map(AttachmentRecord::containerId)
        .sorted()
        .toList();
  }
}
