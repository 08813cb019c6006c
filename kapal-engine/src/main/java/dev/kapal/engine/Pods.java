package dev.kapal.engine;

import dev.kapal.engine.spec.PodSpec;
import dev.kapal.engine.spec.Resources;
import dev.kapal.linux.Fd;
import java.util.List;

/**
 * The pods: sandboxes that several containers share. Containers come into a pod by {@link
 * dev.kapal.engine.spec.ContainerSpec#pod}. Every {@code id} is an ID, a unique prefix of one, or a
 * name. When a method that changes something returns, what it did survives the daemon, though not a
 * restart of the host: pods end with it.
 */
public interface Pods {

  /**
   * Makes a sandbox that is ready for containers, connected to its network. When this fails nothing
   * is left of it.
   *
   * @return its ID
   * @throws EngineException.Conflict the name is taken
   * @throws EngineException.InvalidArgument there is no such runtime, or the request contradicts
   *     itself
   * @throws EngineException.NetworkFailure it cannot be connected
   */
  String run(PodSpec spec);

  /**
   * Ends its containers, takes it out of its network, ends its sandbox. Does nothing to one that is
   * stopped; can be called again when it failed.
   *
   * @throws EngineException.NotFound there is none such
   */
  void stop(String id);

  /**
   * Stops it, and removes it with its containers. When this returns nothing is left of it.
   *
   * @throws EngineException.NotFound there is none such
   */
  void remove(String id);

  /** Everything about one. */
  PodInfo inspect(String id);

  /** All of them, the newest first. */
  List<PodInfo> list();

  /** What a ready pod uses: all its processes, and its network. */
  PodStats stats(String id);

  /**
   * Connects to a TCP port of the pod's own loopback.
   *
   * @return the connected socket; the caller closes it
   * @throws EngineException.Conflict the pod is not ready
   * @throws EngineException.NetworkFailure nothing listens there
   */
  Fd connect(String id, int port);

  /** Takes note of other limits; who made the pod's cgroup sets them there. */
  void update(String id, Resources resources, Resources overhead);
}
