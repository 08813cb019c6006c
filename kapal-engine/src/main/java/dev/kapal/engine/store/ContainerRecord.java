package dev.kapal.engine.store;

import dev.kapal.engine.ContainerInfo.EffectiveProcess;
import dev.kapal.engine.ContainerInfo.MountPoint;
import dev.kapal.engine.spec.ContainerSpec;
import dev.kapal.engine.spec.MountSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What does not change about a container while it lives, but by rename, update and the joining of
 * networks.
 *
 * @param spec as asked for; updates change it
 * @param imageId {@code sha256:…}
 * @param process resolved
 * @param health resolved; empty: none
 * @param mounts as people see them
 * @param mountSpecs resolved: volumes have names
 * @param networkMode resolved; {@code container:ID}
 * @param exposed {@code PORT/PROTOCOL}
 * @param log resolved
 * @param cgroup path below the hierarchy
 */
public record ContainerRecord(
    String id,
    String name,
    Instant created,
    ContainerSpec spec,
    String imageId,
    String runtime,
    EffectiveProcess process,
    Optional<HealthPlan> health,
    List<MountPoint> mounts,
    List<MountSpec> mountSpecs,
    String networkMode,
    String hostname,
    List<String> exposed,
    Map<String, String> labels,
    String platform,
    LogPlan log,
    String stopSignal,
    Duration stopTimeout,
    String cgroup) {

  /** A resolved health check. */
  public record HealthPlan(
      List<String> test,
      Duration interval,
      Duration timeout,
      Duration startPeriod,
      Duration startInterval,
      int retries) {}

  /**
   * A resolved log.
   *
   * @param driver {@code json-file}, {@code cri} or {@code none}
   * @param path empty: none is kept
   * @param maxSize bytes; 0: no limit
   * @param maxFiles at least 1
   */
  public record LogPlan(String driver, Optional<String> path, long maxSize, int maxFiles) {}

  public ContainerRecord withName(String name) {
    return new ContainerRecord(
        id,
        name,
        created,
        spec,
        imageId,
        runtime,
        process,
        health,
        mounts,
        mountSpecs,
        networkMode,
        hostname,
        exposed,
        labels,
        platform,
        log,
        stopSignal,
        stopTimeout,
        cgroup);
  }

  public ContainerRecord withNetworks(String mode, ContainerSpec spec) {
    return new ContainerRecord(
        id,
        name,
        created,
        spec,
        imageId,
        runtime,
        process,
        health,
        mounts,
        mountSpecs,
        mode,
        hostname,
        exposed,
        labels,
        platform,
        log,
        stopSignal,
        stopTimeout,
        cgroup);
  }

  public ContainerRecord withSpec(ContainerSpec spec) {
    return new ContainerRecord(
        id,
        name,
        created,
        spec,
        imageId,
        runtime,
        process,
        health,
        mounts,
        mountSpecs,
        networkMode,
        hostname,
        exposed,
        labels,
        platform,
        log,
        stopSignal,
        stopTimeout,
        cgroup);
  }

  /** IDs of its image and of those that it has mounted. */
  public List<String> images() {
    return Stream.concat(
            Stream.of(imageId),
            mountSpecs.stream()
                .filter(m -> m.type() == MountSpec.Type.IMAGE)
                .map(MountSpec::source))
        .toList();
  }

  /** Names of the volumes among its mounts. */
  public List<String> volumes() {
    return mounts.stream().flatMap(m -> m.name().stream()).distinct().toList();
  }
}
