package dev.kapal.image.registry.auth;

import dev.kapal.image.registry.Credentials;
import dev.kapal.image.registry.RegistryConfig;
import dev.kapal.image.registry.RegistryException.Attempt;
import dev.kapal.image.registry.RegistryException.ProtocolProblem;
import dev.kapal.image.registry.RegistryException.Unauthorized;
import dev.kapal.image.registry.http.HttpTransport;
import dev.kapal.image.registry.http.Route;
import dev.kapal.image.registry.http.TransportFailure;
import dev.kapal.image.registry.http.Urls;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Finds the Authorization header for a request: by what the endpoint wanted last time, and by the
 * challenges it sends.
 *
 * <p>Tokens are asked for once however many requests wait for them, and shared by all requests of
 * the same credentials and scopes.
 */
public final class Authenticator {
  private static final int MOST_ORIGINS = 1000;

  /** What an endpoint wants. */
  private sealed interface Way {
    record WithBasic() implements Way {}

    record WithToken(URI realm, String service) implements Way {}
  }

  /** An endpoint, as one caller sees it: some want credentials only from some. */
  private record Seen(String origin, Credentials credentials) {}

  private final Map<Seen, Way> ways = new ConcurrentHashMap<>();
  private final Tokens tokens = new Tokens();
  private final TokenServer server;
  private final ReentrantLock[] asking = new ReentrantLock[64];

  public Authenticator(HttpTransport transport, RegistryConfig config) {
    this.server = new TokenServer(transport, config);
    for (int i = 0; i < asking.length; i++) {
      asking[i] = new ReentrantLock();
    }
  }

  /**
   * The header to send with a first request; asks the token server if we know which one and hold no
   * token.
   *
   * @param base the endpoint
   * @param scopes what the request needs, {@code repository:NAME:pull}
   */
  public Optional<String> first(
      URI base, Route route, Credentials credentials, SortedSet<String> scopes)
      throws TransportFailure, InterruptedException {
    if (credentials instanceof Credentials.RegistryToken(String token)) {
      return Optional.of("Bearer " + token);
    }
    Optional<Way> way = Optional.ofNullable(ways.get(new Seen(origin(base), credentials)));
    if (way.isEmpty()) {
      return Optional.empty();
    }
    return switch (way.get()) {
      case Way.WithBasic() -> basic(credentials);
      case Way.WithToken(URI realm, String service) ->
          Optional.of("Bearer " + token(base, route, realm, service, credentials, scopes));
    };
  }

  /**
   * The header to send after a 401.
   *
   * @param refused the header that was sent, which is not used again
   * @return empty if there is nothing new to try
   */
  public Optional<String> after(
      URI base,
      Route route,
      Credentials credentials,
      SortedSet<String> scopes,
      List<String> challengeHeaders,
      Optional<String> refused)
      throws TransportFailure, InterruptedException {
    if (credentials instanceof Credentials.RegistryToken) {
      return Optional.empty();
    }
    for (Challenge challenge : Challenge.parse(challengeHeaders)) {
      if (challenge.scheme().equals("bearer") && challenge.parameter("realm").isPresent()) {
        URI realm = realm(base, challenge.parameter("realm").get());
        String service = challenge.parameter("service").orElse("");
        learn(base, credentials, new Way.WithToken(realm, service));
        SortedSet<String> all = new TreeSet<>(scopes);
        challenge.parameter("scope").ifPresent(s -> addScopes(all, s));
        refused
            .filter(r -> r.startsWith("Bearer "))
            .ifPresent(r ->
                tokens.forget(
                    new Tokens.Key(realm.toString(), service, all, credentials), r.substring(7)));
        String token = token(base, route, realm, service, credentials, all);
        return Optional.of("Bearer " + token).filter(h -> !h.equals(refused.orElse("")));
      }
      if (challenge.scheme().equals("basic")) {
        Optional<String> header = basic(credentials).filter(h -> !h.equals(refused.orElse("")));
        if (header.isPresent()) {
          learn(base, credentials, new Way.WithBasic());
          return header;
        }
      }
    }
    return Optional.empty();
  }

  private static void addScopes(SortedSet<String> all, String text) {
    for (String scope : text.split(" ", 32)) {
      // "repository:x:pull" is part of "repository:x:pull,push", which we asked for.
      if (!scope.isEmpty() && all.stream().noneMatch(s -> s.startsWith(scope))) {
        all.add(scope);
      }
    }
  }

  private void learn(URI base, Credentials credentials, Way way) {
    if (ways.size() >= MOST_ORIGINS) {
      ways.clear();
    }
    ways.put(new Seen(origin(base), credentials), way);
  }

  private static String origin(URI base) {
    return base.getScheme() + "://" + Urls.host(base) + ":" + Urls.port(base);
  }

  private static Optional<String> basic(Credentials credentials) {
    return credentials instanceof Credentials.Basic(String user, String password)
        ? Optional.of(TokenServer.basic(user, password))
        : Optional.empty();
  }

  private static URI realm(URI base, String text) {
    URI realm;
    try {
      realm = base.resolve(text);
    } catch (IllegalArgumentException e) {
      throw bad(base, "names a token server that is not a URL");
    }
    if (!(Urls.isHttps(realm) || Urls.isHttp(realm)) || Urls.host(realm).isEmpty()) {
      throw bad(base, "names a token server that is neither http nor https");
    }
    if (Urls.isHttps(base) && !Urls.isHttps(realm)) {
      throw bad(
          base, "wants our credentials sent without TLS to " + Urls.display(realm) + "; not done");
    }
    return realm;
  }

  private static ProtocolProblem bad(URI base, String what) {
    return new ProtocolProblem(
        Urls.authority(base) + " " + what,
        List.of(new Attempt(Urls.display(base), what)),
        Optional.empty());
  }

  private String token(
      URI base,
      Route route,
      URI realm,
      String service,
      Credentials credentials,
      SortedSet<String> scopes)
      throws TransportFailure, InterruptedException {
    Tokens.Key key = new Tokens.Key(realm.toString(), service, new TreeSet<>(scopes), credentials);
    Optional<String> held = tokens.find(key);
    if (held.isPresent()) {
      return held.get();
    }
    ReentrantLock lock = asking[Math.floorMod(key.hashCode(), asking.length)];
    lock.lockInterruptibly();
    try {
      Optional<String> meanwhile = tokens.find(key);
      if (meanwhile.isPresent()) {
        return meanwhile.get();
      }
      Route to = Urls.sameOrigin(base, realm) ? route : route.elsewhere();
      TokenServer.Grant grant = server.ask(key, realm, to);
      tokens.keep(key, grant.token(), grant.life());
      return grant.token();
    } finally {
      lock.unlock();
    }
  }

  /** The message for a request that stays unauthorized. */
  public static Unauthorized denied(
      String url, String registry, Credentials credentials, String doing, int status, String told) {
    String remedy =
        credentials instanceof Credentials.Anonymous
            ? "it may not exist, or need a login: `kapal login " + registry + "`"
            : "it may not exist, or the credentials in use for "
                + registry
                + " may lack the right or be outdated: `kapal login "
                + registry
                + "`";
    return new Unauthorized(
        doing
            + " was denied by "
            + url
            + " (status "
            + status
            + (told.isEmpty() ? "" : ": " + told)
            + "); "
            + remedy,
        List.of(new Attempt(url, "denied, status " + status)));
  }
}
