package dev.kapal.network;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The networks of this host and the containers on them.
 *
 * <p>An attachment is recorded on disk before the first plugin runs and forgotten after the last
 * one has undone its part; a process killed in between leaves a record that {@link #gc} finishes.
 * Calls for one container wait for each other, calls for different ones run side by side.
 */
public interface Networks {
  /**
   * Opens the networks of a host. Reads the records of attachments, so that published ports stay
   * reserved; starts nothing.
   */
  static Networks open(NetworkConfig config) {
    return CniNetworks.open(config);
  }

  /** All networks: {@code bridge}, {@code host}, {@code none}, then the others by name. */
  List<Network> list();

  /**
   * One network by its name, id or unique start of its id (at least 4 digits).
   *
   * @throws NetworkException.NotFound naming those that exist
   */
  Network inspect(String nameOrId);

  /**
   * Creates a network. Devices appear with the first container.
   *
   * @throws NetworkException.Conflict when the name, the bridge or a subnet is taken
   * @throws NetworkException.Invalid when the specification contradicts itself
   */
  Network create(NetworkSpec spec);

  /**
   * Removes a network, its bridge device and its firewall rules.
   *
   * @throws NetworkException.InUse naming the containers attached
   */
  void remove(String nameOrId);

  /** Removes Kapal's networks that nothing is attached to, and tells their names. */
  List<String> prune();

  /**
   * Puts a container into networks. When it fails, nothing is left behind.
   *
   * @throws NetworkException.Conflict when it is attached already or a port is taken
   */
  Attachment attach(AttachRequest request);

  /**
   * Puts a container, attached or not, into one more network. When it fails, the container is as it
   * was.
   *
   * @param netnsPath its network namespace
   * @param ports published there if the network can and the container publishes none yet
   * @return all its networks
   * @throws NetworkException.Conflict when it is in that network already
   */
  Attachment connect(
      String containerId, String netnsPath, NetworkRequest request, List<PortMapping> ports);

  /**
   * Takes a container out of one network. TCP ports that were published there are published on the
   * next of its networks that can; where there is none, and for other protocols, they are published
   * no more until it is attached again.
   *
   * @return the networks that it is left with; empty: none
   * @throws NetworkException.NotFound when it is not in that network
   * @throws NetworkException.PluginFailed when a plugin could not undo its part: {@link #gc} tries
   *     again
   */
  Optional<Attachment> disconnect(String containerId, String network);

  /**
   * Takes a container out of all its networks and frees its ports. Does nothing for one that is not
   * attached; works when the network namespace is gone, and is then several times faster, since the
   * kernel removes the interfaces by itself.
   *
   * @throws NetworkException.PluginFailed when a plugin could not undo its part: the record stays,
   *     calling again tries again
   */
  void detach(String containerId);

  /** What a container got when it was attached, without asking a plugin. */
  Optional<Attachment> cached(String containerId);

  /** All complete attachments. */
  List<Attachment> attachments();

  /**
   * Asks the plugins whether a container's network is still as it was made (CNI CHECK; skipped for
   * configurations older than 0.4.0).
   *
   * @throws NetworkException.PluginFailed naming what is wrong
   */
  void check(String containerId);

  /**
   * Detaches everything but the containers given, also what a killed process left half-done, and
   * tells plugins which attachments are valid (CNI GC, from 1.1.0).
   *
   * @param live ids of all containers that are to stay attached, those being attached right now
   *     included
   * @return the containers that were detached
   */
  List<String> gc(Set<String> live);

  /** Name of the default network of pods: the first configuration of the administrators. */
  Optional<String> podNetwork();

  /** Whether a network can take containers now (plugins present; CNI STATUS from 1.1.0). */
  Readiness readiness(String name);

  /** Whether pods can get a network now. A configuration that arrives late is seen. */
  default Readiness podReadiness() {
    return podNetwork()
        .map(this::readiness)
        .orElseGet(() ->
            new Readiness(
                false,
                "NetworkPluginNotReady",
                "no CNI configuration found: install a network add-on for the cluster"));
  }
}
