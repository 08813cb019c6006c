package dev.kapal.engine;

import dev.kapal.engine.spec.LogSpec;
import dev.kapal.engine.spec.NamespaceSpec.IdMapping;
import dev.kapal.linux.CgroupDriver;
import dev.kapal.linux.systemd.Slices;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Where the engine keeps things, and its defaults.
 *
 * @param stateDir what need not outlive a reboot; on a tmpfs if possible; made with mode 0700
 * @param dataDir what does; made with mode 0700
 * @param cgroupDriver who makes cgroups
 * @param cgroupParent cgroup below which containers' cgroups are made
 * @param defaultRuntime name of the runtime for containers that name none
 * @param defaultNetwork network mode of containers that name none: {@code bridge}
 * @param log default log driver and options
 * @param stopTimeout between the stop signal and SIGKILL
 * @param initProgram host path of a static program for {@code --init}; empty: not to be had
 * @param uidMappings for {@code --userns private} without maps of its own; empty: not to be had
 * @param gidMappings as uidMappings
 * @param eventHistory events kept in memory
 * @param version of Kapal, for {@code info}
 * @param commit of Kapal, for {@code info}
 * @param containers what containers get that do not say otherwise
 */
public record EngineConfig(
    Path stateDir,
    Path dataDir,
    CgroupDriver cgroupDriver,
    String cgroupParent,
    String defaultRuntime,
    String defaultNetwork,
    LogSpec log,
    Duration stopTimeout,
    Optional<Path> initProgram,
    List<IdMapping> uidMappings,
    List<IdMapping> gidMappings,
    int eventHistory,
    String version,
    String commit,
    ContainerDefaults containers) {

  public EngineConfig {
    uidMappings = List.copyOf(uidMappings);
    gidMappings = List.copyOf(gidMappings);
    if (!stateDir.isAbsolute() || !dataDir.isAbsolute()) {
      throw new IllegalArgumentException("state and data directories are absolute paths");
    }
    if (!cgroupParent.startsWith("/") || cgroupParent.contains("..")) {
      throw new IllegalArgumentException("cgroup parent \"" + cgroupParent + "\" is not absolute");
    }
    if (cgroupDriver == CgroupDriver.SYSTEMD && Slices.named(cgroupParent).isEmpty()) {
      throw new IllegalArgumentException("cgroup parent \"" + cgroupParent + "\" is no slice");
    }
  }

  /** Everything in the usual places. */
  public static EngineConfig standard() {
    return at(Path.of("/run/kapal"), Path.of("/var/lib/kapal"));
  }

  /** Everything as usual but the places. */
  public static EngineConfig at(Path stateDir, Path dataDir) {
    return new EngineConfig(
        stateDir,
        dataDir,
        CgroupDriver.CGROUPFS,
        "/kapal",
        "native",
        "bridge",
        LogSpec.of("json-file"),
        Duration.ofSeconds(10),
        Optional.empty(),
        List.of(),
        List.of(),
        4096,
        "0.1.0-SNAPSHOT",
        "",
        ContainerDefaults.NONE);
  }

  public EngineConfig withCgroupParent(String parent) {
    return withCgroups(cgroupDriver, parent);
  }

  /**
   * With cgroups that somebody makes.
   *
   * @param parent with the driver systemd the path of a slice, such as {@code /system.slice}
   */
  public EngineConfig withCgroups(CgroupDriver driver, String parent) {
    return new EngineConfig(
        stateDir,
        dataDir,
        driver,
        parent,
        defaultRuntime,
        defaultNetwork,
        log,
        stopTimeout,
        initProgram,
        uidMappings,
        gidMappings,
        eventHistory,
        version,
        commit,
        containers);
  }

  public EngineConfig withDefaults(String runtime, String network, LogSpec log) {
    return new EngineConfig(
        stateDir,
        dataDir,
        cgroupDriver,
        cgroupParent,
        runtime,
        network,
        log,
        stopTimeout,
        initProgram,
        uidMappings,
        gidMappings,
        eventHistory,
        version,
        commit,
        containers);
  }

  public EngineConfig withStopTimeout(Duration timeout) {
    return new EngineConfig(
        stateDir,
        dataDir,
        cgroupDriver,
        cgroupParent,
        defaultRuntime,
        defaultNetwork,
        log,
        timeout,
        initProgram,
        uidMappings,
        gidMappings,
        eventHistory,
        version,
        commit,
        containers);
  }

  public EngineConfig withInit(Path program) {
    return new EngineConfig(
        stateDir,
        dataDir,
        cgroupDriver,
        cgroupParent,
        defaultRuntime,
        defaultNetwork,
        log,
        stopTimeout,
        Optional.of(program),
        uidMappings,
        gidMappings,
        eventHistory,
        version,
        commit,
        containers);
  }

  public EngineConfig withIdMappings(List<IdMapping> uids, List<IdMapping> gids) {
    return new EngineConfig(
        stateDir,
        dataDir,
        cgroupDriver,
        cgroupParent,
        defaultRuntime,
        defaultNetwork,
        log,
        stopTimeout,
        initProgram,
        uids,
        gids,
        eventHistory,
        version,
        commit,
        containers);
  }

  public EngineConfig withVersion(String version, String commit) {
    return new EngineConfig(
        stateDir,
        dataDir,
        cgroupDriver,
        cgroupParent,
        defaultRuntime,
        defaultNetwork,
        log,
        stopTimeout,
        initProgram,
        uidMappings,
        gidMappings,
        eventHistory,
        version,
        commit,
        containers);
  }

  public EngineConfig withContainers(ContainerDefaults defaults) {
    return new EngineConfig(
        stateDir,
        dataDir,
        cgroupDriver,
        cgroupParent,
        defaultRuntime,
        defaultNetwork,
        log,
        stopTimeout,
        initProgram,
        uidMappings,
        gidMappings,
        eventHistory,
        version,
        commit,
        defaults);
  }
}
