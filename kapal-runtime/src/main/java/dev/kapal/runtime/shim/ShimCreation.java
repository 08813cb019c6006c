package dev.kapal.runtime.shim;

import static dev.kapal.linux.Fcntl.O_DIRECTORY;
import static dev.kapal.linux.Fcntl.O_PATH;

import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.FaultPoint;
import dev.kapal.oci.runtime.Linux;
import dev.kapal.oci.runtime.NamespaceType;
import dev.kapal.oci.runtime.Process;
import dev.kapal.oci.runtime.Root;
import dev.kapal.oci.runtime.RuntimeConfig;
import dev.kapal.oci.runtime.RuntimeConfigException;
import dev.kapal.oci.runtime.RuntimeConfigJson;
import dev.kapal.oci.runtime.RuntimeConfigValidator;
import dev.kapal.runtime.Container;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.ContainerSpec;
import dev.kapal.runtime.Input;
import dev.kapal.runtime.RootFilesystem;
import dev.kapal.runtime.driver.Bundles;
import dev.kapal.runtime.driver.OomScore;
import dev.kapal.runtime.driver.Trees;
import dev.kapal.runtime.monitor.CgroupPaths;
import dev.kapal.runtime.monitor.SystemdScope;
import dev.kapal.runtime.wire.MessageWriter;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Makes one container in a shim; or leaves nothing behind. */
final class ShimCreation {
  private static final String CONTAINER_TYPE = "io.kubernetes.cri.container-type";
  private static final String ROOTFS = "rootfs";

  private final ShimSandbox sandbox;
  private final ContainerSpec spec;
  private final RuntimeConfig config;
  private final Process process;
  private final ShimOptions options;

  /** As the config asks, or where it asks for nothing as is usual with systemd; else empty. */
  private final String cgroupsPath;

  ShimCreation(ShimSandbox sandbox, ContainerSpec spec) {
    this.sandbox = sandbox;
    this.spec = spec;
    this.config = OomScore.possible(spec.config(), sandbox.host().facts());
    try {
      RuntimeConfigValidator.check(config);
    } catch (RuntimeConfigException e) {
      throw new ContainerException.Invalid(
          e.getMessage() == null ? "invalid config" : e.getMessage(), e);
    }
    ShimSandbox.refuse(spec.preserveFds());
    this.process =
        config
            .process()
            .orElseThrow(() -> new ContainerException.Invalid("The config has no process to run"));
    this.cgroupsPath = cgroupsPath(config.linux().orElse(Linux.empty()).cgroupsPath());
    this.options = options(sandbox.host().config().options());
  }

  private String cgroupsPath(String asked) {
    boolean usual =
        asked.isEmpty()
            && sandbox.host().config().options() instanceof ShimOptions.Runc r
            && r.systemdCgroup();
    return usual ? "system.slice:kapal:" + spec.id() : asked;
  }

  /** What the container asks for beside what is configured. */
  private ShimOptions options(ShimOptions configured) {
    return switch (configured) {
      case ShimOptions.Runc r ->
          new ShimOptions.Runc(
              r.binaryName(),
              r.root(),
              SystemdScope.unit(cgroupsPath).isPresent(),
              r.noPivotRoot() || spec.noPivot(),
              r.noNewKeyring() || !spec.newKeyring(),
              r.shimCgroup(),
              r.ioUid(),
              r.ioGid(),
              r.criuImagePath(),
              r.criuWorkPath());
      case ShimOptions.Generic g -> g;
      case ShimOptions.None none -> none;
    };
  }

  Container run() {
    if (sandbox.container(spec.id()).isPresent()) {
      throw new ContainerException.WrongState(
          "The sandbox " + sandbox.id() + " has a container " + spec.id() + " already");
    }
    String cgroup = CgroupPaths.of(cgroupsPath, sandbox.host().config().cgroupParent(), spec.id());
    ShimContainer container =
        new ShimContainer(sandbox, spec.id(), sandbox.nextNumber(), config, cgroup);
    sandbox.add(container, container);
    FaultPoint.reach("container.known");
    try {
      boolean scope =
          SystemdScope.unit(cgroupsPath).isPresent() && sandbox.host().config().asksSystemd();
      make(container, scope ? cgroupsPath : cgroup);
      return container;
    } catch (RuntimeException e) {
      RuntimeException shown =
          e instanceof ErrnoException
              ? new ContainerException.Failed(
                  "Cannot create container " + spec.id() + ": " + e.getMessage(), e)
              : e;
      try {
        container.abandon();
      } catch (RuntimeException again) {
        shown.addSuppressed(again);
      }
      throw shown;
    }
  }

  private void make(ShimContainer container, String cgroupsPath) {
    sandbox.files().writeConfig(container.number(), config);
    Optional<RootFilesystem.Overlay> root = bundle(container, cgroupsPath);
    FaultPoint.reach("container.bundle");
    Optional<Shim> own = sandbox.own().flatMap(SandboxShim::shim);
    if (own.isEmpty()) {
      container.log(sandbox.relayLog(container.bundle()));
    }
    Fifos fifos =
        new Fifos(
            sandbox,
            container.bundle(),
            container.number(),
            spec.input() != Input.NONE,
            process.terminal());
    FaultPoint.reach("container.log");
    fifos.relay(container, spec.log(), spec.input());
    FaultPoint.reach("container.streams");
    Optional<MessageWriter> any = Any.of(options, sandbox.path("root"));
    String bundle = sandbox.path(container.bundle());
    container.answered(
        own.map(Shim::reply)
            .orElseGet(() ->
                new ShimCommands(sandbox, spec.id(), bundle).start(container::newLaunch, any)));
    FaultPoint.reach("shim.answered");
    container.join(connect(container.reply().orElseThrow()));
    FaultPoint.reach("shim.connected");
    container
        .watch()
        .pid(
            container
                .tasks()
                .create(
                    "create container " + spec.id() + " with " + sandbox.host().config().name(),
                    spec.id(),
                    bundle,
                    root,
                    fifos.io(),
                    spec.checkpoint().map(c -> c.directory().toString()).orElse(""),
                    any,
                    sandbox.host().config().createTimeout()));
    FaultPoint.reach("container.created");
    container.phase(ShimRecord.Phase.CREATED);
    FaultPoint.reach("container.waiting");
    if (spec.checkpoint().isEmpty()) {
      container.watchEnd();
    } else {
      container.watchEndFromStart();
    }
  }

  private Shim connect(StartReply reply) {
    try {
      return sandbox.shim(reply);
    } catch (ErrnoException e) {
      throw new ContainerException.Failed(
          "Cannot create container "
              + spec.id()
              + ": "
              + sandbox.host().binary().title()
              + " says that it listens at "
              + reply.address()
              + ", but nobody does: "
              + e.errno().message(),
          e);
    }
  }

  /** Writes the bundle; what the shim has to mount in it, if anything. */
  private Optional<RootFilesystem.Overlay> bundle(ShimContainer container, String cgroupsPath) {
    var linux = sandbox.host().linux();
    var directory = sandbox.files().directory();
    Trees.make(linux, directory, container.bundle());
    Trees.make(linux, directory, container.bundle() + "/work");
    Optional<RootFilesystem.Overlay> mounted = Optional.empty();
    String path;
    switch (spec.root()) {
      case RootFilesystem.Directory(Path root) -> {
        path = root.toString();
        try {
          linux.descriptors().open(path, O_PATH | O_DIRECTORY).close();
        } catch (ErrnoException e) {
          throw new ContainerException.Invalid(
              "The root directory " + path + " cannot be used: " + e.errno().message(), e);
        }
      }
      case RootFilesystem.Overlay overlay -> {
        if (config.linux().flatMap(l -> l.namespace(NamespaceType.USER)).isPresent()) {
          throw new ContainerException.Unsupported(
              "The ids of an image's layers can be mapped by the native runtime only: run the"
                  + " container with that one, or without a user namespace of its own");
        }
        Trees.make(linux, directory, container.bundle() + "/" + ROOTFS);
        path = sandbox.path(container.bundle()) + "/" + ROOTFS;
        mounted = Optional.of(overlay);
      }
    }
    RuntimeConfig adapted =
        config
            .withOciVersion(config.ociVersion().isEmpty() ? "1.0.2" : config.ociVersion())
            .withRoot(new Root(path, config.root().map(Root::readonly).orElse(false)))
            .withMounts(Bundles.absolute(config.mounts(), spec.bundle()))
            .withAnnotations(annotations(config.annotations(), cgroupsPath))
            .withLinux(config.linux().orElse(Linux.empty()).withCgroupsPath(cgroupsPath));
    sandbox.files().write("config.new", RuntimeConfigJson.write(adapted));
    linux
        .descriptors()
        .renameat(directory, "config.new", directory, container.bundle() + "/config.json");
    return mounted;
  }

  private Map<String, String> annotations(Map<String, String> given, String cgroupsPath) {
    Map<String, String> all = new TreeMap<>(Bundles.annotations(given, cgroupsPath));
    if (sandbox.host().config().wantsContainerType()) {
      all.putIfAbsent(CONTAINER_TYPE, "sandbox");
    }
    return all;
  }
}
