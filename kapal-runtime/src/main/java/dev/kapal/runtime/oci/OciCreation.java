package dev.kapal.runtime.oci;

import static dev.kapal.linux.Fcntl.O_DIRECTORY;
import static dev.kapal.linux.Fcntl.O_PATH;

import dev.kapal.linux.ErrnoException;
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
import dev.kapal.runtime.RootFilesystem;
import dev.kapal.runtime.driver.Bundles;
import dev.kapal.runtime.driver.OomScore;
import dev.kapal.runtime.driver.Trees;
import dev.kapal.runtime.monitor.CgroupPaths;
import dev.kapal.runtime.monitor.SystemdScope;
import dev.kapal.runtime.plan.LauncherPlan;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Makes one container with the runtime's {@code create}; or leaves nothing behind. */
final class OciCreation {
  private static final String ROOTFS = "rootfs";

  /**
   * What programs are told the config is: of what later versions add they ignore what they do not
   * know, but crun before 1.9 refuses any version that is not 1.0.
   */
  private static final String OCI_VERSION = "1.0.2";

  private final OciSandbox sandbox;
  private final ContainerSpec spec;
  private final RuntimeConfig config;
  private final Process process;

  OciCreation(OciSandbox sandbox, ContainerSpec spec) {
    this.sandbox = sandbox;
    this.spec = spec;
    this.config = OomScore.possible(spec.config(), sandbox.host().facts());
    try {
      RuntimeConfigValidator.check(config);
    } catch (RuntimeConfigException e) {
      throw new ContainerException.Invalid(
          e.getMessage() == null ? "invalid config" : e.getMessage(), e);
    }
    this.process =
        config
            .process()
            .orElseThrow(() -> new ContainerException.Invalid("The config has no process to run"));
  }

  Container run() {
    if (sandbox.container(spec.id()).isPresent()) {
      throw new ContainerException.WrongState(
          "The sandbox " + sandbox.id() + " has a container " + spec.id() + " already");
    }
    String asked = config.linux().orElse(Linux.empty()).cgroupsPath();
    boolean usual = asked.isEmpty() && sandbox.host().config().systemdCgroup();
    String given = usual ? "system.slice:kapal:" + spec.id() : asked;
    boolean systemd =
        SystemdScope.unit(given).isPresent() && !sandbox.host().config().ignoresCgroups();
    String cgroup = CgroupPaths.of(given, sandbox.host().config().cgroupParent(), spec.id());
    OciContainer container =
        new OciContainer(sandbox, spec.id(), sandbox.nextNumber(), config, cgroup);
    sandbox.add(container, container);
    try {
      sandbox.files().writeConfig(container.number(), config);
      Optional<LauncherPlan.Root> root = bundle(container, systemd ? given : cgroup);
      OciCheckpoints checkpoints = new OciCheckpoints(sandbox, container.number());
      spec.checkpoint().ifPresent(container::goesOnFrom);
      Optional<List<String>> restore =
          spec.checkpoint()
              .filter(_ -> !OciCheckpoints.intoCreated(sandbox.host().config()))
              .map(checkpoints::restoring);
      List<String> before = new ArrayList<>(restore.orElse(List.of("create")));
      before.addAll(List.of("--bundle", sandbox.path(container.bundle())));
      if (spec.noPivot()) {
        before.add("--no-pivot");
      }
      if (!spec.newKeyring() && restore.isEmpty()) {
        before.add("--no-new-keyring");
      }
      OciLaunch launch =
          new OciLaunch(
              container,
              (restore.isPresent() ? "restore" : "create")
                  + " container "
                  + spec.id()
                  + " with "
                  + sandbox.host().config().name(),
              before,
              spec.id(),
              process.terminal(),
              root,
              spec.input(),
              spec.log(),
              Optional.empty(),
              spec.preserveFds(),
              container.member(rootIn(container)));
      if (restore.isPresent()) {
        checkpoints.working("restore.log", launch::run);
      } else {
        launch.run();
      }
      config.linux().flatMap(Linux::resources).ifPresent(container::tellSystemd);
      container.phase(OciRecord.Phase.CREATED);
      return container;
    } catch (RuntimeException e) {
      try {
        container.abandon();
      } catch (RuntimeException again) {
        e.addSuppressed(again);
      }
      throw e;
    }
  }

  private String rootIn(OciContainer container) {
    return switch (spec.root()) {
      case RootFilesystem.Directory(Path path) -> path.toString();
      case RootFilesystem.Overlay _ -> sandbox.path(container.bundle()) + "/" + ROOTFS;
    };
  }

  /** Writes the bundle; what has to be mounted in it, if anything. */
  private Optional<LauncherPlan.Root> bundle(OciContainer container, String cgroupsPath) {
    var linux = sandbox.host().linux();
    var directory = sandbox.files().directory();
    Trees.make(linux, directory, container.bundle());
    String bundle = sandbox.path(container.bundle());
    Optional<LauncherPlan.Root> mounted = Optional.empty();
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
        path = bundle + "/" + ROOTFS;
        mounted =
            Optional.of(
                new LauncherPlan.Root(Optional.of(overlay), path, Bundles.mountOf(linux, path)));
      }
    }
    RuntimeConfig adapted =
        config
            .withOciVersion(OCI_VERSION)
            .withRoot(new Root(path, config.root().map(Root::readonly).orElse(false)))
            .withMounts(Bundles.absolute(config.mounts(), spec.bundle()))
            .withAnnotations(Bundles.annotations(config.annotations(), cgroupsPath))
            .withLinux(config.linux().orElse(Linux.empty()).withCgroupsPath(cgroupsPath));
    sandbox.files().write("config.new", RuntimeConfigJson.write(adapted));
    linux
        .descriptors()
        .renameat(directory, "config.new", directory, container.bundle() + "/config.json");
    return mounted;
  }
}
