package dev.kapal.daemon;

import dev.kapal.cli.Version;
import dev.kapal.config.KapalConfig;
import dev.kapal.config.runtime.PathLookup;
import dev.kapal.config.runtime.ResolvedRuntime;
import dev.kapal.config.runtime.RuntimeEntry;
import dev.kapal.config.runtime.RuntimeNames;
import dev.kapal.config.text.ConfigException;
import dev.kapal.engine.Containers;
import dev.kapal.engine.Engine;
import dev.kapal.engine.EngineNetworks;
import dev.kapal.engine.EngineSystem;
import dev.kapal.engine.Events;
import dev.kapal.engine.Execs;
import dev.kapal.engine.Pods;
import dev.kapal.engine.Volumes;
import dev.kapal.image.Images;
import dev.kapal.linux.Linux;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * An engine for trials: over folders inside the daemon's own, so on the same file systems, which go
 * with it. Folders of one whose process was killed are removed by the next.
 */
final class ScratchEngine implements Engine {
  private static final String PREFIX = "check-";

  private final Engine engine;
  private final List<Path> folders;

  private ScratchEngine(Engine engine, List<Path> folders) {
    this.engine = engine;
    this.folders = folders;
  }

  /** Opens one; see {@link dev.kapal.cli.context.Scratch#open}. */
  static Engine open(Linux linux, KapalConfig config, Version version, Duration limit) {
    KapalConfig.Daemon daemon = config.daemon();
    String name = PREFIX + ProcessHandle.current().pid() + "-" + System.nanoTime();
    Path run = daemon.runDir().resolve(name);
    Path data = daemon.dataDir().resolve(name);
    try {
      Folders.make(daemon);
      removeStale(daemon.runDir());
      removeStale(daemon.dataDir());
      KapalConfig moved = moved(config, run, data, limit);
      Folders.make(moved.daemon());
      Wiring.Parts parts = Wiring.parts(linux, moved, version);
      return new ScratchEngine(parts.engine(), List.of(run, data));
    } catch (IOException e) {
      List.of(run, data).forEach(ScratchEngine::remove);
      throw new UncheckedIOException(
          "a folder in "
              + daemon.runDir()
              + " or "
              + daemon.dataDir()
              + " cannot be made: "
              + e.getMessage()
              + "; are you root?",
          e);
    } catch (RuntimeException | LinkageError e) {
      List.of(run, data).forEach(ScratchEngine::remove);
      throw e;
    }
  }

  /** The same configuration elsewhere, and with less patience. */
  static KapalConfig moved(KapalConfig config, Path run, Path data, Duration limit) {
    KapalConfig.Daemon daemon = config.daemon();
    SortedMap<String, RuntimeEntry> runtimes = new TreeMap<>();
    RuntimeNames names = new RuntimeNames(config.runtimes(), PathLookup.system());
    for (String name : names.usable()) {
      entry(names, name)
          .ifPresent(entry -> {
            Duration time = entry.createTimeout();
            runtimes.put(name, entry.withCreateTimeout(time.compareTo(limit) > 0 ? limit : time));
          });
    }
    return new KapalConfig(
        new KapalConfig.Daemon(
            run,
            data,
            daemon.cgroupDriver(),
            daemon.cgroupParent(),
            daemon.group(),
            daemon.logLevel()),
        config.containers(),
        config.registries(),
        config.network(),
        config.cri(),
        config.metrics(),
        config.tracing(),
        runtimes,
        config.settings());
  }

  private static Optional<RuntimeEntry> entry(RuntimeNames names, String name) {
    try {
      ResolvedRuntime found = names.resolve(name);
      return found instanceof ResolvedRuntime.BuiltIn
          ? Optional.empty()
          : Optional.of(found.entry());
    } catch (ConfigException.UnknownRuntime _) {
      return Optional.empty();
    }
  }

  private static void removeStale(Path parent) throws IOException {
    try (Stream<Path> all = Files.list(parent)) {
      for (Path folder : all.toList()) {
        String[] words = String.valueOf(folder.getFileName()).split("-", -1);
        if (words.length == 3
            && words[0].equals("check")
            && words[1].matches("[0-9]{1,9}")
            && !Files.exists(Path.of("/proc", words[1]))) {
          remove(folder);
        }
      }
    }
  }

  /**
   * Nothing in it is followed: what containers wrote lies below, and links are removed as links.
   */
  private static void remove(Path folder) {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (IOException | UncheckedIOException e) {
      if (Files.exists(folder)) {
        System.getLogger(ScratchEngine.class.getName())
            .log(System.Logger.Level.WARNING, "{0} stays: {1}", folder, e.getMessage());
      }
    }
  }

  @Override
  public Containers containers() {
    return engine.containers();
  }

  @Override
  public Pods pods() {
    return engine.pods();
  }

  @Override
  public Execs execs() {
    return engine.execs();
  }

  @Override
  public Images images() {
    return engine.images();
  }

  @Override
  public Volumes volumes() {
    return engine.volumes();
  }

  @Override
  public EngineNetworks networks() {
    return engine.networks();
  }

  @Override
  public Events events() {
    return engine.events();
  }

  @Override
  public EngineSystem system() {
    return engine.system();
  }

  @Override
  public void close() {
    engine.close();
    folders.forEach(ScratchEngine::remove);
  }
}
