package dev.kapal.engine.core;

import dev.kapal.engine.ContainerInfo;
import dev.kapal.engine.ContainerInfo.Endpoint;
import dev.kapal.engine.ContainerInfo.Paths;
import dev.kapal.engine.ContainerInfo.PublishedPort;
import dev.kapal.engine.store.ContainerRecord;
import dev.kapal.engine.store.RunState;
import dev.kapal.network.Attachment;
import dev.kapal.network.IpPrefix;
import dev.kapal.network.JoinedNetwork;
import dev.kapal.network.NetworkRequest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** An entry as the API shows it. */
final class Describe {
  private Describe() {}

  /** What was made of an entry, and of what. */
  record Described(
      ContainerRecord record,
      RunState state,
      Optional<Live> live,
      Optional<ContainerInfo.Health> health,
      ContainerInfo info) {
    /** Whether nothing has changed: all of it is replaced, never changed, but the execs. */
    @SuppressWarnings({"ReferenceEquality", "OptionalEquality"})
    boolean holds(Entry e) {
      return record == e.record
          && state == e.state
          && live == e.live
          && health == e.health
          && info.execs().isEmpty()
          && e.execs.isEmpty();
    }
  }

  /** The same object as the last time if nothing has changed since. */
  static ContainerInfo container(Entry e) {
    Optional<Described> last = e.described;
    if (last.isPresent() && last.get().holds(e)) {
      return last.get().info();
    }
    ContainerRecord record = e.record;
    RunState state = e.state;
    Optional<Live> live = e.live;
    Optional<ContainerInfo.Health> health = e.health;
    ContainerInfo info = container(e, record, state, live, health);
    e.described = Optional.of(new Described(record, state, live, health, info));
    return info;
  }

  private static ContainerInfo container(
      Entry e,
      ContainerRecord c,
      RunState s,
      Optional<Live> any,
      Optional<ContainerInfo.Health> health) {
    Optional<Live> live = s.phase().alive() ? any : Optional.empty();
    Optional<Attachment> network = live.flatMap(Live::network);
    return new ContainerInfo(
        c.id(),
        c.name(),
        c.created(),
        c.spec(),
        c.spec().image(),
        c.imageId(),
        c.runtime(),
        c.process(),
        s.phase(),
        s.phase().alive() ? s.pid() : OptionalInt.empty(),
        s.exitCode(),
        s.oomKilled(),
        s.error(),
        s.started(),
        s.finished(),
        s.restartCount(),
        c.health().isPresent() ? health : Optional.empty(),
        c.mounts(),
        endpoints(c, network),
        c.networkMode(),
        c.hostname(),
        ports(c, network),
        c.labels(),
        c.platform(),
        c.log().driver(),
        c.log().path(),
        paths(e, live),
        List.copyOf(e.execs),
        c.stopSignal(),
        c.stopTimeout(),
        live.flatMap(l -> l.container().config().process())
            .map(p ->
                new ContainerInfo.User(p.user().uid(), p.user().gid(), p.user().additionalGids())));
  }

  private static Paths paths(Entry e, Optional<Live> live) {
    String run = e.layout.run(e.id).toString();
    return new Paths(
        e.layout.container(e.id).toString(),
        run + "/hostname",
        run + "/hosts",
        run + "/resolv.conf",
        live.map(l -> "/proc/" + l.container().pid() + "/root").orElse(""),
        e.record.cgroup());
  }

  private static Map<String, Endpoint> endpoints(ContainerRecord c, Optional<Attachment> network) {
    Map<String, Endpoint> all = new LinkedHashMap<>();
    if (network.isEmpty()) {
      if (!c.networkMode().startsWith("container:")) {
        all.put(
            c.networkMode(),
            new Endpoint("", "", "", List.of(), List.of(), "", aliases(c, c.networkMode())));
      }
      return all;
    }
    for (JoinedNetwork j : network.get().networks()) {
      all.put(
          j.network(),
          new Endpoint(
              "",
              c.id(),
              j.ifName(),
              j.addresses().stream().map(a -> a.address().toString()).toList(),
              j.addresses().stream()
                  .flatMap(a -> a.gateway().stream())
                  .map(IpPrefix::text)
                  .distinct()
                  .toList(),
              j.mac().orElse(""),
              j.aliases()));
    }
    return all;
  }

  private static List<String> aliases(ContainerRecord c, String network) {
    dev.kapal.engine.spec.NetworkSpec.Endpoint e = c.spec().network().endpoints().get(network);
    return e == null ? NetworkRequest.of(network).aliases() : e.aliases();
  }

  private static List<PublishedPort> ports(ContainerRecord c, Optional<Attachment> network) {
    List<PublishedPort> all = new ArrayList<>();
    network.ifPresent(n ->
        n.ports()
            .forEach(p ->
                all.add(
                    new PublishedPort(
                        p.containerPort(),
                        p.protocol().text(),
                        p.hostAddress().map(IpPrefix::text).orElse(""),
                        OptionalInt.of(p.hostPort())))));
    for (String e : c.exposed()) {
      int slash = e.indexOf('/');
      String number = slash < 0 ? e : e.substring(0, slash);
      String protocol = slash < 0 ? "tcp" : e.substring(slash + 1);
      if (number.matches("\\d{1,5}")) {
        int port = Integer.parseInt(number);
        if (all.stream()
            .noneMatch(p -> p.containerPort() == port && p.protocol().equals(protocol))) {
          all.add(new PublishedPort(port, protocol, "", OptionalInt.empty()));
        }
      }
    }
    return all;
  }
}
