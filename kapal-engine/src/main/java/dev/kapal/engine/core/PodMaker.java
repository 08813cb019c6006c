package dev.kapal.engine.core;

import dev.kapal.engine.EngineException;
import dev.kapal.engine.Observer.Operation;
import dev.kapal.engine.config.Sysctls;
import dev.kapal.engine.spec.NamespaceMode;
import dev.kapal.engine.spec.NamespaceSpec;
import dev.kapal.engine.spec.PodSpec;
import dev.kapal.engine.store.PodRecord;
import dev.kapal.linux.FaultPoint;
import dev.kapal.linux.MountFlags;
import dev.kapal.network.AttachRequest;
import dev.kapal.network.Attachment;
import dev.kapal.network.NetworkRequest;
import dev.kapal.oci.runtime.IdMapping;
import dev.kapal.oci.runtime.NamespaceType;
import dev.kapal.runtime.Runtime;
import dev.kapal.runtime.Sandbox;
import dev.kapal.runtime.SandboxSpec;
import dev.kapal.runtime.Tier;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * Makes pods: everything from the request to a sandbox that takes containers, or nothing at all.
 * The sandbox's directory is there from before anything else until after all is cleared away, as
 * with containers: {@link Recovery} removes one that no record names.
 */
final class PodMaker {
  private static final String CGROUP = "cgroup";

  private final Hub hub;
  private final RunFiles files;
  private final PodAnchor anchor;

  PodMaker(Hub hub, RunFiles files, PodAnchor anchor) {
    this.hub = hub;
    this.files = files;
    this.anchor = anchor;
  }

  /** What is asked for, resolved. Nothing is made. */
  PodRecord record(String id, PodSpec asked) {
    String name = asked.runtime().orElse(hub.config.defaultRuntime());
    Runtime runtime = hub.runtime(name);
    NamespaceSpec n = IdRanges.resolve(asked.namespaces(), hub.config);
    if (ownUser(n) && !runtime.features().userNamespaces()) {
      throw new EngineException.Unsupported(
          "runtime "
              + name
              + " has no user namespaces here: run the pod without one, or with another runtime");
    }
    PodSpec spec = asked.withNamespaces(n);
    boolean hostUts = n.uts().kind() == NamespaceMode.Kind.HOST;
    Sysctls.check(
        spec.sysctls(),
        n.ipc().kind() != NamespaceMode.Kind.HOST,
        !spec.network().host(),
        !hostUts);
    if (hostUts && spec.hostname().isPresent() && !spec.hostname().get().equals(HostName.get())) {
      throw new EngineException.InvalidArgument(
          "a hostname cannot be set in the host's UTS namespace: leave one of both out");
    }
    boolean shared = n.pid().kind() == NamespaceMode.Kind.SHAREABLE;
    Optional<String> parent = spec.cgroupParent().filter(p -> !p.isEmpty());
    return new PodRecord(
        id,
        Instant.now(),
        spec,
        name,
        hostUts ? HostName.get() : spec.hostname().orElse(id.substring(0, 12)),
        network(spec.network()),
        CgroupPlaces.of(hub.config).pod(parent, id),
        parent.isEmpty(),
        shared || runtime.tier() != Tier.NATIVE,
        true);
  }

  private String network(PodSpec.Network n) {
    if (!n.mode().isEmpty()) {
      return n.host() || n.mode().equals("none") ? n.mode() : hub.networks.inspect(n.mode()).name();
    }
    return hub.networks
        .podNetwork()
        .orElseThrow(() ->
            new EngineException.NetworkFailure(
                "pods have no network: "
                    + hub.networks.podReadiness().message()
                    + "; a pod with the host's network needs none"));
  }

  /** Makes the sandbox of a pod that nobody else knows of yet; what fails is undone. */
  void make(PodEntry pod, Undo undo) {
    PodRecord r = pod.record;
    Path run = hub.layout.run(r.id());
    Path state = hub.layout.sandbox(r.id());
    undo.push(() -> clearFiles(r));
    try {
      Files.createDirectory(run, Layout.PRIVATE);
      Files.createDirectory(run.resolve("ns"), Layout.PRIVATE);
    } catch (IOException e) {
      throw Layout.failure("make the directory", run, e);
    }
    FaultPoint.reach("pod.directory");
    Sandbox sandbox =
        hub.observing.during(
            Operation.SANDBOX_CREATE,
            () ->
                hub.runtime(r.runtime())
                    .createSandbox(
                        new SandboxSpec(
                            r.id(),
                            state,
                            namespaces(r, run.resolve("ns")),
                            r.spec().annotations(),
                            maps(r, NamespaceSpec::uidMappings),
                            maps(r, NamespaceSpec::gidMappings))));
    undo.push(sandbox::quit);
    FaultPoint.reach("pod.sandbox");
    shm(r, run);
    files.make(r);
    if (r.networked()) {
      undo.push(() -> hub.networks.detach(r.id()));
      pod.network = Optional.of(attach(r, sandbox));
      files.complete(r, pod.network.get());
    }
    FaultPoint.reach("pod.network");
    if (r.anchor()) {
      note(r, run);
      anchor.start(r, sandbox, undo);
      FaultPoint.reach("pod.anchor");
    }
    pod.sandbox = Optional.of(sandbox);
  }

  private static boolean ownUser(NamespaceSpec n) {
    return n.user().kind() == NamespaceMode.Kind.PRIVATE;
  }

  /** The maps of a pod's user namespace; none without one. */
  static List<IdMapping> maps(
      PodRecord r, Function<NamespaceSpec, List<NamespaceSpec.IdMapping>> which) {
    NamespaceSpec n = r.spec().namespaces();
    return ownUser(n)
        ? which.apply(n).stream()
            .map(m -> new IdMapping(m.containerId(), m.hostId(), m.size()))
            .toList()
        : List.of();
  }

  /** Until there is a record, where its first process's cgroup is. */
  private void note(PodRecord r, Path run) {
    Path file = run.resolve(CGROUP);
    try {
      Files.writeString(file, CgroupPlaces.of(hub.config).member(r.cgroup(), r.id()));
    } catch (IOException e) {
      throw Layout.failure("write", file, e);
    }
  }

  /** The cgroup of the first process of a pod that has no record. */
  static Optional<String> notedCgroup(Path run) {
    try {
      return Optional.of(Files.readString(run.resolve(CGROUP)));
    } catch (IOException none) {
      return Optional.empty();
    }
  }

  private static Map<NamespaceType, Path> namespaces(PodRecord r, Path folder) {
    Map<NamespaceType, Path> all = new EnumMap<>(NamespaceType.class);
    NamespaceSpec n = r.spec().namespaces();
    if (!r.networkMode().equals("host")) {
      all.put(NamespaceType.NETWORK, folder.resolve("net"));
    }
    if (n.ipc().kind() != NamespaceMode.Kind.HOST) {
      all.put(NamespaceType.IPC, folder.resolve("ipc"));
    }
    if (n.uts().kind() != NamespaceMode.Kind.HOST) {
      all.put(NamespaceType.UTS, folder.resolve("uts"));
    }
    if (ownUser(n)) {
      all.put(NamespaceType.USER, folder.resolve("user"));
    }
    return all;
  }

  private Attachment attach(PodRecord r, Sandbox sandbox) {
    PodSpec.Network n = r.spec().network();
    return hub.networks.attach(
        new AttachRequest(
            r.id(),
            String.valueOf(sandbox.namespaces().get(NamespaceType.NETWORK)),
            List.of(NetworkRequest.of(r.networkMode())),
            n.ports(),
            n.cniArgs(),
            n.capabilities()));
  }

  private void shm(PodRecord r, Path run) {
    if (r.spec().namespaces().ipc().kind() == NamespaceMode.Kind.HOST) {
      return;
    }
    Path shm = run.resolve("shm");
    SharedMemory.mount(hub.linux, shm, r.spec().shmSize());
  }

  /** Removes what a pod has below the run's directory. Idempotent. */
  void clearFiles(PodRecord r) {
    Path run = hub.layout.run(r.id());
    if (Files.isDirectory(run)) {
      Path shm = run.resolve("shm");
      try {
        hub.linux
            .mounts()
            .umount(shm.toString(), MountFlags.MNT_DETACH | MountFlags.UMOUNT_NOFOLLOW);
      } catch (dev.kapal.linux.ErrnoException e) {
        if (!e.is(dev.kapal.linux.Errno.EINVAL, dev.kapal.linux.Errno.ENOENT)) {
          throw e;
        }
      }
    }
    hub.trees.remove(run);
  }
}
