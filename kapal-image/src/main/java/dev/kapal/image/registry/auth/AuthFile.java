package dev.kapal.image.registry.auth;

import dev.kapal.image.registry.CredentialSource;
import dev.kapal.image.registry.Credentials;
import dev.kapal.image.registry.RegistryException.BadConfiguration;
import dev.kapal.oci.OciJson;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Docker's {@code config.json}, or Podman's {@code auth.json} which has the same members: {@code
 * auths}, {@code credHelpers}, {@code credsStore}. Read at each use, so that a login counts at
 * once.
 *
 * <p>What else stands in the file is kept when it is written.
 */
public final class AuthFile implements CredentialSource {
  /** The key that Docker has always used for Docker Hub. */
  private static final String HUB_KEY = "https://index.docker.io/v1/";

  private static final String HUB = "docker.io";
  private static final Set<String> HUB_NAMES =
      Set.of(HUB, "index.docker.io", "registry-1.docker.io");
  private static final int LARGEST = 1 << 20;

  /** One process writes one file at a time. */
  private static final ReentrantLock WRITING = new ReentrantLock();

  private final Path path;
  private final CredentialHelper.Calls helpers;

  /**
   * @param path of the file; it need not be there
   * @param helpers how the helpers that the file names are called
   */
  public AuthFile(Path path, CredentialHelper.Calls helpers) {
    this.path = path;
    this.helpers = helpers;
  }

  public Path path() {
    return path;
  }

  @Override
  public Credentials find(String registry) {
    return find(registry, "");
  }

  @Override
  public Credentials find(String registry, String repository) {
    Optional<ObjectNode> file = read();
    if (file.isEmpty()) {
      return Credentials.ANONYMOUS;
    }
    Optional<String> helper = helper(file.get(), registry);
    if (helper.isPresent()) {
      Credentials kept = helper(helper.get()).get(key(registry));
      if (!(kept instanceof Credentials.Anonymous)) {
        return kept;
      }
    }
    return entry(file.get().path("auths"), registry, repository)
        .map(this::credentials)
        .orElse(Credentials.ANONYMOUS);
  }

  /**
   * Keeps credentials: in the helper that the file names for this registry, else in the file itself
   * (mode 0600, replaced as a whole).
   *
   * @return where they are now, for a message
   */
  public String store(String registry, Credentials credentials) {
    WRITING.lock();
    try {
      ObjectNode file = read().orElseGet(() -> OciJson.mapper().createObjectNode());
      Optional<String> helper = helper(file, registry);
      ObjectNode auths = object(file, "auths");
      ObjectNode entry = OciJson.mapper().createObjectNode();
      if (helper.isPresent()) {
        helper(helper.get()).store(key(registry), credentials);
      } else {
        switch (credentials) {
          case Credentials.Basic(String user, String password) ->
              entry.put("auth", encode(user + ":" + password));
          case Credentials.IdentityToken(String token) -> entry.put("identitytoken", token);
          case Credentials.RegistryToken(String token) -> entry.put("registrytoken", token);
          case Credentials.Anonymous _ -> throw new IllegalArgumentException("nothing to store");
        }
      }
      remove(auths, registry);
      auths.set(key(registry), entry);
      write(file);
      return helper.map(h -> "docker-credential-" + h).orElse(path.toString());
    } finally {
      WRITING.unlock();
    }
  }

  /**
   * Forgets the credentials of a registry.
   *
   * @return whether there were any in the file
   */
  public boolean erase(String registry) {
    WRITING.lock();
    try {
      Optional<ObjectNode> file = read();
      if (file.isEmpty()) {
        return false;
      }
      helper(file.get(), registry).ifPresent(h -> helper(h).erase(key(registry)));
      boolean removed =
          file.get().get("auths") instanceof ObjectNode auths && remove(auths, registry);
      if (removed) {
        write(file.get());
      }
      return removed;
    } finally {
      WRITING.unlock();
    }
  }

  private CredentialHelper helper(String name) {
    return new CredentialHelper(name, helpers);
  }

  private static Optional<String> helper(JsonNode file, String registry) {
    JsonNode helpers = file.path("credHelpers");
    String own = helpers.path(registry).asString("");
    if (own.isEmpty()) {
      own = helpers.path(key(registry)).asString("");
    }
    String name = own.isEmpty() ? file.path("credsStore").asString("") : own;
    return name.isEmpty() ? Optional.empty() : Optional.of(name);
  }

  /** The key under which a registry is kept. */
  private static String key(String registry) {
    return HUB_NAMES.contains(registry) ? HUB_KEY : registry;
  }

  /** Podman: the longest name space wins; Docker: the host, in any of the ways it was written. */
  private static Optional<JsonNode> entry(JsonNode auths, String registry, String repository) {
    String name = repository.isEmpty() ? "" : registry + "/" + repository;
    while (!name.isEmpty() && name.length() > registry.length()) {
      if (auths.has(name)) {
        return Optional.of(auths.path(name));
      }
      name = name.substring(0, name.lastIndexOf('/'));
    }
    if (auths.has(key(registry))) {
      return Optional.of(auths.path(key(registry)));
    }
    for (Map.Entry<String, JsonNode> candidate : auths.properties()) {
      if (names(candidate.getKey(), registry)) {
        return Optional.of(candidate.getValue());
      }
    }
    return Optional.empty();
  }

  /** Whether a key such as {@code https://quay.io/v1/} means the registry. */
  private static boolean names(String key, String registry) {
    boolean url = key.startsWith("https://") || key.startsWith("http://");
    String rest = url ? key.substring(key.indexOf("://") + 3) : key;
    int slash = rest.indexOf('/');
    String tail = slash < 0 ? "" : rest.substring(slash);
    boolean wholeHost = url || tail.isEmpty() || tail.matches("/(v[12]/?)?");
    String host = (slash < 0 ? rest : rest.substring(0, slash)).toLowerCase(Locale.ROOT);
    return wholeHost
        && (HUB_NAMES.contains(host) ? HUB_NAMES.contains(registry) : host.equals(registry));
  }

  private static boolean remove(ObjectNode auths, String registry) {
    var keys =
        auths.properties().stream()
            .map(Map.Entry::getKey)
            .filter(key -> key.equals(key(registry)) || names(key, registry))
            .toList();
    auths.remove(keys);
    return !keys.isEmpty();
  }

  private Credentials credentials(JsonNode entry) {
    String identity = entry.path("identitytoken").asString("");
    if (!identity.isEmpty()) {
      return new Credentials.IdentityToken(identity);
    }
    String token = entry.path("registrytoken").asString("");
    if (!token.isEmpty()) {
      return new Credentials.RegistryToken(token);
    }
    String packed = entry.path("auth").asString("");
    if (!packed.isEmpty()) {
      return unpack(packed);
    }
    String user = entry.path("username").asString("");
    return user.isEmpty()
        ? Credentials.ANONYMOUS
        : new Credentials.Basic(user, entry.path("password").asString(""));
  }

  private Credentials unpack(String packed) {
    String text;
    try {
      byte[] bytes = Base64.getDecoder().decode(packed.strip());
      text = new String(bytes, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw damaged("an \"auth\" that is not base64");
    }
    int colon = text.indexOf(':');
    if (colon < 1) {
      throw damaged("an \"auth\" that is not user:password");
    }
    int end = text.length();
    while (end > colon + 1 && text.charAt(end - 1) == '\0') {
      end--;
    }
    return new Credentials.Basic(text.substring(0, colon), text.substring(colon + 1, end));
  }

  private static String encode(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  private static ObjectNode object(ObjectNode parent, String name) {
    if (parent.get(name) instanceof ObjectNode there) {
      return there;
    }
    return parent.putObject(name);
  }

  private Optional<ObjectNode> read() {
    if (!Files.exists(path)) {
      return Optional.empty();
    }
    try {
      if (!Files.isRegularFile(path) || Files.size(path) > LARGEST) {
        throw damaged("something that is not a file of at most 1 MiB");
      }
      byte[] content = Files.readAllBytes(path);
      if (content.length == 0) {
        return Optional.empty();
      }
      if (OciJson.mapper().readTree(content) instanceof ObjectNode object) {
        return Optional.of(object);
      }
      throw damaged("no JSON object");
    } catch (JacksonException e) {
      // The parser's own message quotes the text, which may be a password.
      throw damaged("no valid JSON");
    } catch (IOException e) {
      throw new BadConfiguration(path + " cannot be read: " + e.getMessage(), Optional.of(e));
    }
  }

  private BadConfiguration damaged(String what) {
    return new BadConfiguration(
        path + " holds " + what + "; mend it, or move it away and log in again", Optional.empty());
  }

  private void write(ObjectNode file) {
    try {
      byte[] content = OciJson.mapper().writerWithDefaultPrettyPrinter().writeValueAsBytes(file);
      PrivateFile.replace(path, content);
    } catch (IOException e) {
      throw new BadConfiguration(path + " cannot be written: " + e.getMessage(), Optional.of(e));
    }
  }
}
