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
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Reads the network configurations of a directory, in the order of their file names. */
final class NetworkDirectory {
  private static final System.Logger LOG = System.getLogger(NetworkDirectory.class.getName());

  private static final Set<String> REPORTED = ConcurrentHashMap.newKeySet();
  private static final int MAX_REPORTED = 256;

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
        report(String.valueOf(e.getMessage()));
      }
    }
    return out;
  }

  /** Directories are read at each look-up: the same complaint once is enough. */
  private static void report(String complaint) {
    boolean known = REPORTED.size() < MAX_REPORTED && !REPORTED.add(complaint);
    LOG.log(
        known ? System.Logger.Level.DEBUG : System.Logger.Level.WARNING, "ignored: " + complaint);
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
