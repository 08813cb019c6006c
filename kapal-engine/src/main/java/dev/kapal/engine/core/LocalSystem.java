package dev.kapal.engine.core;

import dev.kapal.engine.ContainerState;
import dev.kapal.engine.Containers;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.EngineNetworks;
import dev.kapal.engine.EngineSystem;
import dev.kapal.engine.Filters;
import dev.kapal.engine.PruneReport;
import dev.kapal.engine.Volumes;
import dev.kapal.image.CheckReport;
import dev.kapal.image.ImageFilters;
import dev.kapal.image.Images;
import dev.kapal.image.PruneRequest;
import dev.kapal.image.RemoveResult;
import dev.kapal.linux.CgroupLayout;
import dev.kapal.linux.Signals;
import dev.kapal.runtime.RuntimeFeatures;
import dev.kapal.runtime.Tier;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;

/** The engine itself: facts, usage, checks, clean-up. */
final class LocalSystem implements EngineSystem {
  private final Hub hub;
  private final Containers containers;
  private final Volumes volumes;
  private final EngineNetworks networks;
  private final Images images;
  private final Lifecycle lifecycle;
  private final RecoveryReport recovery;
  private final List<String> damaged;
  private final String id;
  private final Instant started = Instant.now();

  LocalSystem(
      Hub hub,
      Containers containers,
      Volumes volumes,
      EngineNetworks networks,
      Images images,
      Lifecycle lifecycle,
      RecoveryReport recovery,
      List<String> damaged) {
    this.hub = hub;
    this.containers = containers;
    this.volumes = volumes;
    this.networks = networks;
    this.images = images;
    this.lifecycle = lifecycle;
    this.recovery = recovery;
    this.damaged = List.copyOf(damaged);
    this.id = hub.database.engineId();
  }

  @Override
  public String runtimeFor(Tier tier) {
    Map<String, Tier> offered = new HashMap<>();
    hub.runtimes.forEach((name, runtime) -> offered.put(name, runtime.tier()));
    return Defaults.runtime(tier, hub.config.containers(), offered);
  }

  @Override
  public SortedSet<String> runtimes() {
    return new TreeSet<>(hub.runtimes.keySet());
  }

  @Override
  public RuntimeFeatures features(String runtime) {
    return hub.runtime(runtime).features();
  }

  @Override
  public String defaultRuntime() {
    return hub.config.defaultRuntime();
  }

  @Override
  public String cgroupDriver() {
    return hub.config.cgroupDriver().word();
  }

  @Override
  public Info info() {
    Map<ContainerState, Integer> count = new HashMap<>();
    List<Entry> all = hub.index.published();
    all.forEach(e -> count.merge(e.state.phase(), 1, Integer::sum));
    int running = count.getOrDefault(ContainerState.RUNNING, 0);
    int paused = count.getOrDefault(ContainerState.PAUSED, 0);
    CgroupLayout cgroups = CgroupLayout.detect();
    List<String> security = new ArrayList<>();
    if (!hub.linux.features().seccompActions().isEmpty()) {
      security.add("seccomp");
    }
    if (hub.linux.features().appArmor()) {
      security.add("apparmor");
    }
    if (hub.linux.features().seLinux()) {
      security.add("selinux");
    }
    return new Info(
        hub.config.version(),
        hub.config.commit(),
        id,
        HostName.get(),
        hub.linux.features().release().text(),
        operatingSystem(),
        System.getProperty("os.arch", ""),
        Runtime.getRuntime().availableProcessors(),
        StatsReader.meminfo("MemTotal"),
        cgroups.mode().name().toLowerCase(java.util.Locale.ROOT),
        cgroupDriver(),
        "overlayfs",
        hub.config.dataDir().toString(),
        hub.config.stateDir().toString(),
        hub.runtimes.keySet().stream().sorted().toList(),
        hub.config.defaultRuntime(),
        security,
        List.of("json-file", "cri", "none"),
        warnings(cgroups),
        all.size(),
        running,
        paused,
        all.size() - running - paused,
        images.list(ImageFilters.NONE).size(),
        started,
        Map.of());
  }

  private static List<String> warnings(CgroupLayout cgroups) {
    List<String> w = new ArrayList<>();
    for (String c : List.of("memory", "pids", "cpu")) {
      if (!cgroups.has(c)) {
        w.add("no " + c + " limits: the " + c + " cgroup controller is not to be had");
      }
    }
    return w;
  }

  private static String operatingSystem() {
    try {
      for (String line : Files.readAllLines(Path.of("/etc/os-release"))) {
        if (line.startsWith("PRETTY_NAME=")) {
          return line.substring("PRETTY_NAME=".length()).replace("\"", "");
        }
      }
    } catch (IOException e) {
      return "Linux";
    }
    return "Linux";
  }

  @Override
  public DiskUsage diskUsage() {
    dev.kapal.image.DiskUsage i = images.usage();
    int active = (int) i.images().stream().filter(x -> x.users() > 0).count();
    List<Entry> all = hub.index.published();
    long size = 0;
    long reclaimable = 0;
    int alive = 0;
    List<String> notes = new ArrayList<>();
    for (Entry e : all) {
      try {
        long bytes = hub.images.snapshots().usage(e.id).bytes();
        size += bytes;
        if (e.state.phase().alive()) {
          alive++;
        } else {
          reclaimable += bytes;
        }
      } catch (RuntimeException gone) {
        notes.add("container " + e.name() + ": " + gone.getMessage());
      }
    }
    long volumeSize = 0;
    long volumeFree = 0;
    int used = 0;
    List<Volumes.Volume> vs = volumes.list(Filters.NONE);
    for (Volumes.Volume v : vs) {
      try {
        long bytes = volumes.size(v.name());
        volumeSize += bytes;
        if (v.users().isEmpty()) {
          volumeFree += bytes;
        } else {
          used++;
        }
      } catch (RuntimeException gone) {
        notes.add("volume " + v.name() + ": " + gone.getMessage());
      }
    }
    return new DiskUsage(
        new DiskUsage.Category(i.images().size(), active, i.blobs() + i.layers(), i.reclaimable()),
        new DiskUsage.Category(all.size(), alive, size, reclaimable),
        new DiskUsage.Category(vs.size(), used, volumeSize, volumeFree),
        notes);
  }

  @Override
  public List<Finding> check(boolean repair) {
    List<Finding> all = new ArrayList<>();
    for (String p : hub.database.check()) {
      all.add(
          new Finding(
              Finding.Severity.DAMAGE,
              hub.layout.database().toString(),
              p,
              "stop the daemon, and move the file away: containers that run are kept",
              false));
    }
    for (String d : damaged) {
      boolean mended = false;
      if (repair) {
        hub.database.write(dev.kapal.engine.store.Durability.POWER, tx -> tx.deleteContainer(d));
        mended = true;
      }
      all.add(
          new Finding(
              Finding.Severity.DAMAGE,
              "container " + d,
              "its record cannot be read",
              "its record is removed, its files go at the next start",
              mended));
    }
    for (Entry e : hub.index.published()) {
      if (hub.images.snapshots().find(e.id).isEmpty()) {
        boolean mended = repair && !e.state.phase().alive();
        if (mended) {
          lifecycle.removing().remove(e, false, false);
        }
        all.add(
            new Finding(
                Finding.Severity.DAMAGE,
                "container " + e.name(),
                "its files are gone",
                "remove it",
                mended));
      }
    }
    CheckReport r = images.check(repair);
    for (CheckReport.Finding f : r.findings()) {
      all.add(
          new Finding(Finding.Severity.DAMAGE, "image store", f.what(), f.remedy(), f.mended()));
    }
    for (String p : recovery.problems()) {
      all.add(
          new Finding(
              Finding.Severity.WARNING, "recovery", p, "restart the daemon to try again", false));
    }
    return all;
  }

  @Override
  public PruneSummary prune(boolean allImages, boolean withVolumes, Filters filters) {
    filters.allowOnly("until", "label", "label!");
    PruneReport c = containers.prune(filters);
    PruneReport n = networks.prune(filters);
    Optional<PruneReport> v =
        withVolumes
            ? Optional.of(
                volumes.prune(
                    false,
                    new Filters(
                        filters.values("label").isEmpty()
                            ? Map.of()
                            : Map.of("label", filters.values("label")))))
            : Optional.empty();
    Map<String, String> labels = new HashMap<>();
    for (String l : filters.values("label")) {
      int eq = l.indexOf('=');
      labels.put(eq < 0 ? l : l.substring(0, eq), eq < 0 ? "" : l.substring(eq + 1));
    }
    RemoveResult r =
        images.prune(new PruneRequest(allImages, Moments.until(filters.values("until")), labels));
    PruneReport i = new PruneReport(r.deleted().stream().map(Object::toString).toList(), r.freed());
    return new PruneSummary(c, n, i, v);
  }

  @Override
  public void stopAll(Duration timeout) {
    hub.noRestarts.set(true);
    List<Future<?>> all = new ArrayList<>();
    for (Entry e : hub.index.published()) {
      if (e.state.phase().alive() || e.state.phase() == ContainerState.RESTARTING) {
        int signal = Signals.parse(e.record.stopSignal()).orElse(Signals.SIGTERM);
        all.add(
            hub.pool.submit(() -> {
              try {
                lifecycle.stopping().stop(e, timeout, signal, false);
              } catch (EngineException.Unchanged ended) {
                // by itself
              }
            }));
      }
    }
    EngineException first = null;
    for (Future<?> f : all) {
      try {
        f.get();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new EngineException.TimedOut("stopping all containers was interrupted");
      } catch (ExecutionException e) {
        if (first == null && e.getCause() instanceof EngineException ee) {
          first = ee;
        }
      }
    }
    if (first != null) {
      throw first;
    }
  }

  @Override
  public RecoveryReport recovery() {
    return recovery;
  }
}
