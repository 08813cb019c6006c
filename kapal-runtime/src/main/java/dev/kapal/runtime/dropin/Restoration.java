package dev.kapal.runtime.dropin;

import static dev.kapal.linux.Fcntl.O_RDONLY;

import dev.kapal.linux.Cgroup;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.ExitStatus;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.oci.runtime.Hooks;
import dev.kapal.oci.runtime.Namespace;
import dev.kapal.oci.runtime.NamespaceType;
import dev.kapal.oci.runtime.RuntimeConfig;
import dev.kapal.oci.runtime.RuntimeConfigJson;
import dev.kapal.runtime.monitor.SandboxFiles;
import dev.kapal.runtime.monitor.SystemdScope;
import dev.kapal.runtime.wire.MessageWriter;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * {@code restore}: makes a container of what a checkpoint saved, or leaves nothing behind. As with
 * {@link Creation}, what is made is written down before it is made.
 */
final class Restoration {
  static final Flags.Spec SPEC =
      new Flags.Spec(
          Checkpoint.with(CriuOptions.BOOLEANS, "detach", "no-subreaper", "no-pivot"),
          Checkpoint.with(CriuOptions.VALUES, "bundle", "console-socket", "pid-file"),
          Map.of("b", "bundle", "d", "detach"),
          true);

  private static final String LOG = "restore.log";
  private static final int MOST = 1 << 16;

  private final Session session;
  private final DropInHost host;
  private final Linux linux;
  private final Flags flags;
  private final String id;
  private final Bundle bundle;
  private final RuntimeConfig config;
  private final dev.kapal.oci.runtime.Linux section;
  private final boolean detached;
  private final Terminal terminal;
  private Optional<ResourceControl> resources = Optional.empty();
  private Optional<Fd> master = Optional.empty();
  private int pid;

  Restoration(Session session, Flags flags) {
    this.session = session;
    this.host = session.host();
    this.linux = host.linux();
    this.flags = flags;
    this.id = flags.argument(0, "the container's ID");
    this.bundle = Bundle.open(session, flags.value("bundle").orElse("."));
    this.config = bundle.config();
    this.section = config.linux().orElse(dev.kapal.oci.runtime.Linux.empty());
    this.detached = flags.is("detach");
    this.terminal =
        Terminal.of(session, bundle.process().terminal(), detached, flags.value("console-socket"));
  }

  /** The exit code. */
  int run() {
    if (section.namespace(NamespaceType.CGROUP).flatMap(Namespace::path).isPresent()) {
      throw new CommandFailed("a container in another's cgroup namespace cannot be restored");
    }
    try (CriuOptions options = CriuOptions.open(session, flags, LOG, false)) {
      restore(options);
      flags.value("pid-file").ifPresent(file -> PidFile.write(session, file, pid));
      if (detached) {
        return 0;
      }
      int launch = session.front().adopt(pid, master);
      if (master.isPresent()) {
        terminal.take(Optional.empty());
      }
      int status = Foreground.await(session, launch);
      new Removal(session).run(id, true);
      return ExitStatus.ofWaitStatus(status).shellCode();
    } finally {
      master.ifPresent(Fd::close);
    }
  }

  private void restore(CriuOptions options) {
    Placement placement = Placement.of(session, section, id);
    ContainerRecord record =
        new ContainerRecord(
            id,
            bundle.path().toString(),
            bundle.rootfs().toString(),
            Instant.now().toString(),
            0,
            0,
            session.command().pid(),
            linux.processes().startTime(session.command().pid()).orElse(0L),
            placement.path(),
            config.annotations());
    try (SandboxFiles files = session.store().claim(id)) {
      placement.check(files);
      Cgroup cgroup = host.cgroups().open(placement.path());
      Optional<SystemdScope> scope = Optional.empty();
      try {
        resources = ResourceControl.checked(session, section.intelRdt(), id);
        files.write(Kept.CONFIG, RuntimeConfigJson.write(config));
        files.write(Store.STATE, Json.bytes(record));
        new MountPoints(linux, bundle.path(), bundle.rootfs(), config.mounts()).make();
        scope = placement.scope();
        Cgroup made = placement.make();
        cgroup = made;
        criu(options, files, made, record);
        resources.ifPresent(r -> {
          r.enter(pid);
          made.processes().forEach(r::join);
        });
      } catch (CommandFailed e) {
        undo(files, cgroup, e);
        throw options.explain(e);
      } catch (RuntimeException e) {
        undo(files, cgroup, e);
        throw e;
      } finally {
        scope.ifPresent(SystemdScope::close);
      }
    }
  }

  private void criu(
      CriuOptions options, SandboxFiles files, Cgroup cgroup, ContainerRecord record) {
    MessageWriter message =
        options
            .message(config.annotations())
            .flag(6, true)
            .flag(26, true)
            .text(13, record.rootfs());
    List<Fd> passed = new ArrayList<>();
    try {
      namespaces(message, passed);
      streams(options, message);
      ExternalMounts.of(host, config, record, cgroup)
          .forEach((place, source) -> CriuOptions.mount(message, place, source));
      if (!section.maskedPaths().isEmpty()) {
        CriuOptions.mount(message, ExternalMounts.NULL, ExternalMounts.NULL);
      }
      try (Criu criu =
          Criu.start(session, Optional.of(bundle.rootfs()), terminal.streams(), passed)) {
        // What it restores begins where it is.
        cgroup.add(criu.pid());
        linux
            .processes()
            .cgroups(criu.pid())
            .forEach((controllers, path) ->
                message.message(
                    25, new MessageWriter().texts(1, List.of(controllers)).text(2, path)));
        criu.run(
            Criu.Request.RESTORE,
            options.directories(criu, message),
            (step, process, descriptor) -> reached(step, process, descriptor, files, record));
      }
    } finally {
      passed.forEach(Fd::close);
    }
  }

  private void reached(
      String step, int process, Optional<Fd> descriptor, SandboxFiles files, ContainerRecord made) {
    switch (step) {
      case "setup-namespaces" -> {
        Hooks hooks = config.hooks();
        HookCalls calls = new HookCalls(session, made, config);
        calls.outside("prestart", hooks.prestart(), "creating", process);
        calls.outside("createRuntime", hooks.createRuntime(), "creating", process);
      }
      case "orphan-pts-master" -> {
        if (terminal.relayed()) {
          master = descriptor;
          return;
        }
        if (bundle.process().terminal()) {
          terminal.take(descriptor);
          return;
        }
      }
      case "post-restore" -> {
        pid = process;
        timeNamespace(files);
        files.write(
            Store.STATE,
            Json.bytes(made.withProcess(pid, linux.processes().startTime(pid).orElse(0L))));
      }
      default -> {}
    }
    descriptor.ifPresent(Fd::close);
  }

  /** So that its clocks go on, CRIU puts it into a time namespace, which further processes join. */
  private void timeNamespace(SandboxFiles files) {
    Optional<String> its = linux.processes().namespace(pid, "time");
    Optional<String> ours = linux.processes().namespace(session.command().pid(), "time");
    if (section.namespace(NamespaceType.TIME).isEmpty() && !its.equals(ours)) {
      List<Namespace> namespaces = new ArrayList<>(section.namespaces());
      namespaces.add(Namespace.create(NamespaceType.TIME));
      files.write(
          Kept.CONFIG,
          RuntimeConfigJson.write(config.withLinux(section.withNamespaces(namespaces))));
    }
  }

  /** Namespaces that are there already. */
  private void namespaces(MessageWriter message, List<Fd> passed) {
    for (Namespace namespace : section.namespaces()) {
      Optional<String> kind =
          CriuOptions.EXTERNAL.stream()
              .filter(e -> e.getKey() == namespace.type())
              .map(Map.Entry::getValue)
              .findFirst();
      if (namespace.path().isEmpty()) {
        continue;
      }
      String path = namespace.path().get();
      if (kind.isPresent()) {
        inherit(message, CriuOptions.external(kind.get()), Criu.PASSED + passed.size());
        passed.add(open(path));
      } else {
        message.message(39, new MessageWriter().text(1, namespace.type().procName()).text(2, path));
      }
    }
  }

  private Fd open(String path) {
    try {
      return linux.descriptors().open(path, O_RDONLY);
    } catch (ErrnoException e) {
      throw new CommandFailed("the namespace " + path + " cannot be opened: " + e.getMessage(), e);
    }
  }

  /** The pipes that were its standard streams are the caller's of now. */
  private void streams(CriuOptions options, MessageWriter message) {
    try (Fd file =
        linux.descriptors().openat(options.images(), CriuOptions.DESCRIPTORS, O_RDONLY)) {
      List<String> targets = Json.readTexts(linux.descriptors().readFully(file, MOST));
      for (int i = 0; i < Math.min(3, targets.size()); i++) {
        if (targets.get(i).startsWith("pipe:")) {
          inherit(message, targets.get(i), i);
        }
      }
    } catch (ErrnoException e) {
      throw new CommandFailed(
          "there is no checkpoint in the directory with images: "
              + CriuOptions.DESCRIPTORS
              + ": "
              + e.errno().message(),
          e);
    }
  }

  private static void inherit(MessageWriter message, String key, int fd) {
    message.message(27, new MessageWriter().text(1, key).given(2, fd));
  }

  private void undo(SandboxFiles files, Cgroup cgroup, RuntimeException cause) {
    try {
      if (cgroup.exists()) {
        cgroup.kill(Creation.KILL);
        cgroup.delete(Creation.KILL);
      }
      resources.ifPresent(ResourceControl::remove);
      files.removeAll();
    } catch (RuntimeException e) {
      cause.addSuppressed(e);
    }
  }
}
