package dev.kapal.image.registry.client;

import dev.kapal.image.registry.CredentialSource;
import dev.kapal.image.registry.Credentials;
import dev.kapal.image.registry.RegistryException;
import dev.kapal.image.registry.RegistryException.ProtocolProblem;
import dev.kapal.image.registry.RepositoryName;
import dev.kapal.image.registry.hosts.Capability;
import dev.kapal.image.registry.hosts.Endpoint;
import dev.kapal.image.registry.http.Answer;
import dev.kapal.image.registry.http.HttpCall;
import dev.kapal.image.registry.http.Route;
import dev.kapal.image.registry.http.TlsSettings;
import dev.kapal.image.registry.http.TransportFailure;
import dev.kapal.image.registry.http.TransportFailure.Kind;
import dev.kapal.image.registry.http.Urls;
import java.net.URI;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/** One caller at one endpoint about one repository: adds credentials and follows challenges. */
final class Session {
  private final Context context;
  private final Endpoint configured;
  private final String repository;
  private final Credentials credentials;
  private final SortedSet<String> scopes;

  Session(
      Context context,
      Endpoint endpoint,
      CredentialSource source,
      String repository,
      SortedSet<String> scopes) {
    this.context = context;
    this.configured = endpoint;
    this.repository = repository;
    this.scopes = scopes;
    this.credentials = source.find(endpoint.account(), repository);
  }

  /** At a place that is not a registry of ours: nothing of the caller's is ever sent there. */
  static Session anonymous(Context context, URI url) {
    Endpoint place =
        new Endpoint(
            URI.create(url.getScheme() + "://" + Urls.authority(url)),
            EnumSet.of(Capability.PULL),
            new Route(TlsSettings.SYSTEM, context.config.timing().dial(), Optional.empty()),
            Map.of(),
            Urls.authority(url),
            Optional.empty(),
            false);
    return new Session(context, place, CredentialSource.NONE, "", Collections.emptySortedSet());
  }

  /** For pulling (and what else {@code actions} says) one repository. */
  static SortedSet<String> scopes(RepositoryName repository, String actions) {
    return new TreeSet<>(List.of("repository:" + repository.path() + ":" + actions));
  }

  Context context() {
    return context;
  }

  Endpoint endpoint() {
    return context.spoken(configured);
  }

  /** The same with one scope more. */
  Session alsoReading(RepositoryName other) {
    SortedSet<String> more = new TreeSet<>(scopes);
    more.add("repository:" + other.path() + ":pull");
    return new Session(context, configured, name -> credentials, repository, more);
  }

  /** URL of something of the repository: {@code manifests/latest}. */
  URI url(String rest) {
    return URI.create(endpoint().base() + "/" + repository + "/" + rest);
  }

  /**
   * Resolves a Location or Link of an answer. https stays https: registries behind a proxy that
   * ends TLS often tell http locations by mistake.
   */
  URI follow(URI from, String location) {
    URI target;
    try {
      target = from.resolve(location);
    } catch (IllegalArgumentException e) {
      throw broken(from, "sends us to something that is not a URL");
    }
    if (!(Urls.isHttp(target) || Urls.isHttps(target)) || Urls.host(target).isEmpty()) {
      throw broken(from, "sends us to something that is neither http nor https");
    }
    if (Urls.isHttps(from) && Urls.isHttp(target)) {
      if (!Urls.host(target).equals(Urls.host(from))) {
        throw broken(from, "sends us from https to http at another host");
      }
      String rest = Optional.ofNullable(target.getRawPath()).orElse("");
      String query = target.getRawQuery() == null ? "" : "?" + target.getRawQuery();
      return URI.create("https://" + Urls.authority(from) + rest + query);
    }
    return target;
  }

  private static ProtocolProblem broken(URI from, String what) {
    return new ProtocolProblem(
        Urls.display(from) + " " + what,
        List.of(new RegistryException.Attempt(Urls.display(from), what)),
        Optional.empty());
  }

  /**
   * Sends a request. Whatever the URL, secrets go to the endpoint's own origin only.
   *
   * @throws TransportFailure without an answer, and for answers that ask to come back later
   */
  Answer send(HttpCall call) throws TransportFailure, InterruptedException {
    if (!context.mayTurnOutPlain(configured)) {
      return authorized(atEndpoint(call));
    }
    try {
      Answer answer = authorized(call);
      context.speaksTls(configured);
      return answer;
    } catch (TransportFailure e) {
      if (!e.mayMeanNoTls()) {
        throw e;
      }
      return plain(call, e);
    }
  }

  /** URLs are made before it is known that the endpoint speaks http. */
  private HttpCall atEndpoint(HttpCall call) {
    String configuredBase = configured.base().toString();
    String url = call.uri().toString();
    if (endpoint().equals(configured) || !url.startsWith(configuredBase)) {
      return call;
    }
    URI plain = URI.create(endpoint().base() + url.substring(configuredBase.length()));
    return new HttpCall(call.method(), plain, call.headers(), call.secrets(), call.body());
  }

  private Answer plain(HttpCall call, TransportFailure before)
      throws TransportFailure, InterruptedException {
    context.speaksNoTls(configured);
    boolean answered = false;
    try {
      Answer answer = authorized(atEndpoint(call));
      answered = true;
      return answer;
    } catch (TransportFailure e) {
      answered = e.kind() == Kind.BUSY;
      e.addSuppressed(before);
      throw e;
    } finally {
      if (!answered) {
        context.undecided(configured);
      }
    }
  }

  private Answer authorized(HttpCall bare) throws TransportFailure, InterruptedException {
    Endpoint endpoint = endpoint();
    if (!Urls.sameOrigin(bare.uri(), endpoint.base())) {
      return unbusy(context.transport.send(bare, endpoint.route().elsewhere()));
    }
    HttpCall call =
        (endpoint.namespace().isPresent() && !namesRegistry(bare.uri())
                ? new HttpCall(
                    bare.method(),
                    Urls.with(bare.uri(), "ns", endpoint.namespace().get()),
                    bare.headers(),
                    bare.secrets(),
                    bare.body())
                : bare)
            .withSecrets(endpoint.headers());
    Route route = endpoint.route();
    if (endpoint.headers().keySet().stream().anyMatch("Authorization"::equalsIgnoreCase)) {
      return unbusy(context.transport.send(call, route));
    }
    Optional<String> header =
        context.authenticator.first(endpoint.base(), route, credentials, scopes);
    for (int round = 0; ; round++) {
      HttpCall signed = header.map(h -> call.withSecret("Authorization", h)).orElse(call);
      Answer answer = context.transport.send(signed, route);
      // A 401 from where we were redirected to is not about our credentials.
      boolean ask =
          answer.status() == 401 && round < 2 && Urls.sameOrigin(answer.uri(), endpoint.base());
      if (!ask) {
        return unbusy(answer);
      }
      boolean keep = false;
      try {
        Optional<String> next =
            context.authenticator.after(
                endpoint.base(),
                route,
                credentials,
                scopes,
                answer.all("WWW-Authenticate"),
                header);
        if (next.isEmpty()) {
          keep = true;
          return answer;
        }
        header = next;
        answer.readSome(context.config.limits().errorBytes());
      } finally {
        if (!keep) {
          answer.close();
        }
      }
    }
  }

  private static boolean namesRegistry(URI uri) {
    return ("&" + uri.getRawQuery()).contains("&ns=");
  }

  private static Answer unbusy(Answer answer) throws TransportFailure {
    if (Problems.isBusy(answer.status())) {
      try (answer) {
        throw TransportFailure.busy(answer);
      }
    }
    return answer;
  }

  /** The exception for an answer with an unhoped status; the caller closes the answer. */
  RegistryException problem(String doing, Answer answer) throws InterruptedException {
    return Problems.of(
        doing, configured.account(), credentials, answer, context.config.limits().errorBytes());
  }

  /** The exception for a request without an answer. */
  RegistryException problem(String doing, TransportFailure e) {
    return Problems.of(doing, endpoint(), e);
  }
}
