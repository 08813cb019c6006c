package dev.kapal.runtime.dropin;

import static dev.kapal.linux.Fcntl.O_CREAT;
import static dev.kapal.linux.Fcntl.O_DIRECTORY;
import static dev.kapal.linux.Fcntl.O_PATH;
import static dev.kapal.linux.Fcntl.O_TRUNC;
import static dev.kapal.linux.Fcntl.O_WRONLY;

import dev.kapal.linux.CgroupException;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.oci.runtime.Namespace;
import dev.kapal.runtime.wire.MessageWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** {@code checkpoint}: has CRIU save a container, and removes it unless it is to go on. */
final class Checkpoint {
  static final Flags.Spec SPEC =
      new Flags.Spec(
          with(
              CriuOptions.BOOLEANS,
              "leave-running",
              "tcp-skip-in-flight",
              "link-remap",
              "pre-dump"),
          with(CriuOptions.VALUES, "parent-path", "status-fd", "page-server"),
          java.util.Map.of(),
          true);

  private static final String LOG = "dump.log";
  private static final Duration THAW = Duration.ofSeconds(10);

  private final Session session;
  private final Linux linux;
  private final Flags flags;

  Checkpoint(Session session, Flags flags) {
    this.session = session;
    this.linux = session.host().linux();
    this.flags = flags;
  }

  static Set<String> with(Set<String> names, String... more) {
    return Stream.concat(names.stream(), Stream.of(more)).collect(Collectors.toUnmodifiableSet());
  }

  void run() {
    try (Kept kept = session.store().locked(flags.argument(0, "the container's ID"))) {
      Kept.Status status = kept.status();
      if (status != Kept.Status.RUNNING && status != Kept.Status.PAUSED) {
        throw new CommandFailed("Container cannot be checkpointed in " + status.word() + " state");
      }
      boolean preDump = flags.is("pre-dump");
      try (CriuOptions options = CriuOptions.open(session, flags, LOG, true)) {
        MessageWriter message = message(kept, options, preDump);
        if (!preDump) {
          mounts(kept, message);
          writeDescriptors(kept, options);
        }
        save(kept, options, message, status);
      }
      if (!preDump && !flags.is("leave-running")) {
        remove(kept);
      }
    }
  }

  private MessageWriter message(Kept kept, CriuOptions options, boolean preDump) {
    MessageWriter message =
        options
            .message(kept.record().annotations())
            .number(2, kept.record().pid())
            .flag(3, flags.is("leave-running"))
            .text(13, kept.record().rootfs())
            .flag(18, flags.is("link-remap"))
            .flag(46, flags.is("tcp-skip-in-flight"));
    flags
        .value("parent-path")
        .ifPresent(parent -> {
          checkParent(options, parent);
          message.text(14, parent).flag(15, true);
        });
    if (preDump) {
      message.flag(15, true);
    }
    flags.value("page-server").ifPresent(server -> message.message(11, pageServer(server)));
    freezer(kept).ifPresent(path -> message.text(44, path));
    message.texts(37, external(kept));
    return message;
  }

  private void checkParent(CriuOptions options, String parent) {
    if (parent.startsWith("/")) {
      throw new CommandFailed("--parent-path must be relative");
    }
    try {
      linux.descriptors().openat(options.images(), parent, O_PATH | O_DIRECTORY).close();
    } catch (ErrnoException e) {
      throw new CommandFailed("invalid --parent-path: " + parent + ": " + e.errno().message(), e);
    }
  }

  private static MessageWriter pageServer(String text) {
    int colon = text.lastIndexOf(':');
    if (colon <= 0 || !text.substring(colon + 1).matches("[0-9]{1,5}")) {
      throw new CommandFailed("Use --page-server ADDRESS:PORT to specify page server");
    }
    String address = text.substring(0, colon).replaceAll("^\\[(.*)]$", "$1");
    return new MessageWriter()
        .text(1, address)
        .number(2, Integer.parseInt(text.substring(colon + 1)));
  }

  /** Where all processes can be stopped at once, so that none is missed. */
  private static Optional<String> freezer(Kept kept) {
    var directories = kept.cgroup().directories();
    return Optional.ofNullable(directories.get("freezer"))
        .or(() -> Optional.ofNullable(directories.get("")));
  }

  /** Namespaces that were there before the container: CRIU saves nothing of them. */
  private List<String> external(Kept kept) {
    List<String> all = new ArrayList<>();
    for (var kind : CriuOptions.EXTERNAL) {
      if (kept.linux().namespace(kind.getKey()).flatMap(Namespace::path).isPresent()) {
        // "net:[4026531840]" is "net[4026531840]:" and a name to CRIU.
        String link =
            linux
                .processes()
                .namespace(kept.record().pid(), kind.getValue())
                .orElseThrow(() ->
                    new CommandFailed(
                        "the "
                            + kind.getValue()
                            + " namespace of container "
                            + kept.id()
                            + " is not known"));
        all.add(link.replace(":", "") + ":" + CriuOptions.external(kind.getValue()));
      }
    }
    return all;
  }

  /** What is bound into the container from outside. */
  private void mounts(Kept kept, MessageWriter message) {
    Set<String> there = new HashSet<>();
    linux.mounts().mountInfo(kept.record().pid()).forEach(m -> there.add(m.mountPoint()));
    ExternalMounts.of(session.host(), kept.config(), kept.record(), kept.cgroup()).keySet().stream()
        .filter(there::contains)
        .forEach(place -> CriuOptions.mount(message, place, place));
    Path root = Path.of("/proc/" + kept.record().pid() + "/root");
    try (Fd in = linux.descriptors().open(root.toString(), O_PATH | O_DIRECTORY)) {
      for (String masked : kept.linux().maskedPaths()) {
        if (there.contains(masked) && !directory(in, masked)) {
          CriuOptions.mount(message, masked, ExternalMounts.NULL);
        }
      }
    } catch (ErrnoException e) {
      throw new CommandFailed("the container's root cannot be opened: " + e.getMessage(), e);
    }
  }

  /** Directories are masked with a tmpfs, which CRIU saves. */
  private boolean directory(Fd root, String path) {
    try (Fd fd = linux.descriptors().openInRoot(root, path, O_PATH)) {
      return linux.descriptors().fstat(fd).isDirectory();
    } catch (ErrnoException e) {
      return true;
    }
  }

  private void writeDescriptors(Kept kept, CriuOptions options) {
    List<String> targets = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      try {
        targets.add(
            Files.readSymbolicLink(Path.of("/proc/" + kept.record().pid() + "/fd/" + i))
                .toString());
      } catch (IOException e) {
        targets.add("");
      }
    }
    try (Fd file =
        linux
            .descriptors()
            .openat(
                options.images(), CriuOptions.DESCRIPTORS, O_WRONLY | O_CREAT | O_TRUNC, 0600)) {
      linux.descriptors().writeFully(file, Json.bytes(targets));
    } catch (ErrnoException e) {
      throw new CommandFailed(CriuOptions.DESCRIPTORS + " cannot be written: " + e.getMessage(), e);
    }
  }

  private void save(Kept kept, CriuOptions options, MessageWriter message, Kept.Status before) {
    Criu.Request request = flags.is("pre-dump") ? Criu.Request.PRE_DUMP : Criu.Request.DUMP;
    Optional<StatusFd> status = StatusFd.of(session, flags);
    try (Criu criu = Criu.start(session, Optional.empty(), Launcher.NONE, List.of())) {
      criu.run(
          request,
          options.directories(criu, message),
          (step, _, descriptor) -> {
            descriptor.ifPresent(Fd::close);
            if (step.equals("status-ready")) {
              status.ifPresent(StatusFd::ready);
            }
          });
    } catch (CommandFailed e) {
      throw options.explain(e);
    } finally {
      status.ifPresent(StatusFd::close);
      // A CRIU that was killed leaves them frozen.
      if (before == Kept.Status.RUNNING && kept.alive()) {
        thaw(kept);
      }
    }
  }

  private void thaw(Kept kept) {
    try {
      if (kept.cgroup().isFrozen()) {
        kept.cgroup().thaw(THAW);
      }
    } catch (CgroupException e) {
      session.console().warn(String.valueOf(e.getMessage()));
    }
  }

  private void remove(Kept kept) {
    try {
      new Removal(session).remove(kept);
    } catch (CommandFailed e) {
      session.console().warn(String.valueOf(e.getMessage()));
    }
  }
}
