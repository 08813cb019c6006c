package dev.kapal.daemon;

import dev.kapal.cli.context.LiveConfiguration;
import dev.kapal.config.CgroupSetup;
import dev.kapal.config.ConfigDiff;
import dev.kapal.config.ConfigSource;
import dev.kapal.config.KapalConfig;
import dev.kapal.config.runtime.PathLookup;
import dev.kapal.config.schema.Key;
import dev.kapal.config.schema.Schema;
import dev.kapal.config.text.Problem;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;

/** The daemon's configuration, and taking over another one while it runs. */
final class LiveConfig implements LiveConfiguration {
  private static final Logger LOG = System.getLogger(LiveConfig.class.getName());

  private final ConfigSource source;
  private final KapalConfig started;
  private final Wiring.Parts parts;
  private final Telemetry telemetry;
  private final List<String> startedWith;
  private volatile KapalConfig current;

  LiveConfig(ConfigSource source, KapalConfig started, Wiring.Parts parts, Telemetry telemetry) {
    this.telemetry = telemetry;
    this.source = source;
    this.started = started;
    this.parts = parts;
    this.startedWith = parts.runtimes();
    this.current = started;
  }

  @Override
  public ConfigSource source() {
    return source;
  }

  @Override
  public KapalConfig current() {
    return current;
  }

  @Override
  public List<Change> pending() {
    return changes(started, current, startedWith).stream()
        .filter(change -> change.effect() == Effect.RESTART)
        .toList();
  }

  /** Says in the log what is set and does nothing. */
  void warn() {
    offers(current).warnings().forEach(warning -> LOG.log(Level.WARNING, "{0}", warning));
    current
        .withoutEffect()
        .forEach(setting ->
            LOG.log(
                Level.WARNING,
                "{0}: {1} has no effect in this version of Kapal",
                setting.origin(),
                setting.path()));
  }

  /** Begins to tell what the configuration wants told; nobody waits for that. */
  synchronized void tell() {
    telemetry
        .use(current)
        .ifPresent(problem -> LOG.log(Level.ERROR, "{0}; the daemon serves all the same", problem));
  }

  @Override
  public synchronized Reloaded reload() {
    return switch (source.load()) {
      case ConfigSource.Loaded.Good good -> {
        List<Problem> problems =
            new ArrayList<>(Translation.problems(good.config(), offers(good.config()).names()));
        CgroupSetup.host(good.config()).problem().ifPresent(problems::add);
        if (problems.isEmpty()) {
          telemetry.use(good.config()).ifPresent(problems::add);
        }
        yield problems.isEmpty() ? take(good.config()) : refuse(problems);
      }
      case ConfigSource.Loaded.Bad bad -> refuse(bad.problems());
    };
  }

  private Reloaded take(KapalConfig fresh) {
    List<Change> changes = changes(current, fresh, parts.runtimes());
    parts.offer(offers(fresh));
    if (!fresh.registries().equals(current.registries())) {
      parts.useRegistries(fresh);
    }
    parts.useDefaults(fresh);
    Logging.level(fresh.daemon().logLevel());
    current = fresh;
    LOG.log(Level.INFO, "the configuration was read again; changes: {0}", changes.size());
    changes.forEach(change -> LOG.log(Level.INFO, "{0}", change.line()));
    if (!changes.isEmpty()) {
      warn();
    }
    return new Reloaded(List.of(), changes);
  }

  private static Reloaded refuse(List<Problem> problems) {
    LOG.log(Level.ERROR, "the configuration has faults; nothing was changed");
    problems.forEach(problem -> LOG.log(Level.ERROR, "{0}", problem));
    return new Reloaded(problems, List.of());
  }

  private static Offers offers(KapalConfig config) {
    return Offers.of(config, PathLookup.system(), CgroupSetup.host(config));
  }

  private static List<Change> changes(KapalConfig before, KapalConfig after, List<String> known) {
    return ConfigDiff.between(before, after).changes().stream()
        .map(change -> new Change(change, effect(change, known)))
        .toList();
  }

  /** A runtime that is there already stays as it is: containers may have it. */
  private static Effect effect(ConfigDiff.Change change, List<String> known) {
    List<String> key = change.key().parts();
    boolean effective = Schema.find(change.key()).map(Key::effective).orElse(false);
    boolean there = key.getFirst().equals("runtimes") && known.contains(key.get(1));
    return !effective ? Effect.NONE : change.restart() || there ? Effect.RESTART : Effect.NOW;
  }
}
