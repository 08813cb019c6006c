package dev.kapal.network;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * Networks made with CNI plugins. Attaching holds the definitions' lock for reading only until its
 * record is on disk; removing a network holds it for writing, and then sees every user.
 */
final class CniNetworks implements Networks {
  private static final System.Logger LOG = System.getLogger(CniNetworks.class.getName());
  private static final int UNIQUE_ID = 4;

  private final Definitions definitions;
  private final Plugins plugins;
  private final AttachmentStore store;
  private final Attachments attachments;
  private final HostFirewall firewall;
  private final Leases leases;
  private final HostPrograms programs;
  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();

  private CniNetworks(NetworkConfig config) {
    this.programs = new HostPrograms(config.runner());
    this.definitions = new Definitions(config);
    this.plugins = new Plugins(config);
    this.store = AttachmentStore.open(config.stateDir().resolve("attachments"));
    this.firewall = new HostFirewall(programs);
    this.leases = new Leases(Definitions.leases(config));
    PortReservations ports = new PortReservations();
    store.all().forEach(r -> ports.restore(r.containerId(), r.ports()));
    this.attachments =
        new Attachments(
            definitions,
            plugins,
            store,
            ports,
            firewall,
            new PortPublisher(programs),
            lock.readLock());
  }

  static CniNetworks open(NetworkConfig config) {
    return new CniNetworks(config);
  }

  @Override
  public List<Network> list() {
    return definitions.describe();
  }

  @Override
  public Network inspect(String nameOrId) {
    List<Network> all = list();
    Optional<Network> named =
        all.stream().filter(n -> n.name().equals(nameOrId) || n.id().equals(nameOrId)).findFirst();
    if (named.isPresent()) {
      return named.get();
    }
    List<Network> starting = all.stream().filter(n -> n.id().startsWith(nameOrId)).toList();
    if (nameOrId.length() >= UNIQUE_ID && starting.size() == 1) {
      return starting.getFirst();
    }
    throw definitions.notFound(nameOrId);
  }

  @Override
  public Network create(NetworkSpec spec) {
    lock.writeLock().lock();
    try {
      return definitions.create(spec).describe();
    } finally {
      lock.writeLock().unlock();
    }
  }

  @Override
  public void remove(String nameOrId) {
    lock.writeLock().lock();
    try {
      Network network = inspect(nameOrId);
      if (network.builtIn()) {
        throw new NetworkException.Invalid(
            "network \"" + network.name() + "\" is built in and cannot be removed");
      }
      if (!network.managed()) {
        throw new NetworkException.Invalid(
            "network \""
                + network.name()
                + "\" is configured in "
                + network.file().orElse("?")
                + ", which Kapal does not change: remove that file");
      }
      List<String> users = store.users(network.name());
      if (!users.isEmpty()) {
        throw new NetworkException.InUse(
            "network \""
                + network.name()
                + "\" has containers attached: "
                + String.join(", ", users)
                + ": remove or disconnect them first");
      }
      NetworkList list = definitions.require(network.name());
      network.bridge().ifPresent(bridge -> removeBridge(network, bridge));
      definitions.delete(list);
      leases.remove(network.name());
    } finally {
      lock.writeLock().unlock();
    }
  }

  private void removeBridge(Network network, String bridge) {
    firewall.remove(BridgeRules.of(network));
    HostPrograms.find("ip")
        .ifPresentOrElse(
            ip -> programs.run(ip, List.of("link", "delete", "dev", bridge, "type", "bridge"), ""),
            () ->
                LOG.log(
                    System.Logger.Level.WARNING,
                    "bridge " + bridge + " stays: the program ip (package iproute2) is missing"));
  }

  @Override
  public List<String> prune() {
    List<String> removed = new ArrayList<>();
    for (Network network : list()) {
      if (network.managed() && !network.builtIn() && store.users(network.name()).isEmpty()) {
        try {
          remove(network.name());
          removed.add(network.name());
        } catch (NetworkException.InUse | NetworkException.NotFound e) {
          LOG.log(System.Logger.Level.DEBUG, "not pruned: " + e.getMessage());
        }
      }
    }
    return removed;
  }

  @Override
  public Attachment attach(AttachRequest request) {
    return attachments.attach(request);
  }

  @Override
  public Attachment connect(
      String containerId, String netnsPath, NetworkRequest request, List<PortMapping> ports) {
    return attachments.connect(containerId, netnsPath, request, ports);
  }

  @Override
  public Optional<Attachment> disconnect(String containerId, String network) {
    return attachments.disconnect(containerId, network);
  }

  @Override
  public void detach(String containerId) {
    attachments.detach(containerId);
  }

  @Override
  public Optional<Attachment> cached(String containerId) {
    return store
        .get(containerId)
        .filter(AttachmentRecord::complete)
        .map(AttachmentRecord::describe);
  }

  @Override
  public List<Attachment> attachments() {
    return store.all().stream()
        .filter(AttachmentRecord::complete)
        .map(AttachmentRecord::describe)
        .toList();
  }

  @Override
  public void check(String containerId) {
    attachments.check(containerId);
  }

  @Override
  public List<String> gc(Set<String> live) {
    List<String> removed = new ArrayList<>();
    for (AttachmentRecord record : store.all()) {
      boolean stays = record.complete() && live.contains(record.containerId());
      if (stays && record.settled()) {
        continue;
      }
      try {
        if (stays) {
          attachments.settle(record.containerId());
        } else {
          attachments.undo(record);
          removed.add(record.containerId());
        }
      } catch (NetworkException e) {
        LOG.log(System.Logger.Level.WARNING, "left over, tried again later: " + e.getMessage());
      }
    }
    lock.writeLock().lock();
    try {
      // No attachment is being recorded now, so that a lease without a record is stale.
      leases.sweep(store.all().stream().map(AttachmentRecord::containerId).toList());
    } finally {
      lock.writeLock().unlock();
    }
    definitions.all().forEach(this::tellValid);
    return removed;
  }

  private void tellValid(NetworkList list) {
    try {
      NetworkList spoken = list.withVersion(plugins.negotiate(list));
      if (spoken.disableGc() || !Versions.atLeast(spoken.version(), "1.1.0")) {
        return;
      }
      var valid = Json.array();
      for (AttachmentRecord record : store.all()) {
        record.joins().stream()
            .filter(j -> j.list().name().equals(list.name()))
            .forEach(j ->
                valid
                    .addObject()
                    .put("containerID", record.containerId())
                    .put("ifname", j.ifName()));
      }
      var extra = Json.object();
      extra.set("cni.dev/valid-attachments", valid);
      new Chain(plugins).forNetwork("GC", spoken, extra);
    } catch (NetworkException e) {
      LOG.log(System.Logger.Level.WARNING, "garbage collection: " + e.getMessage());
    }
  }

  @Override
  public Optional<String> podNetwork() {
    return definitions.foreign().stream().map(NetworkList::name).findFirst();
  }

  @Override
  public Readiness readiness(String name) {
    try {
      NetworkList list = definitions.require(name);
      list.plugins().forEach(p -> plugins.find(list.name(), NetworkList.typeOf(p)));
      NetworkList spoken = list.withVersion(plugins.negotiate(list));
      Versions.check(list.name(), spoken.version());
      if (Versions.atLeast(spoken.version(), "1.1.0")) {
        new Chain(plugins).forNetwork("STATUS", spoken, Json.object());
      }
      return Readiness.READY;
    } catch (NetworkException e) {
      return new Readiness(false, "NetworkPluginNotReady", String.valueOf(e.getMessage()));
    }
  }
}
