package dev.kapal.network;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Reads the network configurations of a directory, in the order of their file names. */
final class NetworkDirectory {
  private static final System.Logger LOG = System.getLogger(NetworkDirectory.class.getName());

  private final Path directory;

  NetworkDirectory(Path directory) {
    this.directory = directory;
  }

  /** All that can be read; a broken file is reported in the log and does not hide the others. */
  List<NetworkList> read() {
    List<NetworkList> out = new ArrayList<>();
    for (Path file : files()) {
      try {
        readOne(file).ifPresent(out::add);
      } catch (NetworkException e) {
        LOG.log(System.Logger.Level.WARNING, "ignored: " + e.getMessage());
      }
    }
    return out;
  }

  Optional<NetworkList> readOne(Path file) {
    try (var in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(Json.MAX_CHARS + 1);
      return Optional.of(
          NetworkList.parse(
              new String(bytes, StandardCharsets.UTF_8),
              file.toString(),
              Files.getLastModifiedTime(file).toInstant()));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw new NetworkException.State("cannot read " + file + ": " + e, e);
    }
  }

  private List<Path> files() {
    try (var entries = Files.list(directory)) {
      return entries
          .filter(NetworkDirectory::isConfiguration)
          .sorted(Comparator.comparing(p -> p.getFileName().toString()))
          .toList();
    } catch (NoSuchFileException | NotDirectoryException e) {
      return List.of();
    } catch (IOException e) {
      throw new NetworkException.State("cannot list " + directory + ": " + e, e);
    }
  }

  private static boolean isConfiguration(Path file) {
    String name = file.getFileName().toString();
    return !name.startsWith(".")
        && (name.endsWith(".conflist") || name.endsWith(".conf") || name.endsWith(".json"));
  }
}
