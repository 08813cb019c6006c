package dev.kapal.engine.core;

import dev.kapal.engine.EngineException;
import dev.kapal.engine.config.ConfigBuilder;
import dev.kapal.engine.config.HostFacts;
import dev.kapal.engine.spec.NamespaceMode;
import dev.kapal.engine.spec.NamespaceSpec;
import dev.kapal.engine.spec.SecuritySpec;
import dev.kapal.engine.store.PodRecord;
import dev.kapal.linux.systemd.Slices;
import dev.kapal.oci.runtime.Linux;
import dev.kapal.oci.runtime.Mount;
import dev.kapal.oci.runtime.Namespace;
import dev.kapal.oci.runtime.NamespaceType;
import dev.kapal.oci.runtime.Process;
import dev.kapal.oci.runtime.Root;
import dev.kapal.oci.runtime.RuntimeConfig;
import dev.kapal.oci.runtime.Seccomp;
import dev.kapal.runtime.Container;
import dev.kapal.runtime.ContainerSpec;
import dev.kapal.runtime.RootFilesystem;
import dev.kapal.runtime.Sandbox;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The first process of a pod whose containers share a PID namespace, or whose runtime makes its
 * isolation around a first container: the embedded pause program. Other pods have none.
 */
final class PodAnchor {
  /** The native program under this name waits, and reaps. */
  private static final String PROGRAM = "kapal-pause";

  private final Hub hub;

  PodAnchor(Hub hub) {
    this.hub = hub;
  }

  void start(PodRecord r, Sandbox sandbox, Undo undo) {
    Container container =
        sandbox.createContainer(
            ContainerSpec.of(
                r.id(),
                config(r, sandbox),
                new RootFilesystem.Directory(root()),
                hub.layout.run(r.id())));
    undo.push(() -> container.delete(true));
    container.start();
  }

  private RuntimeConfig config(PodRecord r, Sandbox sandbox) {
    HostFacts host = hub.facts;
    Map<String, String> annotations = new LinkedHashMap<>(r.spec().annotations());
    annotations.putAll(PodAnnotations.sandbox(r));
    List<Namespace> namespaces = new ArrayList<>();
    namespaces.add(Namespace.create(NamespaceType.MOUNT));
    if (r.spec().namespaces().pid().kind() != NamespaceMode.Kind.HOST) {
      namespaces.add(Namespace.create(NamespaceType.PID));
    }
    sandbox
        .namespaces()
        .forEach((type, path) -> namespaces.add(Namespace.join(type, path.toString())));
    Process process =
        Process.empty()
            .withArgs(List.of("/" + PROGRAM))
            .withCwd("/")
            .withEnv(List.of("PATH=/"))
            .withNoNewPrivileges(true)
            .withOomScoreAdj(-998);
    SecuritySpec security = r.spec().security();
    Linux linux =
        Linux.empty()
            .withNamespaces(namespaces)
            .withUidMappings(PodMaker.maps(r, NamespaceSpec::uidMappings))
            .withGidMappings(PodMaker.maps(r, NamespaceSpec::gidMappings))
            .withCgroupsPath(
                Slices.cgroupsPath(CgroupPlaces.of(hub.config).member(r.cgroup(), r.id())));
    Optional<Seccomp> seccomp = ConfigBuilder.seccomp(security, host);
    return RuntimeConfig.empty()
        .withRoot(new Root("rootfs", true))
        .withProcess(ConfigBuilder.labels(process, security, host))
        .withMounts(
            List.of(
                Mount.of("/proc", "proc", "proc", "nosuid", "noexec", "nodev"),
                Mount.of("/dev", "tmpfs", "tmpfs", "nosuid", "noexec", "mode=755", "size=65536k")))
        .withAnnotations(annotations)
        .withHostname(sandbox.namespaces().containsKey(NamespaceType.UTS) ? r.hostname() : "")
        .withLinux(seccomp.map(linux::withSeccomp).orElse(linux));
  }

  /** The root directory with the program, made when it is first needed. */
  private Path root() {
    Path program =
        hub.config
            .initProgram()
            .orElseThrow(() ->
                new EngineException.Unsupported(
                    "this pod needs a first process, and no program for it is configured"));
    Path root = hub.layout.data().resolve("pause");
    Path file = root.resolve(PROGRAM);
    try {
      if (!Files.isExecutable(file) || Files.mismatch(file, program) >= 0) {
        Files.createDirectories(
            root,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
        Files.createDirectories(root.resolve("proc"));
        Files.createDirectories(root.resolve("dev"));
        Path made = Files.createTempFile(root, ".pause", "");
        Files.copy(program, made, StandardCopyOption.REPLACE_EXISTING);
        Files.setPosixFilePermissions(made, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.move(made, file, StandardCopyOption.ATOMIC_MOVE);
      }
    } catch (IOException e) {
      throw Layout.failure("make", file, e);
    }
    return root;
  }

  /** The anchor of a pod that is there. */
  static Optional<Container> find(PodRecord r, Sandbox sandbox) {
    return r.anchor() ? sandbox.container(r.id()) : Optional.empty();
  }
}
