package dev.kapal.engine.store;

import dev.kapal.engine.spec.PodSpec;
import java.time.Instant;

/**
 * What is known of a pod.
 *
 * @param spec as asked for; updates change it
 * @param runtime resolved
 * @param hostname resolved
 * @param networkMode resolved: {@code host}, {@code none}, or a network's name
 * @param cgroup path of the pod's cgroup below the hierarchy
 * @param ownCgroup the cgroup is the engine's to remove
 * @param anchor a first process holds the sandbox: its container has the pod's ID
 * @param ready it has not been stopped
 */
public record PodRecord(
    String id,
    Instant created,
    PodSpec spec,
    String runtime,
    String hostname,
    String networkMode,
    String cgroup,
    boolean ownCgroup,
    boolean anchor,
    boolean ready) {

  /** Stopped. */
  public PodRecord stopped() {
    return new PodRecord(
        id, created, spec, runtime, hostname, networkMode, cgroup, ownCgroup, anchor, false);
  }

  public PodRecord withSpec(PodSpec other) {
    return new PodRecord(
        id, created, other, runtime, hostname, networkMode, cgroup, ownCgroup, anchor, ready);
  }

  /** Whether it has networks of its own to join. */
  public boolean networked() {
    return !networkMode.equals("host") && !networkMode.equals("none");
  }
}
