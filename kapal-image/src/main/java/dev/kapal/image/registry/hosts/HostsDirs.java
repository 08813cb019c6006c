package dev.kapal.image.registry.hosts;

import dev.kapal.image.registry.http.HostPort;
import dev.kapal.image.registry.http.TlsSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Finds what the configuration directories say about a registry. Changes count at once. */
final class HostsDirs {
  private final List<Path> directories;

  HostsDirs(List<Path> directories) {
    this.directories = directories;
  }

  /** The hosts.toml of the registry itself in any directory, else a {@code _default} one. */
  Optional<HostsToml> toml(String registry) {
    return folders(registry, true).stream()
        .map(folder -> folder.resolve("hosts.toml"))
        .filter(Files::isRegularFile)
        .findFirst()
        .map(HostsToml::read);
  }

  /** Certificates of the registry in Docker's layout. */
  Optional<TlsSettings> certificates(String registry) {
    return folders(registry, false).stream()
        .flatMap(folder -> DockerCerts.read(folder).stream())
        .findFirst();
  }

  private List<Path> folders(String registry, boolean withDefault) {
    List<Path> all = new ArrayList<>();
    for (Path directory : directories) {
      for (String name : names(registry)) {
        all.add(directory.resolve(name));
      }
    }
    if (withDefault) {
      directories.forEach(directory -> all.add(directory.resolve("_default")));
    }
    return all;
  }

  /** host_port_ before host:port, as containerd does. */
  private static List<String> names(String registry) {
    HostPort at = HostPort.split(registry);
    if (at.port() == 0) {
      return List.of(registry);
    }
    String host = registry.substring(0, registry.lastIndexOf(':'));
    return List.of(host + "_" + at.port() + "_", registry);
  }
}
