package dev.kapal.engine;

import dev.kapal.engine.spec.NetworkSpec.Endpoint;
import dev.kapal.network.Network;
import dev.kapal.network.NetworkSpec;
import dev.kapal.network.Readiness;
import java.util.List;
import java.util.Map;

/** The networks, with in-use checks and events. */
public interface EngineNetworks {
  /**
   * Those that pass.
   *
   * @param filters name, id, driver, label, type (builtin, custom), dangling
   */
  List<Network> list(Filters filters);

  /**
   * One by name, ID or unique prefix of the ID.
   *
   * @throws EngineException.NotFound there is none such
   */
  Detail inspect(String nameOrId);

  /** A network and the containers on it, by container ID. */
  record Detail(Network network, Map<String, Member> containers) {}

  /** A container on a network. */
  record Member(String name, ContainerInfo.Endpoint endpoint) {}

  /** Whether pods can get a network now. A configuration that arrives late is seen. */
  Readiness podReadiness();

  Network create(NetworkSpec spec);

  /**
   * Puts a container, running or not, on one more network. A container without a network gets its
   * first.
   *
   * @throws EngineException.Conflict it is on it already, or shares the network of the host or of
   *     another container
   */
  void connect(String network, String container, Endpoint endpoint);

  /**
   * Takes a container, running or not, off a network. Ports that were published there are so no
   * more until its next start.
   *
   * @param force also when the network's plugins fail; what they leave is undone later
   * @throws EngineException.NotFound it is not on it
   */
  void disconnect(String network, String container, boolean force);

  /**
   * Removes one.
   *
   * @throws EngineException.Conflict a container, running or not, has it
   */
  void remove(String nameOrId);

  /**
   * Removes those that no container has.
   *
   * @param filters until, label, label!
   */
  PruneReport prune(Filters filters);
}
