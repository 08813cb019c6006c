package dev.kapal.engine;

import dev.kapal.runtime.RuntimeFeatures;
import dev.kapal.runtime.Tier;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;

/** The engine itself. */
public interface EngineSystem {

  /**
   * The runtime that a container of a tier gets: the configured one, else the usual one, else the
   * only one.
   *
   * @throws EngineException.InvalidArgument none is here, or several and none is configured
   */
  String runtimeFor(Tier tier);

  /** The names of the runtimes that containers and pods may have now. */
  SortedSet<String> runtimes();

  /**
   * What a runtime can do. The first time its program may be asked.
   *
   * @throws EngineException.InvalidArgument there is none of that name
   */
  RuntimeFeatures features(String runtime);

  /** The runtime of containers and pods that name none. */
  String defaultRuntime();

  /** Who makes cgroups: {@code cgroupfs} (the engine itself) or {@code systemd}. */
  String cgroupDriver();

  /** Facts about engine and host. */
  Info info();

  /** Facts about engine and host. Bytes throughout. */
  @SuppressWarnings("AvoidCommonTypeNames") // what the command is called
  record Info(
      String engineVersion,
      String engineCommit,
      String id,
      String hostName,
      String kernelVersion,
      String operatingSystem,
      String architecture,
      int cpus,
      long memory,
      String cgroupVersion,
      String cgroupDriver,
      String storageDriver,
      String dataDir,
      String stateDir,
      List<String> runtimes,
      String defaultRuntime,
      List<String> securityOptions,
      List<String> logDrivers,
      List<String> warnings,
      int containers,
      int running,
      int paused,
      int stopped,
      int images,
      Instant started,
      Map<String, String> more) {}

  /** Disk usage. Walks the files. */
  DiskUsage diskUsage();

  /** Disk usage; reclaimable is what a prune would free. */
  record DiskUsage(Category images, Category containers, Category volumes, List<String> notes) {
    /** One kind of thing. */
    public record Category(int count, int active, long size, long reclaimable) {}
  }

  /**
   * Looks for damage: records without files, files without records, broken blobs.
   *
   * @param repair mends what can be mended
   */
  List<Finding> check(boolean repair);

  /** One kind of damage that was found. */
  record Finding(
      Severity severity, String subject, String problem, String remedy, boolean repaired) {
    /** How bad. */
    public enum Severity {
      WARNING,
      DAMAGE
    }
  }

  /**
   * Removes what is not used.
   *
   * @param allImages also images with a name that no container has
   * @param volumes also anonymous volumes
   */
  PruneSummary prune(boolean allImages, boolean volumes, Filters filters);

  /** What each part removed. */
  record PruneSummary(
      PruneReport containers,
      PruneReport networks,
      PruneReport images,
      Optional<PruneReport> volumes) {
    /** Bytes in all. */
    public long reclaimed() {
      return containers.reclaimed()
          + networks.reclaimed()
          + images.reclaimed()
          + volumes.map(PruneReport::reclaimed).orElse(0L);
    }
  }

  /** Stops all containers. They start again with the next engine if their policy says so. */
  void stopAll(Duration timeout);

  /** What recovery did at the start. */
  RecoveryReport recovery();

  /** What was found and done at the start. */
  record RecoveryReport(
      int reattached,
      int ended,
      int restarted,
      int undone,
      int removed,
      List<String> problems,
      Duration took) {
    public RecoveryReport {
      problems = List.copyOf(problems);
    }
  }
}
