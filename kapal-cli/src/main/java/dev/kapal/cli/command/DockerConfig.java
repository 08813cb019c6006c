package dev.kapal.cli.command;

import dev.kapal.cli.context.CommandContext;
import dev.kapal.image.registry.auth.AuthFile;
import dev.kapal.image.registry.auth.CredentialFiles;
import dev.kapal.image.registry.auth.CredentialHelper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What the caller has set for docker and its like: credentials, and the keys that detach. Read anew
 * for each command.
 */
final class DockerConfig {
  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final Duration HELPER_LIMIT = Duration.ofMinutes(1);

  private final CommandContext context;

  private DockerConfig(CommandContext context) {
    this.context = context;
  }

  static DockerConfig of(CommandContext context) {
    return new DockerConfig(context);
  }

  private Path home() {
    return Path.of(context.resolve(context.variable("HOME").orElse("/root")));
  }

  /** Where the caller's credentials may be. */
  CredentialFiles credentials() {
    return CredentialFiles.of(home(), context.caller().uid(), calls());
  }

  /** Where a login is kept. */
  AuthFile writable() {
    return credentials().writable();
  }

  /** Helpers run with the caller's rights and environment. */
  private CredentialHelper.Calls calls() {
    Map<String, String> environment = new HashMap<>(context.environment());
    environment.putIfAbsent("PATH", "/usr/local/bin:/usr/bin:/bin");
    for (String name : List.of("DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR")) {
      environment.computeIfPresent(
          name, (_, value) -> value.isEmpty() ? value : context.resolve(value));
    }
    long uid = context.caller().uid();
    List<String> launcher =
        uid == 0
            ? List.of()
            : List.of(
                "/usr/bin/setpriv",
                "--reuid=" + uid,
                "--regid=" + context.caller().gid(),
                "--clear-groups",
                "--");
    return new CredentialHelper.Calls(environment, HELPER_LIMIT, launcher);
  }

  /** The keys that detach, when config.json names any. */
  Optional<String> detachKeys() {
    Path folder =
        context
            .variable("DOCKER_CONFIG")
            .map(named -> Path.of(context.resolve(named)))
            .orElseGet(() -> home().resolve(".docker"));
    Path file = folder.resolve("config.json");
    try {
      JsonNode keys = JSON.readTree(Files.readAllBytes(file)).path("detachKeys");
      return keys.isString() ? Optional.of(keys.stringValue()) : Optional.empty();
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw new CommandFailedException(
          file + " cannot be read: " + ClientFiles.reason(e), Failures.DAEMON);
    } catch (JacksonException e) {
      throw new CommandFailedException(
          file + " is not valid JSON (" + e.getOriginalMessage() + "): mend or remove it",
          Failures.DAEMON);
    }
  }
}
