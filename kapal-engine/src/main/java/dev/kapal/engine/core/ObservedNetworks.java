package dev.kapal.engine.core;

import dev.kapal.engine.Observer.Operation;
import dev.kapal.network.AttachRequest;
import dev.kapal.network.Attachment;
import dev.kapal.network.Network;
import dev.kapal.network.NetworkRequest;
import dev.kapal.network.NetworkSpec;
import dev.kapal.network.Networks;
import dev.kapal.network.PortMapping;
import dev.kapal.network.Readiness;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The networks; what plugins do for containers and pods is observed. */
final class ObservedNetworks implements Networks {
  private final Networks networks;
  private final Observing observing;

  ObservedNetworks(Networks networks, Observing observing) {
    this.networks = networks;
    this.observing = observing;
  }

  @Override
  public Attachment attach(AttachRequest request) {
    return observing.during(Operation.CNI_ADD, () -> networks.attach(request));
  }

  @Override
  public Attachment connect(
      String containerId, String netnsPath, NetworkRequest request, List<PortMapping> ports) {
    return observing.during(
        Operation.CNI_ADD, () -> networks.connect(containerId, netnsPath, request, ports));
  }

  @Override
  public Optional<Attachment> disconnect(String containerId, String network) {
    return observing.during(Operation.CNI_DEL, () -> networks.disconnect(containerId, network));
  }

  @Override
  public void detach(String containerId) {
    if (networks.cached(containerId).isEmpty()) {
      // Not attached, or not wholly: no plugin may have anything to do.
      networks.detach(containerId);
    } else {
      observing.during(Operation.CNI_DEL, () -> networks.detach(containerId));
    }
  }

  @Override
  public List<Network> list() {
    return networks.list();
  }

  @Override
  public Network inspect(String nameOrId) {
    return networks.inspect(nameOrId);
  }

  @Override
  public Network create(NetworkSpec spec) {
    return networks.create(spec);
  }

  @Override
  public void remove(String nameOrId) {
    networks.remove(nameOrId);
  }

  @Override
  public List<String> prune() {
    return networks.prune();
  }

  @Override
  public Optional<Attachment> cached(String containerId) {
    return networks.cached(containerId);
  }

  @Override
  public List<Attachment> attachments() {
    return networks.attachments();
  }

  @Override
  public void check(String containerId) {
    networks.check(containerId);
  }

  @Override
  public List<String> gc(Set<String> live) {
    return networks.gc(live);
  }

  @Override
  public Optional<String> podNetwork() {
    return networks.podNetwork();
  }

  @Override
  public Readiness readiness(String name) {
    return networks.readiness(name);
  }

  @Override
  public Readiness podReadiness() {
    return networks.podReadiness();
  }
}
