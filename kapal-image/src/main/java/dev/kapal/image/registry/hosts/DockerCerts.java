package dev.kapal.image.registry.hosts;

import dev.kapal.image.registry.RegistryException.BadConfiguration;
import dev.kapal.image.registry.http.TlsSettings;
import dev.kapal.image.registry.http.TlsSettings.ClientPair;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Docker's layout of a registry's certificates: every {@code *.crt} is an authority, every {@code
 * X.cert} a client certificate with its key in {@code X.key}.
 */
final class DockerCerts {
  private DockerCerts() {}

  /** Reads a directory; empty if no certificate is there. */
  static Optional<TlsSettings> read(Path directory) {
    if (!Files.isDirectory(directory)) {
      return Optional.empty();
    }
    List<Path> files;
    try (Stream<Path> all = Files.list(directory)) {
      files = all.sorted().toList();
    } catch (IOException e) {
      throw new BadConfiguration(directory + " cannot be read: " + e.getMessage(), Optional.of(e));
    }
    List<Path> authorities = new ArrayList<>();
    List<ClientPair> clients = new ArrayList<>();
    for (Path file : files) {
      String name = String.valueOf(file.getFileName());
      if (name.endsWith(".crt")) {
        authorities.add(file);
      } else if (name.endsWith(".cert")) {
        Path key = file.resolveSibling(name.substring(0, name.length() - 5) + ".key");
        if (!Files.exists(key)) {
          throw new BadConfiguration(
              "the client certificate " + file + " has no key; put it into " + key,
              Optional.empty());
        }
        clients.add(new ClientPair(file, Optional.of(key)));
      }
    }
    return authorities.isEmpty() && clients.isEmpty()
        ? Optional.empty()
        : Optional.of(new TlsSettings(false, authorities, clients));
  }
}
