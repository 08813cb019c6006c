package dev.kapal.image.registry.auth;

import dev.kapal.image.registry.CredentialSource;
import dev.kapal.image.registry.Credentials;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The files in which a user's credentials may be: {@code $REGISTRY_AUTH_FILE}, Docker's
 * config.json, Podman's auth.json. The first file that knows a registry counts.
 */
public final class CredentialFiles implements CredentialSource {
  private final List<AuthFile> files;
  private final AuthFile writable;

  private CredentialFiles(List<AuthFile> files, AuthFile writable) {
    this.files = List.copyOf(files);
    this.writable = writable;
  }

  /**
   * The files of one user.
   *
   * @param home the user's home
   * @param uid the user's number, for Podman's run-time directory
   * @param helpers how helpers are called; their environment tells of REGISTRY_AUTH_FILE,
   *     DOCKER_CONFIG and XDG_RUNTIME_DIR too
   */
  public static CredentialFiles of(Path home, long uid, CredentialHelper.Calls helpers) {
    Map<String, String> environment = helpers.environment();
    List<Path> paths = new ArrayList<>();
    String named = environment.getOrDefault("REGISTRY_AUTH_FILE", "");
    if (!named.isEmpty()) {
      paths.add(Path.of(named));
    }
    String dockerDir = environment.getOrDefault("DOCKER_CONFIG", "");
    paths.add(
        (dockerDir.isEmpty() ? home.resolve(".docker") : Path.of(dockerDir))
            .resolve("config.json"));
    String runDir = environment.getOrDefault("XDG_RUNTIME_DIR", "");
    if (!runDir.isEmpty()) {
      paths.add(Path.of(runDir).resolve("containers/auth.json"));
    }
    paths.add(Path.of("/run/containers").resolve(Long.toString(uid)).resolve("auth.json"));
    paths.add(home.resolve(".config/containers/auth.json"));
    List<AuthFile> files = paths.stream().map(path -> new AuthFile(path, helpers)).toList();
    return new CredentialFiles(files, files.getFirst());
  }

  /** Where a login is kept. */
  public AuthFile writable() {
    return writable;
  }

  @Override
  public Credentials find(String registry) {
    return find(registry, "");
  }

  @Override
  public Credentials find(String registry, String path) {
    for (AuthFile file : files) {
      if (Files.exists(file.path())) {
        Credentials found = file.find(registry, path);
        if (!(found instanceof Credentials.Anonymous)) {
          return found;
        }
      }
    }
    return Credentials.ANONYMOUS;
  }
}
