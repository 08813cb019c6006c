package dev.kapal.image.registry.client;

import dev.kapal.image.registry.Credentials;
import dev.kapal.image.registry.RegistryException;
import dev.kapal.image.registry.RegistryException.Attempt;
import dev.kapal.image.registry.RegistryException.NotFound;
import dev.kapal.image.registry.RegistryException.ProtocolProblem;
import dev.kapal.image.registry.RegistryException.TlsProblem;
import dev.kapal.image.registry.RegistryException.TooManyRequests;
import dev.kapal.image.registry.RegistryException.Unreachable;
import dev.kapal.image.registry.auth.Authenticator;
import dev.kapal.image.registry.hosts.Endpoint;
import dev.kapal.image.registry.http.Answer;
import dev.kapal.image.registry.http.TransportFailure;
import dev.kapal.image.registry.http.Urls;
import dev.kapal.oci.OciJson;
import java.util.List;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/** Turns failed requests into the exceptions that callers see. */
final class Problems {
  private static final int SHOWN = 300;

  private Problems() {}

  /** Whether a status means: the same request may succeed later. */
  static boolean isBusy(int status) {
    return status == 408
        || status == 425
        || status == 429
        || status == 500
        || status == 502
        || status == 503
        || status == 504;
  }

  /** No usable answer came. */
  static RegistryException of(String doing, Endpoint endpoint, TransportFailure e) {
    List<Attempt> attempts = List.of(new Attempt(e.url(), e.reason()));
    Optional<Throwable> cause = Optional.of(e);
    String head = doing + " failed: " + e.reason();
    return switch (e.kind()) {
      case TLS ->
          new TlsProblem(
              head
                  + "; if this is right, put the authority's certificate into /etc/kapal/certs.d/"
                  + endpoint.account()
                  + "/ca.crt, or set skip_verify = true in hosts.toml there",
              attempts,
              cause);
      case PLAIN_TEXT ->
          new TlsProblem(
              head
                  + "; if it is meant to be without TLS, write server = \"http://"
                  + endpoint.authority()
                  + "\" into /etc/kapal/certs.d/"
                  + endpoint.account()
                  + "/hosts.toml",
              attempts,
              cause);
      case BUSY ->
          e.tooMany()
              ? new TooManyRequests(
                  head
                      + ", which limits how often it may be asked"
                      + e.retryAfter()
                          .map(d -> "; try again in " + d.toSeconds() + " s")
                          .orElse("; try again later")
                      + ", or log in for a higher limit",
                  attempts,
                  e.retryAfter())
              : new Unreachable(
                  head + "; the server has a problem, try again later", attempts, cause);
      case UNKNOWN_HOST ->
          new Unreachable(
              head + "; check the name's spelling and this machine's DNS", attempts, cause);
      case REFUSED, TIMEOUT, STALLED, RESET ->
          new Unreachable(
              head + "; check the network, the registry, and the proxy settings", attempts, cause);
      case PROXY ->
          new Unreachable(
              head + "; check HTTP_PROXY, HTTPS_PROXY and NO_PROXY of the daemon", attempts, cause);
      case PROTOCOL -> new ProtocolProblem(head, attempts, cause);
    };
  }

  /** An answer came with a status that was not hoped for; reads its body. */
  static RegistryException of(
      String doing, String registry, Credentials credentials, Answer answer, int errorBytes)
      throws InterruptedException {
    int status = answer.status();
    String url = Urls.display(answer.uri());
    String told = told(answer.readSome(errorBytes));
    if (status == 401 || status == 403) {
      return Authenticator.denied(url, registry, credentials, doing, status, told);
    }
    List<Attempt> attempts =
        List.of(new Attempt(url, "status " + status + (told.isEmpty() ? "" : ", " + told)));
    if (status == 404) {
      return new NotFound(
          doing + " failed: " + url + " is not there" + (told.isEmpty() ? "" : " (" + told + ")"),
          attempts);
    }
    return new ProtocolProblem(
        doing
            + " failed: "
            + url
            + " answers with status "
            + status
            + (told.isEmpty() ? "" : " (" + told + ")"),
        attempts,
        Optional.empty());
  }

  /** What the registry says about an error (distribution-spec, "Error codes"), made harmless. */
  static String told(byte[] body) {
    try {
      JsonNode first = OciJson.mapper().readTree(body).path("errors").path(0);
      String code = first.path("code").asString("");
      String message = first.path("message").asString("");
      String both = code.isEmpty() ? message : message.isEmpty() ? code : code + ": " + message;
      String clean = both.replaceAll("\\p{Cntrl}", " ").strip();
      return clean.length() > SHOWN ? clean.substring(0, SHOWN) + "…" : clean;
    } catch (JacksonException e) {
      return "";
    }
  }
}
