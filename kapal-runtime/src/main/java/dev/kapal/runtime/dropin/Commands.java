package dev.kapal.runtime.dropin;

import dev.kapal.linux.ExitStatus;
import dev.kapal.linux.Signals;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The commands by name. */
final class Commands {
  private static final Map<String, String> NO_ALIASES = Map.of();
  private static final Map<String, String> BUNDLE = Map.of("b", "bundle");
  private static final Flags.Spec NOTHING = new Flags.Spec(Set.of(), Set.of(), NO_ALIASES, true);
  private static final Flags.Spec CREATE =
      new Flags.Spec(
          Set.of("no-pivot", "no-new-keyring", "no-subreaper"),
          Set.of("bundle", "console-socket", "pid-file", "pidfd-socket", "preserve-fds"),
          BUNDLE,
          true);
  private static final Flags.Spec RUN =
      new Flags.Spec(
          Set.of("no-pivot", "no-new-keyring", "no-subreaper", "detach", "keep"),
          CREATE.values(),
          Map.of("b", "bundle", "d", "detach"),
          true);
  private static final Flags.Spec KILL =
      new Flags.Spec(Set.of("all"), Set.of(), Map.of("a", "all"), true);
  private static final Flags.Spec DELETE =
      new Flags.Spec(Set.of("force"), Set.of(), Map.of("f", "force"), true);
  private static final Set<String> COMMANDS =
      Set.of(
          "create",
          "start",
          "run",
          "state",
          "kill",
          "delete",
          "exec",
          "pause",
          "resume",
          "update",
          "events",
          "ps",
          "list",
          "features",
          "spec",
          "checkpoint",
          "restore");
  private static final Duration FREEZE = Duration.ofSeconds(10);

  private final Session session;
  private final String version;

  Commands(Session session, String version) {
    this.session = session;
    this.version = version;
  }

  int run() {
    Globals globals = session.globals();
    if (globals.version()) {
      session.console().print(Texts.version(version));
      return 0;
    }
    if (globals.help() || globals.command().isEmpty()) {
      session.console().print(Texts.HELP);
      return 0;
    }
    String name = globals.command().getFirst();
    List<String> words = globals.command().subList(1, globals.command().size());
    if (COMMANDS.contains(name) && (words.contains("--help") || words.contains("-h"))) {
      session.console().print(Texts.HELP);
      return 0;
    }
    return switch (name) {
      case "help" -> {
        session.console().print(Texts.HELP);
        yield 0;
      }
      case "create" -> create(Flags.parse(words, CREATE));
      case "run" -> runContainer(Flags.parse(words, RUN));
      case "start" -> start(Flags.parse(words, NOTHING));
      case "state" -> state(Flags.parse(words, NOTHING));
      case "kill" -> kill(Flags.parse(words, KILL));
      case "delete" -> delete(Flags.parse(words, DELETE));
      case "exec" -> new Exec(session, Flags.parse(words, Exec.SPEC)).run();
      case "pause" -> pause(Flags.parse(words, NOTHING));
      case "resume" -> resume(Flags.parse(words, NOTHING));
      case "update" -> {
        new Update(session, Flags.parse(words, Update.SPEC)).run();
        yield 0;
      }
      case "events" -> {
        new Usage(session, Flags.parse(words, Usage.SPEC)).run();
        yield 0;
      }
      case "ps" -> {
        new Listing(session).processes(Flags.parse(words, Listing.PS));
        yield 0;
      }
      case "list" -> {
        new Listing(session).list(Flags.parse(words, Listing.LIST));
        yield 0;
      }
      case "features" -> {
        Flags.parse(words, NOTHING);
        session.console().print(Json.pretty(Features.document(session.host().facts(), version)));
        yield 0;
      }
      case "spec" -> {
        SpecCommand.run(session, Flags.parse(words, SpecCommand.SPEC));
        yield 0;
      }
      case "checkpoint" -> {
        needsRoot("checkpoint");
        new Checkpoint(session, Flags.parse(words, Checkpoint.SPEC)).run();
        yield 0;
      }
      case "restore" -> {
        needsRoot("restore");
        yield new Restoration(session, Flags.parse(words, Restoration.SPEC)).run();
      }
      default ->
          throw new CommandFailed(
              "no such command \"" + name + "\"; kapal-oci --help names them all");
    };
  }

  private static String id(Flags flags) {
    return flags.argument(0, "the container's ID");
  }

  private Creation.Made make(Flags flags, boolean detached) {
    Map<String, String> environment = session.command().environment();
    int sockets = listenFds(environment);
    Bundle bundle = Bundle.open(session, flags.value("bundle").orElse(".")).withSockets(sockets);
    Optional<String> notify = Optional.ofNullable(environment.get("NOTIFY_SOCKET"));
    Creation.Options options =
        new Creation.Options(
            id(flags),
            detached,
            flags.value("console-socket"),
            flags.value("pid-file"),
            flags.value("pidfd-socket"),
            flags.is("no-pivot"),
            flags.is("no-new-keyring"),
            sockets,
            flags.count("preserve-fds"));
    return new Creation(session, notify.map(bundle::withNotify).orElse(bundle), options).run();
  }

  /** Sockets that systemd passed to the caller, see sd_listen_fds(3). */
  private int listenFds(Map<String, String> environment) {
    String pid = environment.getOrDefault("LISTEN_PID", "");
    String count = environment.getOrDefault("LISTEN_FDS", "");
    boolean ours = pid.isEmpty() || pid.equals(Integer.toString(session.command().pid()));
    return ours && count.matches("[0-9]{1,2}") ? Integer.parseInt(count) : 0;
  }

  private int create(Flags flags) {
    make(flags, true);
    return 0;
  }

  private int start(Flags flags) {
    try (Kept kept = session.store().locked(id(flags))) {
      new Starter(session, kept).run();
    }
    return 0;
  }

  private int runContainer(Flags flags) {
    boolean detached = flags.is("detach");
    Creation.Made made = make(flags, detached);
    String id = made.record().id();
    try {
      start(flags);
    } catch (RuntimeException e) {
      new Removal(session).run(id, true);
      throw e;
    }
    if (detached) {
      return 0;
    }
    int status = Foreground.await(session, made.launch());
    if (!flags.is("keep")) {
      new Removal(session).run(id, true);
    }
    return ExitStatus.ofWaitStatus(status).shellCode();
  }

  private int state(Flags flags) {
    try (Kept kept = session.store().get(id(flags))) {
      session.console().print(Json.pretty(kept.state()));
    }
    return 0;
  }

  private int kill(Flags flags) {
    String text = flags.arguments().size() > 1 ? flags.arguments().get(1) : "TERM";
    int signal =
        Signals.parse(text)
            .or(() -> text.equals("0") ? Optional.of(0) : Optional.empty())
            .orElseThrow(() -> new CommandFailed("unknown signal \"" + text + "\""));
    try (Kept kept = session.store().get(id(flags))) {
      if (flags.is("all")) {
        Signalling.all(session.host().linux(), kept, signal);
      } else {
        if (kept.status() != Kept.Status.STOPPED) {
          Signalling.kill(session.host().linux(), kept, signal);
        } else if (!Signalling.killRest(session.host().linux(), kept, signal)) {
          throw Signalling.notRunning();
        }
      }
    }
    return 0;
  }

  private int pause(Flags flags) {
    try (Kept kept = session.store().locked(id(flags))) {
      Kept.Status status = kept.status();
      if (status != Kept.Status.RUNNING && status != Kept.Status.CREATED) {
        throw new CommandFailed("container not running or created: " + status.word());
      }
      kept.cgroupTo("pause").freeze(FREEZE);
    }
    return 0;
  }

  private int resume(Flags flags) {
    try (Kept kept = session.store().locked(id(flags))) {
      if (!kept.alive() || !kept.cgroup().isFrozen()) {
        throw new CommandFailed("container not paused");
      }
      kept.cgroup().thaw(FREEZE);
    }
    return 0;
  }

  /** CRIU restores what only the host's root may make. */
  private void needsRoot(String what) {
    if (session.host().facts().identity().rootless()) {
      throw new CommandFailed(
          what
              + " needs the host's root: CRIU works neither for an ordinary user nor in a user"
              + " namespace");
    }
  }

  private int delete(Flags flags) {
    new Removal(session).run(id(flags), flags.is("force"));
    return 0;
  }
}
