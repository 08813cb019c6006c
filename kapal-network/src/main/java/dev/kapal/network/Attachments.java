package dev.kapal.network;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.locks.Lock;
import java.util.stream.Collectors;
import tools.jackson.databind.node.ArrayNode;
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
        Join joined = join.withResult(result);
        verifyFixedAddresses(joined);
        if (publishesItself(join)) {
          publisher.publish(
              intention.containerId(),
              join.list().bridge().orElseThrow(),
              joined.describe().addresses().stream().map(a -> a.address().address()).toList(),
              intention.ports());
        }
        done.add(joined);
      }
      AttachmentRecord complete = intention.completed(done);
      store.put(complete);
      return complete;
    } catch (RuntimeException e) {
      undoAfterFailure(intention, done, e);
      throw e;
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
      int carrier = carrier(lists, request);
      List<PublishedPort> published = ports.reserve(request.containerId(), request.ports());
      try {
        AttachmentRecord intention =
            new AttachmentRecord(
                request.containerId(),
                request.netnsPath(),
                identity,
                false,
                joins(request, lists, carrier, published),
                published);
        for (NetworkList list : lists) {
          if (list.managed() && list.bridge().isPresent()) {
            firewall.ensure(BridgeRules.of(list.describe()));
          }
        }
        store.put(intention);
        return intention;
      } catch (RuntimeException e) {
        ports.release(request.containerId());
        throw e;
      }
    } finally {
      definitionsLock.unlock();
    }
  }

  /** Whether a join's ports are published without a plugin: its record says so by lacking one. */
  private static boolean publishesItself(Join join) {
    return join.runtime().has("portMappings")
        && join.list().managed()
        && join.list().bridge().isPresent()
        && join.list().plugins().stream().noneMatch(Attachments::publishes);
  }

  /** The network that carries the published ports: the first one with a plugin that can. */
  private static int carrier(List<NetworkList> lists, AttachRequest request) {
    if (request.ports().isEmpty()) {
      return -1;
    }
    for (int i = 0; i < lists.size(); i++) {
      if (lists.get(i).plugins().stream().anyMatch(Attachments::publishes)) {
        return i;
      }
    }
    String names = lists.stream().map(n -> '"' + n.name() + '"').collect(Collectors.joining(", "));
    if (lists.stream().anyMatch(NetworkList::managed)) {
      throw new NetworkException.Invalid(
          "ports cannot be published on network "
              + names
              + ": use a bridge network that is not internal");
    }
    // Some network add-ons watch pods and publish their ports themselves.
    LOG.log(System.Logger.Level.WARNING, "no plugin of network " + names + " publishes ports");
    return -1;
  }

  private static boolean publishes(ObjectNode plugin) {
    return plugin.path("capabilities").path("portMappings").asBoolean(false);
  }

  private List<Join> joins(
      AttachRequest request, List<NetworkList> lists, int carrier, List<PublishedPort> ports) {
    Set<String> taken = new HashSet<>();
    request.networks().forEach(n -> n.ifName().ifPresent(taken::add));
    Set<String> used = new HashSet<>();
    List<Join> joins = new ArrayList<>();
    for (int i = 0; i < lists.size(); i++) {
      NetworkRequest wanted = request.networks().get(i);
      String ifName = Names.device(wanted.ifName().orElseGet(() -> free(taken)));
      if (!used.add(ifName)) {
        throw new NetworkException.Invalid("interface " + ifName + " is asked for twice");
      }
      boolean publishing = i == carrier && !ports.isEmpty();
      boolean plugin =
          publishing
              && !(lists.get(i).managed()
                  && lists.get(i).bridge().isPresent()
                  && publisher.takes(ports));
      // Portmap without ports does nothing but cost time, at DEL most of all.
      NetworkList list = lists.get(i).only(p -> plugin || !NetworkList.typeOf(p).equals("portmap"));
      if (list.plugins().isEmpty()) {
        list = lists.get(i);
      }
      ObjectNode runtime = runtime(request, wanted, list, publishing ? ports : List.of());
      joins.add(
          new Join(list, ifName, arguments(request), runtime, wanted.aliases(), Optional.empty()));
    }
    return joins;
  }

  private static String free(Set<String> taken) {
    for (int i = 0; ; i++) {
      if (taken.add("eth" + i)) {
        return "eth" + i;
      }
    }
  }

  private static String arguments(AttachRequest request) {
    if (request.cniArgs().isEmpty()) {
      return "";
    }
    Map<String, String> all = new TreeMap<>(request.cniArgs());
    all.putIfAbsent("IgnoreUnknown", "1");
    return all.entrySet().stream()
        .map(e -> Names.argument(e.getKey()) + "=" + Names.argument(e.getValue()))
        .collect(Collectors.joining(";"));
  }

  private static ObjectNode runtime(
      AttachRequest request, NetworkRequest wanted, NetworkList list, List<PublishedPort> ports) {
    ObjectNode runtime = Json.object();
    request.capabilities().forEach((key, value) -> runtime.set(key, Json.tree(value)));
    if (!ports.isEmpty()) {
      runtime.set("portMappings", AttachmentRecord.portMappings(ports));
    }
    if (!wanted.addresses().isEmpty()) {
      ArrayNode ips = runtime.putArray("ips");
      wanted.addresses().forEach(a -> ips.add(withPrefix(list, a)));
    }
    wanted.mac().ifPresent(mac -> runtime.put("mac", Names.mac(mac)));
    if (!wanted.aliases().isEmpty()) {
      runtime.set("aliases", Json.array(wanted.aliases()));
    }
    return runtime;
  }

  private static String withPrefix(NetworkList list, InetAddress address) {
    List<Subnet> subnets = list.subnets();
    Optional<Subnet> home = subnets.stream().filter(s -> s.prefix().contains(address)).findFirst();
    if (home.isEmpty() && !subnets.isEmpty()) {
      throw new NetworkException.Invalid(
          "address "
              + Addresses.text(address)
              + " is not in a subnet of network \""
              + list.name()
              + "\" ("
              + subnets.stream().map(s -> s.prefix().toString()).collect(Collectors.joining(", "))
              + ")");
    }
    if (home.filter(s -> s.gatewayOrFirst().equals(address)).isPresent()) {
      throw new NetworkException.Invalid(
          "address "
              + Addresses.text(address)
              + " is the gateway of network \""
              + list.name()
              + "\"");
    }
    return home.map(s -> new IpPrefix(address, s.prefix().length()).toString())
        .orElseGet(() -> Addresses.text(address));
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
        } finally {
          if (publishesItself(join)) {
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
    store.remove(record.containerId());
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
