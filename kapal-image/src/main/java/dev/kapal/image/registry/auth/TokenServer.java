package dev.kapal.image.registry.auth;

import dev.kapal.image.registry.Credentials;
import dev.kapal.image.registry.RegistryConfig;
import dev.kapal.image.registry.RegistryException.Attempt;
import dev.kapal.image.registry.RegistryException.ProtocolProblem;
import dev.kapal.image.registry.RegistryException.Unauthorized;
import dev.kapal.image.registry.http.Answer;
import dev.kapal.image.registry.http.HttpCall;
import dev.kapal.image.registry.http.HttpTransport;
import dev.kapal.image.registry.http.Route;
import dev.kapal.image.registry.http.TransportFailure;
import dev.kapal.image.registry.http.UploadBody;
import dev.kapal.image.registry.http.Urls;
import dev.kapal.oci.OciJson;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * Gets Bearer tokens (distribution's token and oauth2 specifications): with a GET for a password or
 * nobody, with a POST for an identity token.
 */
final class TokenServer {
  private static final int LONGEST_TOKEN = 256 << 10;
  private static final Duration SHORTEST_LIFE = Duration.ofSeconds(60);
  private static final Duration LONGEST_LIFE = Duration.ofHours(1);

  private final HttpTransport transport;
  private final RegistryConfig config;

  TokenServer(HttpTransport transport, RegistryConfig config) {
    this.transport = transport;
    this.config = config;
  }

  /** A token and how long it may be used. */
  record Grant(String token, Duration life) {}

  Grant ask(Tokens.Key wanted, URI realm, Route route)
      throws TransportFailure, InterruptedException {
    HttpCall call =
        switch (wanted.credentials()) {
          case Credentials.IdentityToken(String token) -> post(wanted, realm, token);
          case Credentials.Basic(String user, String password) ->
              get(wanted, realm).withSecret("Authorization", basic(user, password));
          case Credentials.Anonymous _, Credentials.RegistryToken _ -> get(wanted, realm);
        };
    try (Answer answer = transport.send(call, route)) {
      int status = answer.status();
      if (status == 429 || status >= 500) {
        throw TransportFailure.busy(answer);
      }
      if (status != 200) {
        answer.readSome(config.limits().errorBytes());
        throw refused(wanted, realm, status);
      }
      return grant(realm, answer.read(config.limits().tokenBytes()));
    }
  }

  static String basic(String user, String password) {
    return "Basic "
        + Base64.getEncoder()
            .encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
  }

  private static HttpCall get(Tokens.Key wanted, URI realm) {
    URI uri = realm;
    if (!wanted.service().isEmpty()) {
      uri = Urls.with(uri, "service", wanted.service());
    }
    for (String scope : wanted.scopes()) {
      uri = Urls.with(uri, "scope", scope);
    }
    if (wanted.credentials() instanceof Credentials.Basic(String user, String _)) {
      uri = Urls.with(uri, "account", user);
    }
    return HttpCall.of("GET", uri);
  }

  private static HttpCall post(Tokens.Key wanted, URI realm, String refreshToken) {
    String form =
        "grant_type=refresh_token&client_id=kapal&service="
            + Urls.encode(wanted.service())
            + (wanted.scopes().isEmpty()
                ? ""
                : "&scope=" + Urls.encode(String.join(" ", wanted.scopes())))
            + "&refresh_token="
            + Urls.encode(refreshToken);
    return HttpCall.of("POST", realm)
        .with("Content-Type", "application/x-www-form-urlencoded")
        .withBody(UploadBody.of(form.getBytes(StandardCharsets.US_ASCII)));
  }

  private static Unauthorized refused(Tokens.Key wanted, URI realm, int status) {
    String who =
        switch (wanted.credentials()) {
          case Credentials.Basic(String user, String _) -> "user " + user;
          case Credentials.IdentityToken _ -> "this identity token";
          case Credentials.Anonymous _, Credentials.RegistryToken _ -> "access without a login";
        };
    return new Unauthorized(
        "the token server "
            + Urls.display(realm)
            + " refuses "
            + who
            + " (status "
            + status
            + "); log in again with `kapal login`, or `kapal logout` to go without credentials",
        List.of(new Attempt(Urls.display(realm), "status " + status)));
  }

  private static Grant grant(URI realm, Optional<byte[]> body) {
    JsonNode json;
    try {
      json = OciJson.mapper().readTree(body.orElse(new byte[0]));
    } catch (JacksonException e) {
      throw nonsense(realm);
    }
    String token = json.path("token").asString("");
    if (token.isEmpty()) {
      token = json.path("access_token").asString("");
    }
    boolean sound =
        !token.isEmpty()
            && token.length() <= LONGEST_TOKEN
            && token.chars().allMatch(c -> c > ' ' && c < 0x7f);
    if (!sound) {
      throw nonsense(realm);
    }
    JsonNode expires = json.path("expires_in");
    Duration life =
        expires.isNumber()
            ? Duration.ofSeconds(Math.clamp(expires.asLong(0), 0, LONGEST_LIFE.toSeconds()))
            : SHORTEST_LIFE;
    return new Grant(token, life.compareTo(SHORTEST_LIFE) < 0 ? SHORTEST_LIFE : life);
  }

  private static ProtocolProblem nonsense(URI realm) {
    return new ProtocolProblem(
        "the token server "
            + Urls.display(realm)
            + " does not answer with a token; is this the right realm, or a proxy's log-in page?",
        List.of(new Attempt(Urls.display(realm), "no token in the answer")),
        Optional.empty());
  }
}
