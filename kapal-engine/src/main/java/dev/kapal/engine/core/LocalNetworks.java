package dev.kapal.engine.core;

import dev.kapal.engine.ContainerInfo;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.EngineNetworks;
import dev.kapal.engine.Filters;
import dev.kapal.engine.PruneReport;
import dev.kapal.network.Network;
import dev.kapal.network.NetworkException;
import dev.kapal.network.NetworkSpec;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The networks, with the containers that have them. */
final class LocalNetworks implements EngineNetworks {
  private final Hub hub;

  LocalNetworks(Hub hub) {
    this.hub = hub;
  }

  @Override
  public List<Network> list(Filters filters) {
    filters.allowOnly("name", "id", "driver", "label", "type", "dangling", "scope");
    try {
      return hub.networks.list().stream().filter(n -> passes(n, filters)).toList();
    } catch (NetworkException e) {
      throw Failures.of("cannot list the networks", e);
    }
  }

  private boolean passes(Network n, Filters f) {
    return any(f, "name", v -> n.name().contains(v))
        && any(f, "id", v -> n.id().startsWith(v))
        && any(f, "driver", v -> n.driver().equals(v))
        && Labels.match(n.labels(), f.values("label"))
        && any(f, "type", v -> v.equals(n.builtIn() ? "builtin" : "custom"))
        && any(f, "scope", v -> v.equals("local"))
        && any(f, "dangling", v -> Labels.truth(v) == (!n.builtIn() && users(n.name()).isEmpty()));
  }

  private static boolean any(Filters f, String key, java.util.function.Predicate<String> test) {
    return f.values(key).isEmpty() || f.values(key).stream().anyMatch(test);
  }

  /** Containers, running or not, that have a network. */
  private List<Entry> users(String network) {
    return hub.index.all().stream()
        .filter(e ->
            e.record.networkMode().equals(network)
                || e.record.spec().network().endpoints().containsKey(network))
        .toList();
  }

  @Override
  public Detail inspect(String nameOrId) {
    Network n = find(nameOrId);
    Map<String, Member> members = new LinkedHashMap<>();
    for (Entry e : users(n.name())) {
      if (e.state.phase().alive()) {
        ContainerInfo c = Describe.container(e);
        ContainerInfo.Endpoint at = c.networks().get(n.name());
        if (at != null) {
          members.put(e.id, new Member(c.name(), at));
        }
      }
    }
    return new Detail(n, members);
  }

  private Network find(String nameOrId) {
    try {
      return hub.networks.inspect(nameOrId);
    } catch (NetworkException e) {
      throw Failures.of("cannot inspect network " + nameOrId, e);
    }
  }

  @Override
  public Network create(NetworkSpec spec) {
    try {
      Network n = hub.networks.create(spec);
      hub.events.publish("network", "create", n.id(), Map.of("name", n.name(), "type", n.driver()));
      return n;
    } catch (NetworkException e) {
      throw Failures.of("cannot create network " + spec.name(), e);
    }
  }

  @Override
  public void remove(String nameOrId) {
    Network n = find(nameOrId);
    List<Entry> users = users(n.name());
    if (!users.isEmpty()) {
      throw new EngineException.Conflict(
          "network \""
              + n.name()
              + "\" is in use by "
              + String.join(", ", users.stream().map(Entry::name).sorted().toList())
              + ": remove these containers first");
    }
    try {
      hub.networks.remove(n.name());
    } catch (NetworkException e) {
      throw Failures.of("cannot remove network " + n.name(), e);
    }
    hub.events.publish("network", "destroy", n.id(), Map.of("name", n.name(), "type", n.driver()));
  }

  @Override
  public PruneReport prune(Filters filters) {
    filters.allowOnly("until", "label", "label!");
    Optional<Instant> until = Moments.until(filters.values("until"));
    List<String> removed = new ArrayList<>();
    for (Network n : hub.networks.list()) {
      if (n.builtIn()
          || !n.managed()
          || !users(n.name()).isEmpty()
          || until.map(t -> n.created().isAfter(t)).orElse(false)
          || !Labels.match(n.labels(), filters.values("label"))
          || !Labels.noneMatch(n.labels(), filters.values("label!"))) {
        continue;
      }
      try {
        remove(n.name());
        removed.add(n.name());
      } catch (EngineException.Conflict | EngineException.NotFound meanwhile) {
        // Taken into use or gone since we looked.
      }
    }
    return new PruneReport(removed, 0);
  }
}
