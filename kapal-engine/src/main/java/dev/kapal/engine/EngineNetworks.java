package dev.kapal.engine;

import dev.kapal.network.Network;
import dev.kapal.network.NetworkSpec;
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

  Network create(NetworkSpec spec);

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
