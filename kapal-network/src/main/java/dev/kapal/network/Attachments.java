package dev.kapal.network;

import dev.kapal.linux.FaultPoint;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.Lock;
import tools.jackson.databind.node.ObjectNode;

/**
 * Attaches and detaches containers. The order makes it safe to be killed anywhere: the record is on
 * disk before the first ADD and until after the last DEL.
 */
final class Attachments {
  private static final System.Logger LOG = System.getLogger(Attachments.class.getName());

  private final Definitions definitions;
  private final Plugins plugins;
  private final Chain chain;
  private final AttachmentStore store;
  private final PortReservations ports;
  private final HostFirewall firewall;
  private final PortPublisher publisher;
  private final Joins joins;
  private final Lock definitionsLock;
  private final ContainerLocks locks = new ContainerLocks();

  Attachments(
      Definitions definitions,
      Plugins plugins,
      AttachmentStore store,
      PortReservations ports,
      HostFirewall firewall,
      PortPublisher publisher,
      Lock definitionsLock) {
    this.definitions = definitions;
    this.plugins = plugins;
    this.chain = new Chain(plugins);
    this.store = store;
    this.ports = ports;
    this.firewall = firewall;
    this.publisher = publisher;
    this.joins = new Joins(publisher);
    this.definitionsLock = definitionsLock;
  }

  Attachment attach(AttachRequest request) {
    return locks.locked(
        Names.container(request.containerId()), () -> attachLocked(request).describe());
  }

  private AttachmentRecord attachLocked(AttachRequest request) {
    String identity = Netns.require(request.netnsPath());
    Optional<AttachmentRecord> old = store.get(request.containerId());
    if (old.isPresent()) {
      if (old.get().complete() && old.get().netnsIdentity().equals(identity)) {
        throw new NetworkException.Conflict(
            "container " + request.containerId() + " is attached to its networks already");
      }
      // Half-done by a killed process, or of an earlier run of the container.
      undoLocked(old.get());
    }
    AttachmentRecord intention = intend(request, identity);
    List<Join> done = new ArrayList<>();
    try {
      for (Join join : intention.joins()) {
        ObjectNode result = chain.add(join, target(intention, join, intention.netns()));
        FaultPoint.reach("network.added");
        Join joined = join.withResult(result);
        verifyFixedAddresses(joined);
        publish(intention, joined);
        FaultPoint.reach("network.published");
        done.add(joined);
      }
      AttachmentRecord complete = intention.completed(done);
      store.put(complete);
      FaultPoint.reach("network.complete");
      return complete;
    } catch (RuntimeException e) {
      undoAfterFailure(intention, done, e);
      throw e;
    }
  }

  private void publish(AttachmentRecord record, Join joined) {
    if (Joins.publishThemselves(joined)) {
      publisher.publish(
          record.containerId(),
          joined.list().bridge().orElseThrow(),
          joined.describe().addresses().stream().map(a -> a.address().address()).toList(),
          record.ports());
    }
  }

  /** Resolves everything, reserves ports and writes the record: nothing has been executed yet. */
  private AttachmentRecord intend(AttachRequest request, String identity) {
    definitionsLock.lock();
    try {
      List<NetworkList> lists = new ArrayList<>();
      Set<String> names = new HashSet<>();
      for (NetworkRequest wanted : request.networks()) {
        NetworkList list = definitions.require(wanted.network());
        if (!names.add(list.name())) {
          throw new NetworkException.Invalid(
              "network \"" + list.name() + "\" is asked for twice for one container");
        }
        lists.add(list.withVersion(plugins.negotiate(list)));
      }
      for (NetworkList list : lists) {
        Versions.check(list.name(), list.version());
        list.plugins().forEach(p -> plugins.find(list.name(), NetworkList.typeOf(p)));
      }
      int carrier = Joins.carrier(lists, request);
      List<PublishedPort> published = ports.reserve(request.containerId(), request.ports());
      try {
        AttachmentRecord intention =
            new AttachmentRecord(
                request.containerId(),
                request.netnsPath(),
                identity,
                false,
                joins.of(request, lists, carrier, published),
                published);
        for (NetworkList list : lists) {
          if (list.managed() && list.bridge().isPresent()) {
            firewall.ensure(BridgeRules.of(list.describe()));
          }
        }
        store.put(intention);
        FaultPoint.reach("network.intended");
        return intention;
      } catch (RuntimeException e) {
        ports.release(request.containerId());
        throw e;
      }
    } finally {
      definitionsLock.unlock();
    }
  }

  /** A plugin that does not know the capability would give another address without a word. */
  private static void verifyFixedAddresses(Join join) {
    for (var wanted : Json.strings(join.runtime(), "ips")) {
      InetAddress address = IpPrefix.parse(wanted).address();
      boolean given =
          join.describe().addresses().stream().anyMatch(a -> a.address().address().equals(address));
      if (!given) {
        throw new NetworkException.PluginFailed(
            "network \""
                + join.list().name()
                + "\" did not give the address "
                + Addresses.text(address)
                + ": its plugins do not take the capability \"ips\"",
            0);
      }
    }
  }

  private static Plugins.Target target(AttachmentRecord record, Join join, String netns) {
    return new Plugins.Target(
        join.list().name(), record.containerId(), netns, join.ifName(), join.args());
  }

  private void undoAfterFailure(
      AttachmentRecord intention, List<Join> done, RuntimeException cause) {
    // The join that failed gets its DEL too: plugins before the failing one have done their part.
    List<Join> begun = new ArrayList<>(done);
    if (done.size() < intention.joins().size()) {
      begun.add(intention.joins().get(done.size()));
    }
    AttachmentRecord partial =
        new AttachmentRecord(
            intention.containerId(),
            intention.netns(),
            intention.netnsIdentity(),
            false,
            begun,
            intention.ports());
    try {
      undoLocked(partial);
    } catch (NetworkException e) {
      LOG.log(
          System.Logger.Level.WARNING,
          "undoing a failed attachment, tried again later: " + e.getMessage());
      cause.addSuppressed(e);
    }
  }

  Attachment connect(
      String containerId, String netnsPath, NetworkRequest wanted, List<PortMapping> mappings) {
    return locks.locked(
        Names.container(containerId),
        () -> {
          Optional<AttachmentRecord> there =
              store
                  .get(containerId)
                  .filter(AttachmentRecord::complete)
                  .filter(r -> !Netns.ifStill(r.netns(), r.netnsIdentity()).isEmpty());
          if (there.isEmpty()) {
            boolean carries = Joins.publishes(definitions.require(wanted.network()));
            return attachLocked(
                    new AttachRequest(
                        containerId,
                        netnsPath,
                        List.of(wanted),
                        carries ? mappings : List.of(),
                        Map.of(),
                        Map.of()))
                .describe();
          }
          return connectLocked(settledLocked(there.get()), wanted, mappings).describe();
        });
  }

  private AttachmentRecord connectLocked(
      AttachmentRecord old, NetworkRequest wanted, List<PortMapping> mappings) {
    Set<String> taken = new HashSet<>();
    old.joins().forEach(j -> taken.add(j.ifName()));
    Join join;
    AttachmentRecord intention;
    definitionsLock.lock();
    try {
      NetworkList list = definitions.require(wanted.network());
      if (old.uses(list.name())) {
        throw new NetworkException.Conflict(
            "container " + old.containerId() + " is in network \"" + list.name() + "\" already");
      }
      NetworkRequest named =
          wanted.ifName().isPresent() ? wanted : wanted.withIfName(Joins.free(taken));
      NetworkList spoken = list.withVersion(plugins.negotiate(list));
      Versions.check(spoken.name(), spoken.version());
      spoken.plugins().forEach(p -> plugins.find(spoken.name(), NetworkList.typeOf(p)));
      AttachRequest request =
          new AttachRequest(
              old.containerId(), old.netns(), List.of(named), List.of(), Map.of(), Map.of());
      // Ports that no network of it could carry so far.
      boolean carries = old.ports().isEmpty() && !mappings.isEmpty() && Joins.publishes(spoken);
      List<PublishedPort> published =
          carries ? ports.reserve(old.containerId(), mappings) : old.ports();
      try {
        join = joins.of(request, List.of(spoken), carries ? 0 : -1, published).getFirst();
        if (spoken.managed() && spoken.bridge().isPresent()) {
          firewall.ensure(BridgeRules.of(spoken.describe()));
        }
        intention = old.withPorts(published).withJoins(with(old.joins(), join));
        store.put(intention);
      } catch (RuntimeException e) {
        if (carries) {
          ports.release(old.containerId());
        }
        throw e;
      }
    } finally {
      definitionsLock.unlock();
    }
    try {
      Join joined = join.withResult(chain.add(join, target(old, join, old.netns())));
      verifyFixedAddresses(joined);
      publish(intention, joined);
      AttachmentRecord complete = intention.withJoins(with(old.joins(), joined));
      store.put(complete);
      return complete;
    } catch (RuntimeException e) {
      try {
        settleLocked(intention);
      } catch (NetworkException again) {
        e.addSuppressed(again);
      }
      throw e;
    }
  }

  private static List<Join> with(List<Join> joins, Join one) {
    List<Join> all = new ArrayList<>(joins);
    all.add(one);
    return all;
  }

  Optional<Attachment> disconnect(String containerId, String network) {
    return locks.locked(
        Names.container(containerId),
        () -> {
          Optional<AttachmentRecord> record =
              store.get(containerId).filter(AttachmentRecord::complete);
          if (record.filter(r -> r.uses(network)).isEmpty()) {
            throw new NetworkException.NotFound(
                "container " + containerId + " is not in network \"" + network + "\"");
          }
          List<Join> going =
              record.get().joins().stream()
                  .map(j -> j.list().name().equals(network) ? j.withoutResult() : j)
                  .toList();
          AttachmentRecord intention = record.get().withJoins(handedOn(record.get(), going));
          store.put(intention);
          return settleLocked(intention).map(AttachmentRecord::describe);
        });
  }

  /**
   * The joins that stay and go, with the published ports carried by the first that stays and can,
   * when the one that carried them goes.
   */
  private List<Join> handedOn(AttachmentRecord record, List<Join> joins) {
    if (record.ports().isEmpty() || joins.stream().anyMatch(Attachments::staysWithPorts)) {
      return joins;
    }
    List<Join> next = new ArrayList<>(joins);
    for (int i = 0; i < next.size(); i++) {
      Optional<Join> handed =
          next.get(i).result().isPresent() ? handed(next.get(i), record.ports()) : Optional.empty();
      if (handed.isPresent()) {
        next.set(i, handed.get());
        break;
      }
    }
    return next;
  }

  private static boolean staysWithPorts(Join join) {
    return join.result().isPresent() && join.runtime().has("portMappings");
  }

  private Optional<Join> handed(Join join, List<PublishedPort> published) {
    try {
      return joins.handed(join, definitions.require(join.list().name()), published);
    } catch (NetworkException.NotFound gone) {
      return Optional.empty();
    }
  }

  /** Finishes what a killed process was adding or removing. */
  void settle(String containerId) {
    locks.locked(
        containerId,
        () -> {
          store.get(containerId).filter(AttachmentRecord::complete).ifPresent(this::settledLocked);
          return true;
        });
  }

  private AttachmentRecord settledLocked(AttachmentRecord record) {
    return record.settled() ? record : settleLocked(record).orElse(record.withJoins(List.of()));
  }

  /**
   * DEL for the joins without a result, ports for who inherits them; what stays is the record, or
   * none when nothing stays.
   */
  private Optional<AttachmentRecord> settleLocked(AttachmentRecord record) {
    boolean interrupted = Thread.interrupted();
    try {
      return settleUninterrupted(record);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private Optional<AttachmentRecord> settleUninterrupted(AttachmentRecord record) {
    String netns = Netns.ifStill(record.netns(), record.netnsIdentity());
    for (Join join : record.joins()) {
      if (join.result().isEmpty()) {
        try {
          chain.del(join, target(record, join, netns));
        } finally {
          if (Joins.publishThemselves(join)) {
            publisher.unpublish(record.containerId());
          }
        }
      }
    }
    if (!netns.isEmpty()) {
      for (Join join : record.joins()) {
        if (join.handed()) {
          publish(record, join);
          chain.publish(join, target(record, join, netns));
        }
      }
    }
    List<Join> left =
        record.joins().stream().filter(j -> j.result().isPresent()).map(Join::published).toList();
    AttachmentRecord rest = record.withJoins(left);
    if (rest.ports().isEmpty()) {
      ports.release(record.containerId());
    }
    if (left.isEmpty()) {
      store.remove(record.containerId());
      return Optional.empty();
    }
    store.put(rest);
    return Optional.of(rest);
  }

  void detach(String containerId) {
    locks.locked(
        Names.container(containerId),
        () -> {
          store.get(containerId).ifPresent(this::undoLocked);
          return true;
        });
  }

  /** Detaches unless the record has changed since it was found to be left over. */
  void undo(AttachmentRecord found) {
    locks.locked(
        found.containerId(),
        () -> {
          store.get(found.containerId()).filter(found::equals).ifPresent(this::undoLocked);
          return true;
        });
  }

  /** DEL on all networks, last first; the record goes only when all of them succeeded. */
  private void undoLocked(AttachmentRecord record) {
    // Whoever interrupted the attaching does not mean to interrupt the cleaning-up.
    boolean interrupted = Thread.interrupted();
    try {
      undoUninterrupted(record);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void undoUninterrupted(AttachmentRecord record) {
    String netns = Netns.ifStill(record.netns(), record.netnsIdentity());
    Optional<NetworkException> failed = Optional.empty();
    for (Join join : record.joins().reversed()) {
      try {
        try {
          chain.del(join, target(record, join, netns));
          FaultPoint.reach("network.deleted");
        } finally {
          if (Joins.publishThemselves(join)) {
            publisher.unpublish(record.containerId());
          }
        }
      } catch (NetworkException e) {
        failed.ifPresent(first -> first.addSuppressed(e));
        failed = failed.or(() -> Optional.of(e));
      }
    }
    if (failed.isPresent()) {
      throw failed.get();
    }
    FaultPoint.reach("network.withdrawn");
    store.remove(record.containerId());
    FaultPoint.reach("network.forgotten");
    ports.release(record.containerId());
  }

  void check(String containerId) {
    locks.locked(
        Names.container(containerId),
        () -> {
          AttachmentRecord record =
              store
                  .get(containerId)
                  .filter(AttachmentRecord::complete)
                  .orElseThrow(() ->
                      new NetworkException.NotFound(
                          "container " + containerId + " is not attached to a network"));
          String netns = Netns.ifStill(record.netns(), record.netnsIdentity());
          if (netns.isEmpty()) {
            throw new NetworkException.PluginFailed(
                "the network namespace of container " + containerId + " is gone", 0);
          }
          record.joins().forEach(j -> chain.check(j, target(record, j, netns)));
          return true;
        });
  }
}
