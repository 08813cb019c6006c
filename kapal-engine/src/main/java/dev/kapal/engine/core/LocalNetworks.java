package dev.kapal.engine.core;

import dev.kapal.engine.ContainerInfo;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.EngineNetworks;
import dev.kapal.engine.Filters;
import dev.kapal.engine.PruneReport;
import dev.kapal.engine.spec.NetworkSpec.Endpoint;
import dev.kapal.engine.store.ContainerRecord;
import dev.kapal.engine.store.Durability;
import dev.kapal.network.Attachment;
import dev.kapal.network.Network;
import dev.kapal.network.NetworkException;
import dev.kapal.network.NetworkSpec;
import dev.kapal.network.Readiness;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The networks, with the containers that have them. */
final class LocalNetworks implements EngineNetworks {
  private final Hub hub;
  private final Watchers watchers;

  LocalNetworks(Hub hub, Watchers watchers) {
    this.hub = hub;
    this.watchers = watchers;
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
  public Readiness podReadiness() {
    return hub.networks.podReadiness();
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
  public void connect(String nameOrId, String container, Endpoint endpoint) {
    Network n = find(nameOrId);
    Entry e = hub.index.get(container);
    e.lock.lock();
    try {
      ContainerRecord old = e.record;
      refuseShared(n, old);
      if (has(old, n.name())) {
        throw new EngineException.Conflict(
            "container " + old.name() + " is on network \"" + n.name() + "\" already");
      }
      Map<String, Endpoint> endpoints = new LinkedHashMap<>(old.spec().network().endpoints());
      endpoints.put(n.name(), endpoint);
      String mode = old.networkMode().equals("none") ? n.name() : old.networkMode();
      ContainerRecord updated = with(old, mode, endpoints);
      Optional<Live> live = e.live.filter(l -> e.state.phase().alive());
      if (live.isPresent()) {
        String netns = "/proc/" + live.get().container().pid() + "/ns/net";
        Attachment now =
            hub.networks.connect(
                e.id, netns, Starter.request(n.name(), endpoint), Starter.ports(old));
        try {
          save(updated);
        } catch (RuntimeException failed) {
          hub.networks.disconnect(e.id, n.name());
          throw failed;
        }
        e.live = Optional.of(live.get().withNetwork(Optional.of(now)));
        hub.peers.joined(now);
      } else {
        save(updated);
      }
      e.record = updated;
      tell("connect", n, e);
    } catch (NetworkException ex) {
      throw Failures.of("cannot connect container " + e.name() + " to network " + n.name(), ex);
    } finally {
      e.lock.unlock();
    }
  }

  @Override
  public void disconnect(String nameOrId, String container, boolean force) {
    Network n = find(nameOrId);
    Entry e = hub.index.get(container);
    e.lock.lock();
    try {
      ContainerRecord old = e.record;
      refuseShared(n, old);
      if (!has(old, n.name())) {
        throw new EngineException.NotFound(
            "container " + old.name() + " is not on network \"" + n.name() + "\"");
      }
      Map<String, Endpoint> endpoints = new LinkedHashMap<>(old.spec().network().endpoints());
      endpoints.remove(n.name());
      String mode = old.networkMode();
      if (mode.equals(n.name())) {
        mode = endpoints.keySet().stream().findFirst().orElse("none");
      }
      ContainerRecord updated = with(old, mode, endpoints);
      Optional<Live> live = e.live.filter(l -> e.state.phase().alive());
      if (live.isPresent()) {
        Optional<Attachment> left = leave(e, n.name(), force);
        e.live = Optional.of(live.get().withNetwork(left));
      }
      save(updated);
      e.record = updated;
      if (live.isPresent()) {
        hub.peers.changed(Set.of(n.name()));
        hub.peers.rewrite(e.id);
      }
      tell("disconnect", n, e);
    } catch (NetworkException ex) {
      throw Failures.of(
          "cannot disconnect container " + e.name() + " from network " + n.name(), ex);
    } finally {
      e.lock.unlock();
    }
  }

  private Optional<Attachment> leave(Entry e, String network, boolean force) {
    try {
      return hub.networks.disconnect(e.id, network);
    } catch (NetworkException.NotFound gone) {
      return hub.networks.cached(e.id);
    } catch (NetworkException failed) {
      if (!force) {
        throw failed;
      }
      return hub.networks.cached(e.id);
    }
  }

  private static boolean has(ContainerRecord c, String network) {
    return c.networkMode().equals(network) || c.spec().network().endpoints().containsKey(network);
  }

  private static void refuseShared(Network n, ContainerRecord c) {
    String mode = c.networkMode();
    if (mode.equals("host") || mode.startsWith("container:")) {
      throw new EngineException.Conflict(
          "container "
              + c.name()
              + " shares the network of "
              + (mode.equals("host") ? "the host" : "another container")
              + ": only a container with a network of its own joins and leaves networks");
    }
    if (n.name().equals("host") || n.name().equals("none")) {
      throw new EngineException.InvalidArgument(
          "network \""
              + n.name()
              + "\" is chosen when a container is made, with --network; it cannot be joined or left");
    }
  }

  private static ContainerRecord with(
      ContainerRecord c, String mode, Map<String, Endpoint> endpoints) {
    return c.withNetworks(
        mode, c.spec().toBuilder().network(c.spec().network().withEndpoints(endpoints)).build());
  }

  private void save(ContainerRecord updated) {
    hub.database.write(Durability.POWER, tx -> tx.update(updated));
  }

  private void tell(String action, Network n, Entry e) {
    hub.events.publish(
        "network", action, n.id(), Map.of("name", n.name(), "type", n.driver(), "container", e.id));
    watchers.changed(e);
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
