package dev.kapal.engine.core;

import dev.kapal.engine.ContainerInfo.EffectiveProcess;
import dev.kapal.engine.ContainerInfo.MountPoint;
import dev.kapal.engine.Containers.Created;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.Observer.Operation;
import dev.kapal.engine.config.ConfigBuilder;
import dev.kapal.engine.config.Environment;
import dev.kapal.engine.files.OverlayRoot;
import dev.kapal.engine.spec.ContainerSpec;
import dev.kapal.engine.spec.HealthSpec;
import dev.kapal.engine.spec.LogSpec;
import dev.kapal.engine.spec.MountSpec;
import dev.kapal.engine.spec.NamespaceMode;
import dev.kapal.engine.spec.NamespaceSpec;
import dev.kapal.engine.spec.ProcessSpec;
import dev.kapal.engine.spec.VolumeSpec;
import dev.kapal.engine.store.ContainerRecord;
import dev.kapal.engine.store.ContainerRecord.HealthPlan;
import dev.kapal.engine.store.ContainerRecord.LogPlan;
import dev.kapal.engine.store.Durability;
import dev.kapal.engine.store.RunState;
import dev.kapal.engine.store.VolumeRecord;
import dev.kapal.image.Image;
import dev.kapal.image.Snapshot;
import dev.kapal.image.SnapshotOptions;
import dev.kapal.image.Snapshotter;
import dev.kapal.linux.FaultPoint;
import dev.kapal.linux.Signals;
import dev.kapal.oci.ContainerConfig;
import dev.kapal.oci.Healthcheck;
import dev.kapal.oci.Platform;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Makes containers. The order is such that a crash leaves only what {@link Recovery} can tell from
 * what is whole: volumes that name the container they were made for, then the snapshot, then the
 * directory, and last, in one transaction, the record.
 */
final class Creator {
  private static final Duration INTERVAL = Duration.ofSeconds(30);
  private static final Duration START_INTERVAL = Duration.ofSeconds(5);

  private final Hub hub;
  private final VolumeStore volumes;
  private final Starter starter;
  private final ImageVolumes imageVolumes;

  Creator(Hub hub, VolumeStore volumes, Starter starter, ImageVolumes imageVolumes) {
    this.hub = hub;
    this.imageVolumes = imageVolumes;
    this.volumes = volumes;
    this.starter = starter;
  }

  /** A new container, and what is to be told to whoever asked. */
  record Made(Entry entry, Created created) {}

  /**
   * Makes one.
   *
   * @param validate whether to find what would make its start fail; of no use right before a start
   */
  Made create(ContainerSpec asked, boolean validate) {
    return hub.observing.during(Operation.CONTAINER_CREATE, () -> make(asked, validate));
  }

  private Made make(ContainerSpec asked, boolean validate) {
    List<String> warnings = new ArrayList<>();
    Image image = image(asked);
    ContainerSpec spec = resolve(asked, warnings);
    String id = Index.newId();
    try (Undo undo = new Undo()) {
      String name;
      if (spec.name().isPresent()) {
        name = spec.name().get();
        hub.index.reserve(name, id);
      } else {
        name = hub.index.reserveAny(id);
      }
      undo.push(() -> hub.index.release(name, id));
      ContainerRecord record = record(id, name, spec, image, warnings);
      Entry entry = new Entry(hub.layout, record, RunState.CREATED);
      entry.published = false;
      // From here on its image and its volumes are in use.
      hub.index.put(entry);
      undo.push(() -> hub.index.remove(entry));
      if (spec.pod().isPresent() && !pod(spec).record.ready()) {
        // Looked at now that whoever stops the pod sees the container.
        throw Members.stopped(pod(spec));
      }
      if (validate) {
        starter.check(record);
      }
      undo.push(() -> volumes.abandon(id));
      List<Fill> fills = makeVolumes(id, record);
      FaultPoint.reach("create.volumes");
      undo.push(() -> hub.images.snapshots().remove(id));
      Durability durability = States.durability(record);
      // Nothing of one that is removed at its end survives a power failure: no need to wait for the
      // disk.
      Snapshot snapshot =
          hub.observing.during(
              Operation.SNAPSHOT_PREPARE,
              () ->
                  hub.images
                      .snapshots()
                      .prepare(
                          id,
                          image,
                          (durability == Durability.POWER
                                  ? SnapshotOptions.DURABLE
                                  : SnapshotOptions.NONE)
                              .with(hub.config.containers().snapshotter(record.runtime()))));
      undo.push(() -> imageVolumes.remove(record));
      imageVolumes.prepare(record);
      FaultPoint.reach("create.snapshot");
      fill(fills, snapshot, id);
      FaultPoint.reach("create.filled");
      Path directory = hub.layout.container(id);
      undo.push(() -> hub.trees.remove(directory));
      Files.createDirectory(directory, Layout.PRIVATE);
      logFolder(spec.log());
      FaultPoint.reach("create.directory");
      if (durability == Durability.POWER) {
        Layout.sync(hub.layout.containers());
      }
      List<VolumeRecord> settled = fills.isEmpty() ? List.of() : volumes.settle(id);
      hub.database.write(
          durability,
          tx -> {
            tx.insert(record, entry.state);
            for (VolumeRecord v : settled) {
              tx.put(v);
            }
          });
      FaultPoint.reach("create.recorded");
      undo.commit();
      entry.published = true;
      hub.events.publish("container", "create", id, EventAttributes.of(record));
      return new Made(entry, new Created(id, name, warnings));
    } catch (java.io.IOException e) {
      throw Layout.failure("make the directory", hub.layout.container(id), e);
    } catch (RuntimeException e) {
      throw Failures.of("cannot create container" + asked.name().map(n -> " " + n).orElse(""), e);
    }
  }

  private Image image(ContainerSpec spec) {
    try {
      return spec.platform()
          .map(platform -> hub.images.suiting(spec.image(), Platform.parse(platform)))
          .orElseGet(() -> hub.images.get(spec.image()));
    } catch (RuntimeException e) {
      throw Failures.of("cannot use image " + spec.image(), e);
    }
  }

  /** The request with names of containers replaced by IDs and defaults of the engine filled in. */
  private ContainerSpec resolve(ContainerSpec asked, List<String> warnings) {
    String runtime = asked.runtime().orElse(hub.config.defaultRuntime());
    ContainerSpec s =
        Defaults.apply(
            asked, runtime, hub.config.containers(), hub.config.initProgram().isPresent());
    if (s.pod().isPresent()) {
      s = Members.resolve(s, hub.pods.get(s.pod().get().pod()));
    }
    NamespaceSpec n = s.namespaces();
    n = n.withPid(container(n.pid())).withIpc(container(n.ipc()));
    n = IdRanges.resolve(n, hub.config);
    hub.runtime(runtime);
    if (!n.uidMappings().isEmpty()
        && hub.config.containers().snapshotter(runtime) == Snapshotter.COPY) {
      throw new EngineException.Unsupported(
          "the snapshotter copy maps no ids: leave out the user namespace, or use a runtime with the"
              + " snapshotter overlay");
    }
    if (s.resources().kernelMemory().isPresent()) {
      warnings.add("a limit on kernel memory has no effect on this kernel: it is ignored");
    }
    if (s.process().init() && hub.config.initProgram().isEmpty()) {
      throw new EngineException.Unsupported(
          "no init program is configured: leave out --init, or use an image with one");
    }
    return s.toBuilder().namespaces(n).runtime(runtime).log(log(s.log())).build();
  }

  private NamespaceMode container(NamespaceMode m) {
    return m.kind() == NamespaceMode.Kind.CONTAINER && hub.pods.byId(m.container()).isEmpty()
        ? new NamespaceMode(NamespaceMode.Kind.CONTAINER, hub.index.get(m.container()).id)
        : m;
  }

  private PodEntry pod(ContainerSpec s) {
    return hub.pods.get(s.pod().orElseThrow().pod());
  }

  private String networkMode(ContainerSpec s) {
    String mode = s.network().mode();
    if (mode.isEmpty() || mode.equals("default")) {
      mode = hub.config.defaultNetwork();
    }
    if (s.pod().isPresent()) {
      return mode;
    }
    Optional<String> shared = s.network().sharedContainer();
    if (shared.isPresent()) {
      if (!s.network().ports().isEmpty() || s.network().hostname().isPresent()) {
        throw new EngineException.InvalidArgument(
            "ports and a hostname belong to the container whose network is shared: set them there");
      }
      return "container:" + hub.index.get(shared.get()).id;
    }
    if (mode.equals("host") || mode.equals("none")) {
      return mode;
    }
    if (mode.equals("bridge")) {
      return mode;
    }
    return hub.networks.inspect(mode).name();
  }

  private ContainerRecord record(
      String id, String name, ContainerSpec spec, Image image, List<String> warnings) {
    ContainerConfig config = image.config().config();
    String mode = networkMode(spec);
    if ((mode.equals("host") || mode.equals("none")) && !spec.network().ports().isEmpty()) {
      warnings.add("published ports are ignored with network mode " + mode);
    }
    for (String network : spec.network().endpoints().keySet()) {
      if (!network.equals(mode)) {
        hub.networks.inspect(network);
      }
    }
    List<MountSpec> mounts = imageVolumes.resolve(mounts(spec, config));
    Map<String, String> labels = new LinkedHashMap<>(config.labels());
    labels.putAll(spec.labels());
    Set<String> exposed = new LinkedHashSet<>(config.exposedPorts());
    for (String e : spec.network().expose()) {
      exposed.add(e.contains("/") ? e : e + "/tcp");
    }
    CgroupPlaces places = CgroupPlaces.of(hub.config);
    String cgroup =
        spec.pod().isPresent()
            ? places.member(pod(spec).record.cgroup(), id)
            : places.container(spec.resources().cgroupParent(), id);
    return new ContainerRecord(
        id,
        name,
        Instant.now(),
        spec,
        image.id().toString(),
        spec.runtime().orElseThrow(),
        process(spec.process(), config),
        health(spec, config),
        mounts.stream().map(this::describe).toList(),
        mounts,
        mode,
        spec.network()
            .hostname()
            .orElse(
                spec.namespaces().uts().kind() == NamespaceMode.Kind.HOST || mode.equals("host")
                    ? HostName.get()
                    : id.substring(0, 12)),
        List.copyOf(exposed),
        labels,
        image.platform().toString(),
        plan(spec.log(), id),
        signal(spec, config),
        spec.process().stopTimeout().orElse(hub.config.stopTimeout()),
        cgroup);
  }

  static EffectiveProcess process(ProcessSpec p, ContainerConfig config) {
    List<String> entrypoint;
    List<String> command;
    if (p.entrypoint().isPresent()) {
      entrypoint =
          p.entrypoint().get().stream().anyMatch(w -> !w.isEmpty())
              ? p.entrypoint().get()
              : List.of();
      command = p.command();
    } else {
      entrypoint = config.entrypoint();
      command = p.command().isEmpty() ? config.cmd() : p.command();
    }
    if (entrypoint.isEmpty() && command.isEmpty()) {
      throw new EngineException.InvalidArgument(
          "there is nothing to run: the image names no command, so give one");
    }
    String workdir = p.workdir().orElse(config.workingDir());
    return new EffectiveProcess(
        entrypoint,
        command,
        Environment.merge(List.of(Environment.PATH), config.env(), p.env()),
        workdir.startsWith("/") ? workdir : "/" + workdir,
        p.user().orElse(config.user()));
  }

  private static String signal(ContainerSpec spec, ContainerConfig config) {
    String s = spec.process().stopSignal().orElse(config.stopSignal());
    if (s.isEmpty()) {
      return "SIGTERM";
    }
    return Signals.name(
        Signals.parse(s)
            .orElseThrow(() ->
                new EngineException.InvalidArgument(
                    "stop signal \"" + s + "\" is not known: use a name or number of signal(7)")));
  }

  private static Optional<HealthPlan> health(ContainerSpec spec, ContainerConfig config) {
    HealthSpec own = spec.health().orElse(NO_HEALTH);
    Healthcheck image = config.healthcheck().orElse(new Healthcheck(List.of(), 0, 0, 0, 0, 0));
    List<String> test = own.test().isEmpty() ? image.test() : own.test();
    if (test.isEmpty() || test.getFirst().equals("NONE") || test.size() < 2) {
      return Optional.empty();
    }
    int retries = own.retries().orElse(image.retries());
    return Optional.of(
        new HealthPlan(
            test,
            pick(own.interval(), image.interval(), INTERVAL),
            pick(own.timeout(), image.timeout(), INTERVAL),
            pick(own.startPeriod(), image.startPeriod(), Duration.ZERO),
            pick(own.startInterval(), image.startInterval(), START_INTERVAL),
            retries > 0 ? retries : 3));
  }

  private static final HealthSpec NO_HEALTH =
      new HealthSpec(
          List.of(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          java.util.OptionalInt.empty());

  private static Duration pick(Optional<Duration> own, long imageNanos, Duration otherwise) {
    Duration d = own.filter(v -> !v.isZero()).orElse(Duration.ofNanos(Math.max(0, imageNanos)));
    return d.isZero() ? otherwise : d;
  }

  /** The request's log with the engine's defaults. */
  private LogSpec log(LogSpec asked) {
    LogSpec usual = hub.config.log();
    Map<String, String> options = new LinkedHashMap<>();
    if (asked.driver().isEmpty() || asked.driver().equals(usual.driver())) {
      options.putAll(usual.options());
    }
    options.putAll(asked.options());
    return new LogSpec(
        asked.driver().isEmpty() ? usual.driver() : asked.driver(), options, asked.path());
  }

  private LogPlan plan(LogSpec asked, String id) {
    String driver = asked.driver();
    Map<String, String> options = asked.options();
    String known =
        switch (driver) {
          case "", "json-file", "local" -> "json-file";
          case "cri", "k8s-file" -> "cri";
          case "none" -> "none";
          default ->
              throw new EngineException.InvalidArgument(
                  "log driver \""
                      + driver
                      + "\" is not known: use json-file, cri (k8s-file) or none");
        };
    for (String key : options.keySet()) {
      if (!List.of("max-size", "max-file", "path", "mode", "compress", "tag", "labels", "env")
          .contains(key)) {
        throw new EngineException.InvalidArgument(
            "log option \"" + key + "\" is not known: use max-size and max-file");
      }
    }
    if (known.equals("none")) {
      return new LogPlan(known, Optional.empty(), 0, 1);
    }
    String file = known.equals("cri") ? "container.log" : id + "-json.log";
    return new LogPlan(
        known,
        Optional.of(asked.path().orElse(hub.layout.container(id).resolve(file).toString())),
        Sizes.bytes(options.getOrDefault("max-size", "0"), "log option max-size"),
        files(options.getOrDefault("max-file", "1")));
  }

  /** A log elsewhere than in the container's own directory needs a place. */
  private static void logFolder(LogSpec log) throws java.io.IOException {
    Optional<Path> folder = log.path().map(Path::of).map(Path::getParent);
    if (folder.isPresent()) {
      Files.createDirectories(folder.get());
    }
  }

  private static int files(String text) {
    if (!text.matches("\\d{1,3}") || Integer.parseInt(text) < 1) {
      throw new EngineException.InvalidArgument(
          "log option max-file \"" + text + "\" is not a number from 1 to 999");
    }
    return Integer.parseInt(text);
  }

  /** All mounts: those asked for, those of other containers, the image's volumes; named. */
  private List<MountSpec> mounts(ContainerSpec spec, ContainerConfig config) {
    Map<String, MountSpec> byTarget = new LinkedHashMap<>();
    for (String from : spec.storage().volumesFrom()) {
      String[] parts = from.split(":", 2);
      boolean readOnly = parts.length > 1 && parts[1].equals("ro");
      for (MountSpec m : hub.index.get(parts[0]).record.mountSpecs()) {
        if (m.type() != MountSpec.Type.TMPFS) {
          byTarget.put(ConfigBuilder.clean(m.target()), readOnly ? readOnly(m) : m);
        }
      }
    }
    Set<String> own = new LinkedHashSet<>();
    for (MountSpec m : spec.storage().mounts()) {
      String target = ConfigBuilder.clean(m.target());
      if (target.equals("/")) {
        throw new EngineException.InvalidArgument(
            "mount target \"" + m.target() + "\" is the root directory: name a path below it");
      }
      if (!own.add(target)) {
        throw new EngineException.InvalidArgument(
            "two mounts have the same target " + target + ": give one only");
      }
      byTarget.put(target, m.type() == MountSpec.Type.VOLUME ? named(m) : m);
    }
    for (String v : config.volumes()) {
      // An image may say anything here: it is cleaned as text, and resolved inside the root.
      String target = ConfigBuilder.clean("/" + v);
      if (!target.equals("/") && v.indexOf('\0') < 0 && !byTarget.containsKey(target)) {
        byTarget.put(target, named(MountSpec.anonymous(target).build()));
      }
    }
    return List.copyOf(byTarget.values());
  }

  private static MountSpec named(MountSpec m) {
    return m.source().isEmpty() ? m.withSource(Index.newId()).withAnonymous() : m;
  }

  private static MountSpec readOnly(MountSpec m) {
    return m.withReadOnly();
  }

  private MountPoint describe(MountSpec m) {
    return switch (m.type()) {
      case TMPFS ->
          new MountPoint(
              "tmpfs",
              Optional.empty(),
              "",
              ConfigBuilder.clean(m.target()),
              String.join(",", m.options()),
              !m.readOnly(),
              "",
              false);
      case BIND ->
          new MountPoint(
              "bind",
              Optional.empty(),
              m.source(),
              ConfigBuilder.clean(m.target()),
              m.readOnly() ? "ro" : "",
              !m.readOnly(),
              m.propagation().orElse("rprivate"),
              false);
      case IMAGE ->
          new MountPoint(
              "image",
              Optional.empty(),
              m.source(),
              ConfigBuilder.clean(m.target()),
              "ro",
              false,
              "",
              false);
      case VOLUME ->
          new MountPoint(
              "volume",
              Optional.of(m.source()),
              hub.layout.volumeData(m.source()).toString(),
              ConfigBuilder.clean(m.target()),
              m.readOnly() ? "ro" : m.anonymous() ? "" : "z",
              !m.readOnly(),
              m.propagation().orElse(""),
              m.anonymous());
    };
  }

  /** A volume that may have to be filled. */
  private record Fill(String volume, String target, boolean copy) {}

  private List<Fill> makeVolumes(String id, ContainerRecord record) {
    List<Fill> fills = new ArrayList<>();
    for (MountSpec m : record.mountSpecs()) {
      if (m.type() == MountSpec.Type.VOLUME) {
        volumes.ensure(
            new VolumeSpec(Optional.of(m.source()), "local", m.volumeOptions(), m.volumeLabels()),
            m.anonymous(),
            Optional.of(id));
        fills.add(new Fill(m.source(), m.target(), !m.noCopy() && m.subpath().isEmpty()));
      }
    }
    return fills;
  }

  private void fill(List<Fill> fills, Snapshot snapshot, String id) {
    if (fills.stream().noneMatch(Fill::copy)) {
      return;
    }
    try (OverlayRoot root = OverlayRoot.ofImage(hub.linux, snapshot, hub.layout.scratch())) {
      for (Fill f : fills) {
        if (f.copy()) {
          volumes.fill(f.volume(), root.root(), f.target(), id);
        }
      }
    }
  }
}
