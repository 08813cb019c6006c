package dev.kapal.image.registry.http;

import dev.kapal.image.registry.RegistryConfig;
import dev.kapal.image.registry.http.TransportFailure.Kind;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Sends requests and waits for the head of the answer.
 *
 * <p>Redirects are followed here, not by the JDK, because of two rules: a request's secrets never
 * leave the origin that they were meant for, and https never turns into http.
 */
public final class HttpTransport implements AutoCloseable {
  private final HttpClients clients;
  private final RegistryConfig config;

  public HttpTransport(RegistryConfig config) {
    this.config = config;
    this.clients = new HttpClients(config.environment());
  }

  /**
   * Sends a request, following redirects of GET and HEAD.
   *
   * @return the answer, whatever its status; the caller closes it
   * @throws TransportFailure if there is no answer
   */
  public Answer send(HttpCall first, Route firstRoute)
      throws TransportFailure, InterruptedException {
    HttpCall call = first;
    Route route = firstRoute;
    for (int hops = 0; ; hops++) {
      Answer answer = once(call, route);
      if (!call.followsRedirects() || !isRedirect(answer.status())) {
        return answer;
      }
      try (answer) {
        if (hops >= config.limits().redirects()) {
          throw failure(first.uri(), "answers with more than " + hops + " redirects in a row");
        }
        URI target = target(call.uri(), answer);
        if (!Urls.sameOrigin(call.uri(), target)) {
          route = route.elsewhere();
        }
        call = call.at(target);
      }
    }
  }

  private static boolean isRedirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
  }

  private static URI target(URI from, Answer answer) throws TransportFailure {
    URI target;
    try {
      target = from.resolve(answer.header("Location").orElse("")).normalize();
    } catch (IllegalArgumentException e) {
      throw failure(from, "redirects to something that is not a URL");
    }
    if (answer.header("Location").isEmpty()) {
      throw failure(from, "redirects without saying where to");
    }
    if (!(Urls.isHttp(target) || Urls.isHttps(target)) || Urls.host(target).isEmpty()) {
      throw failure(from, "redirects to something that is neither http nor https");
    }
    if (Urls.isHttps(from) && !Urls.isHttps(target)) {
      throw failure(
          from,
          "redirects from https to http (" + Urls.display(target) + "), which is not followed");
    }
    return target;
  }

  private static TransportFailure failure(URI uri, String what) {
    return new TransportFailure(
        Kind.PROTOCOL, Urls.display(uri), Urls.authority(uri) + " " + what, Optional.empty());
  }

  private Answer once(HttpCall call, Route route) throws TransportFailure, InterruptedException {
    HttpClient client = clients.client(call.uri(), route);
    HttpRequest request = request(call, route);
    CompletableFuture<HttpResponse<BodyPipe>> future =
        client.sendAsync(request, head -> new BodyPipe(call.uri()));
    boolean done = false;
    try {
      HttpResponse<BodyPipe> response = await(future, call);
      done = true;
      int status = response.statusCode();
      // The JDK gives no body with a proxy's own answer to CONNECT.
      Optional<BodyPipe> body = Optional.ofNullable(response.body());
      if (status == 407 || body.isEmpty()) {
        body.ifPresent(BodyPipe::cancel);
        throw new TransportFailure(
            Kind.PROXY,
            Urls.display(call.uri()),
            status == 407
                ? "the proxy wants other credentials; put them into the proxy's URL (user:password@)"
                : "the proxy does not connect to "
                    + Urls.authority(call.uri())
                    + " (status "
                    + status
                    + ")",
            Optional.empty());
      }
      Answer answer = new Answer(response, body.get(), config.timing().stall());
      return answer;
    } finally {
      if (!done) {
        giveUp(future);
      }
    }
  }

  /** An answer that comes later all the same is dropped, so that its connection is not held. */
  @SuppressWarnings("FutureReturnValueIgnored") // nobody is left to be told
  private static void giveUp(CompletableFuture<HttpResponse<BodyPipe>> future) {
    if (!future.cancel(true)) {
      future.thenAccept(late -> late.body().cancel());
    }
  }

  /** Waits as long as the body makes progress, and then for the time an answer may take. */
  private HttpResponse<BodyPipe> await(
      CompletableFuture<HttpResponse<BodyPipe>> future, HttpCall call)
      throws TransportFailure, InterruptedException {
    Duration patience = config.timing().answer();
    long sent = -1;
    while (true) {
      try {
        return future.get(patience.toMillis(), TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        long now = call.body().map(UploadBody::sent).orElse(-1L);
        if (now == sent) {
          throw new TransportFailure(
              Kind.TIMEOUT,
              Urls.display(call.uri()),
              Urls.authority(call.uri()) + " did not answer for " + patience.toMillis() + " ms",
              Optional.of(e));
        }
        sent = now;
      } catch (ExecutionException e) {
        throw Failures.of(call.uri(), Optional.ofNullable(e.getCause()).orElse(e));
      } catch (CancellationException e) {
        throw new InterruptedException();
      }
    }
  }

  private HttpRequest request(HttpCall call, Route route) throws TransportFailure {
    HttpRequest.Builder builder;
    try {
      builder = HttpRequest.newBuilder(call.uri());
      builder.header("User-Agent", config.userAgent());
      call.headers().forEach(builder::header);
      call.secrets().forEach((name, values) -> values.forEach(v -> builder.header(name, v)));
    } catch (IllegalArgumentException e) {
      throw new TransportFailure(
          Kind.PROTOCOL,
          Urls.display(call.uri()),
          "the request cannot be made: a URL or header is malformed",
          Optional.of(e));
    }
    clients
        .proxy(call.uri(), route)
        .flatMap(proxy -> Optional.ofNullable(proxy.getUserInfo()))
        .ifPresent(user ->
            builder.header(
                "Proxy-Authorization",
                "Basic "
                    + Base64.getEncoder().encodeToString(user.getBytes(StandardCharsets.UTF_8))));
    return builder
        .method(
            call.method(), call.body().map(UploadBody::publisher).orElseGet(BodyPublishers::noBody))
        .build();
  }

  @Override
  public void close() {
    clients.close();
  }
}
