package dev.kapal.network;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/**
 * The host-local plugin's leases of Kapal's own networks: a directory per network with a file per
 * address, whose first line is the container. Swept of what no record knows, such as after a power
 * loss.
 */
final class Leases {
  private static final System.Logger LOG = System.getLogger(Leases.class.getName());

  private final Path directory;

  Leases(Path directory) {
    this.directory = directory;
  }

  /** Deletes the leases of containers that are not among those given. */
  void sweep(Collection<String> known) {
    Set<String> keep = Set.copyOf(known);
    for (Path network : list(directory)) {
      for (Path lease : list(network)) {
        if (Addresses.isAddress(lease.getFileName().toString()) && !keep.contains(holder(lease))) {
          delete(lease);
        }
      }
    }
  }

  /** Forgets a network. */
  void remove(String network) {
    Path mine = directory.resolve(Names.network(network));
    list(mine).forEach(Leases::delete);
    delete(mine);
  }

  private static List<Path> list(Path directory) {
    try (var files = Files.list(directory)) {
      return files.toList();
    } catch (IOException e) {
      // Not there before the first container.
      return List.of();
    }
  }

  private static String holder(Path lease) {
    try {
      String text = new String(Files.readAllBytes(lease), StandardCharsets.UTF_8);
      return text.lines().findFirst().orElse("").strip();
    } catch (IOException e) {
      return "";
    }
  }

  private static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (NoSuchFileException e) {
      LOG.log(System.Logger.Level.DEBUG, "gone meanwhile: " + file);
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "cannot delete " + file + ": " + e);
    }
  }
}
