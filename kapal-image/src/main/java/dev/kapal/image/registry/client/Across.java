package dev.kapal.image.registry.client;

import dev.kapal.image.registry.CredentialSource;
import dev.kapal.image.registry.RegistryException;
import dev.kapal.image.registry.RegistryException.Attempt;
import dev.kapal.image.registry.RegistryException.BadConfiguration;
import dev.kapal.image.registry.RegistryException.Cancelled;
import dev.kapal.image.registry.RegistryException.LocalFailure;
import dev.kapal.image.registry.RepositoryName;
import dev.kapal.image.registry.hosts.Capability;
import dev.kapal.image.registry.hosts.Endpoint;
import dev.kapal.image.registry.http.TransportFailure;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SortedSet;

/** Does something at the endpoints of a registry in turn until one succeeds. */
record Across(Context context, CredentialSource source) {

  /** What is done at one endpoint. */
  @FunctionalInterface
  interface Action<T> {
    /**
     * @param last whether there is no other endpoint after this one
     */
    T run(Session session, boolean last) throws TransportFailure, InterruptedException;
  }

  /** Pulls: mirrors first, the server last. */
  <T> T pull(RepositoryName repository, Capability capability, String doing, Action<T> action) {
    List<Endpoint> all = context.endpoints.of(repository.registry(), capability);
    return run(repository, all, capability, Session.scopes(repository, "pull"), doing, action);
  }

  /** Pushes: to the first endpoint that takes pushes, and no other. */
  <T> T push(RepositoryName repository, String doing, Action<T> action) {
    List<Endpoint> all =
        context.endpoints.of(repository.registry(), Capability.PUSH).stream().limit(1).toList();
    SortedSet<String> scopes = Session.scopes(repository, "pull,push");
    return run(repository, all, Capability.PUSH, scopes, doing, action);
  }

  private <T> T run(
      RepositoryName repository,
      List<Endpoint> endpoints,
      Capability capability,
      SortedSet<String> scopes,
      String doing,
      Action<T> action) {
    if (endpoints.isEmpty()) {
      throw new BadConfiguration(
          "no endpoint of "
              + repository.registry()
              + " may be asked to "
              + capability.name().toLowerCase(Locale.ROOT)
              + "; see the capabilities in its hosts.toml",
          Optional.empty());
    }
    List<Attempt> failed = new ArrayList<>();
    for (Endpoint endpoint : endpoints.subList(0, endpoints.size() - 1)) {
      try {
        return at(endpoint, repository, scopes, doing, false, action);
      } catch (LocalFailure | Cancelled | BadConfiguration e) {
        throw e;
      } catch (RegistryException e) {
        failed.addAll(e.attempts().stream().limit(1).toList());
      }
    }
    try {
      return at(endpoints.getLast(), repository, scopes, doing, true, action);
    } catch (RegistryException e) {
      throw failed.isEmpty() ? e : e.withAttempts(failed);
    }
  }

  private <T> T at(
      Endpoint endpoint,
      RepositoryName repository,
      SortedSet<String> scopes,
      String doing,
      boolean last,
      Action<T> action) {
    Session session = new Session(context, endpoint, source, repository.path(), scopes);
    try {
      return action.run(session, last);
    } catch (TransportFailure e) {
      throw session.problem(doing, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Cancelled(doing + " was interrupted");
    }
  }
}
