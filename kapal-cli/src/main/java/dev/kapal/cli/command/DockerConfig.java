package dev.kapal.cli.command;

import dev.kapal.cli.context.CommandContext;
import dev.kapal.image.registry.CredentialSource;
import dev.kapal.image.registry.Credentials;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * The caller's {@code config.json}, as docker and many others keep it: in {@code $DOCKER_CONFIG},
 * else {@code ~/.docker}. What Kapal does not know in it stays as it is. Read anew for each
 * command.
 */
final class DockerConfig {
  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final String HUB = "https://index.docker.io/v1/";
  private static final List<String> HUB_NAMES =
      List.of("docker.io", "index.docker.io", "registry-1.docker.io", HUB);

  private final CommandContext context;

  private DockerConfig(CommandContext context) {
    this.context = context;
  }

  static DockerConfig of(CommandContext context) {
    return new DockerConfig(context);
  }

  /** Where it is. */
  Path file() {
    String folder =
        context
            .variable("DOCKER_CONFIG")
            .orElseGet(() -> context.variable("HOME").orElse("/root") + "/.docker");
    return Path.of(context.resolve(folder), "config.json");
  }

  private ObjectNode read() {
    try {
      if (JSON.readTree(Files.readAllBytes(file())) instanceof ObjectNode object) {
        return object;
      }
      throw new CommandFailedException(
          file() + " is not a JSON object: mend or remove it", Failures.DAEMON);
    } catch (NoSuchFileException e) {
      return JSON.createObjectNode();
    } catch (IOException e) {
      throw new CommandFailedException(
          file() + " cannot be read: " + ClientFiles.reason(e), Failures.DAEMON);
    } catch (JacksonException e) {
      throw new CommandFailedException(
          file() + " is not valid JSON (" + e.getOriginalMessage() + "): mend or remove it",
          Failures.DAEMON);
    }
  }

  /** The keys that detach, when the file names any. */
  Optional<String> detachKeys() {
    JsonNode keys = read().get("detachKeys");
    return keys != null && keys.isString() ? Optional.of(keys.stringValue()) : Optional.empty();
  }

  /** Credentials by registry, read when they are asked for. */
  CredentialSource credentials() {
    return this::find;
  }

  private Credentials find(String registry) {
    ObjectNode config = read();
    Optional<String> helper = helper(config, registry);
    if (helper.isPresent()) {
      return CredentialHelper.of(context, helper.get()).get(key(registry));
    }
    if (config.get("auths") instanceof ObjectNode auths) {
      for (var entry : auths.properties()) {
        if (same(entry.getKey(), registry)) {
          return credentials(entry.getKey(), entry.getValue());
        }
      }
    }
    return Credentials.ANONYMOUS;
  }

  private static Optional<String> helper(ObjectNode config, String registry) {
    if (config.get("credHelpers") instanceof ObjectNode helpers) {
      for (var entry : helpers.properties()) {
        if (same(entry.getKey(), registry) && entry.getValue().isString()) {
          return Optional.of(entry.getValue().stringValue());
        }
      }
    }
    JsonNode store = config.get("credsStore");
    return store != null && store.isString() && !store.stringValue().isEmpty()
        ? Optional.of(store.stringValue())
        : Optional.empty();
  }

  /** How config.json names a registry. */
  static String key(String registry) {
    return HUB_NAMES.contains(registry) ? HUB : registry;
  }

  private static boolean same(String key, String registry) {
    if (HUB_NAMES.contains(registry)) {
      return HUB_NAMES.contains(key) || host(key).equals("index.docker.io");
    }
    return host(key).equals(host(registry));
  }

  private static String host(String key) {
    String rest = key.replaceFirst("^https?://", "");
    int slash = rest.indexOf('/');
    return slash < 0 ? rest : rest.substring(0, slash);
  }

  private Credentials credentials(String key, JsonNode entry) {
    JsonNode token = entry.get("identitytoken");
    if (token != null && token.isString() && !token.stringValue().isEmpty()) {
      return new Credentials.IdentityToken(token.stringValue());
    }
    JsonNode registryToken = entry.get("registrytoken");
    if (registryToken != null && registryToken.isString()) {
      return new Credentials.RegistryToken(registryToken.stringValue());
    }
    JsonNode auth = entry.get("auth");
    if (auth == null || !auth.isString() || auth.stringValue().isEmpty()) {
      return Credentials.ANONYMOUS;
    }
    try {
      String pair =
          new String(
              Base64.getDecoder().decode(auth.stringValue().strip()), StandardCharsets.UTF_8);
      int colon = pair.indexOf(':');
      if (colon > 0) {
        return new Credentials.Basic(
            pair.substring(0, colon), pair.substring(colon + 1).replaceAll("\0+$", ""));
      }
    } catch (IllegalArgumentException e) {
      // told below
    }
    throw new CommandFailedException(
        file() + ": the entry for " + key + " is damaged; run 'kapal login " + key + "' again",
        Failures.DAEMON);
  }

  /** Remembers credentials; by the helper that the file names, else in the file. */
  Optional<Path> store(String registry, String user, String password) {
    ObjectNode config = read();
    Optional<String> helper = helper(config, registry);
    if (helper.isPresent()) {
      CredentialHelper.of(context, helper.get()).store(key(registry), user, password);
      return Optional.empty();
    }
    ObjectNode auths =
        config.get("auths") instanceof ObjectNode there ? there : config.putObject("auths");
    String pair = user + ":" + password;
    auths
        .putObject(key(registry))
        .put("auth", Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8)));
    write(config);
    return Optional.of(file());
  }

  /**
   * Forgets credentials.
   *
   * @return whether there were any
   */
  boolean erase(String registry) {
    ObjectNode config = read();
    Optional<String> helper = helper(config, registry);
    if (helper.isPresent()) {
      CredentialHelper.of(context, helper.get()).erase(key(registry));
      return true;
    }
    if (!(config.get("auths") instanceof ObjectNode auths)) {
      return false;
    }
    List<String> keys =
        auths.properties().stream().map(e -> e.getKey()).filter(k -> same(k, registry)).toList();
    if (keys.isEmpty()) {
      return false;
    }
    keys.forEach(auths::remove);
    write(config);
    return true;
  }

  /** Whole or not at all, readable by its owner alone. */
  private void write(ObjectNode config) {
    Path file = file();
    Path folder = file.resolveSibling("");
    try {
      if (!Files.exists(folder)) {
        Files.createDirectories(folder);
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
        ClientFiles.own(context, folder);
      }
      Path fresh = Files.createTempFile(folder, "config.json", null);
      try {
        Files.write(fresh, JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(config));
        ClientFiles.own(context, fresh);
        Files.move(
            fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(fresh);
      }
    } catch (IOException e) {
      throw new CommandFailedException(
          file + " cannot be written: " + ClientFiles.reason(e), Failures.DAEMON);
    }
  }
}
