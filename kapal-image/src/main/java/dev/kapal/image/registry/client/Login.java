package dev.kapal.image.registry.client;

import dev.kapal.image.registry.CredentialSource;
import dev.kapal.image.registry.Credentials;
import dev.kapal.image.registry.RegistryException.Cancelled;
import dev.kapal.image.registry.hosts.Endpoint;
import dev.kapal.image.registry.http.Answer;
import dev.kapal.image.registry.http.HttpCall;
import dev.kapal.image.registry.http.TransportFailure;
import java.net.URI;
import java.util.Collections;

/** Checks credentials with the registry's server: its API root answers 200 to those it knows. */
record Login(Context context) {

  void verify(String registry, Credentials credentials) {
    String doing = "logging in at " + registry;
    Endpoint server = context.endpoints.of(registry).getLast();
    CredentialSource source = asked -> credentials;
    Session session = new Session(context, server, source, "", Collections.emptySortedSet());
    try {
      int status =
          context.retry.run(
              true,
              () -> {
                URI root = URI.create(session.endpoint().base() + "/");
                try (Answer answer = session.send(HttpCall.of("GET", root))) {
                  if (answer.status() != 200) {
                    throw session.problem(doing, answer);
                  }
                  return answer.status();
                }
              });
      System.getLogger(Login.class.getName())
          .log(System.Logger.Level.DEBUG, () -> doing + ": status " + status);
    } catch (TransportFailure e) {
      throw session.problem(doing, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Cancelled(doing + " was interrupted");
    }
  }
}
