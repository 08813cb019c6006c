package dev.kapal.cli.compare;

import dev.kapal.cli.compare.Comparison.HostFacts;
import dev.kapal.cli.compare.Comparison.Measured;
import dev.kapal.cli.compare.Comparison.Unusable;
import dev.kapal.cli.model.Invocation;
import dev.kapal.cli.trial.EngineTrials;
import dev.kapal.config.KapalConfig;
import dev.kapal.config.check.CheckReport;
import dev.kapal.config.check.Finding;
import dev.kapal.config.check.HostCheck;
import dev.kapal.config.check.probe.LinuxHost;
import dev.kapal.config.runtime.PathLookup;
import dev.kapal.config.runtime.RuntimeNames;
import dev.kapal.config.text.ConfigException;
import dev.kapal.engine.EngineSystem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Consumer;

/** Checks each runtime, measures those that pass, and says why the others do not. */
public final class Comparer {
  private final Invocation i;
  private final String image;
  private final int count;
  private final RuntimeNames names;
  private final EngineSystem.Info info;

  /**
   * @param image of the container, in the store
   * @param count how often latencies are measured
   */
  public Comparer(Invocation i, String image, int count) {
    this.i = i;
    this.image = image;
    this.count = count;
    KapalConfig config = i.services().configuration().current();
    this.names = new RuntimeNames(config.runtimes(), PathLookup.system());
    this.info = i.engine().system().info();
  }

  /** The runtimes that there are, whether or not they can be used. */
  public List<String> all() {
    TreeSet<String> all = new TreeSet<>(info.runtimes());
    all.addAll(names.usable());
    return List.copyOf(all);
  }

  /**
   * Compares.
   *
   * @param progress gets a line for each thing that begins
   */
  public Result compare(List<String> runtimes, Consumer<String> progress)
      throws InterruptedException {
    List<Unusable> unusable = new ArrayList<>();
    List<Candidate> candidates = new ArrayList<>();
    try (EngineTrials trials = new EngineTrials(i.services().scratch(), i.services().linux())) {
      HostCheck check =
          new HostCheck(
              new LinuxHost(i.services().linux(), System.getenv()),
              HostCheck.Request.of(i.services().configuration().current()),
              trials);
      for (String name : runtimes) {
        progress.accept(name + ": check");
        CheckReport report = check.runtimes(List.of(name), f -> {});
        Optional<Finding> failure =
            report.findings().stream()
                .filter(f -> f.status() == Finding.Status.FAILURE)
                .findFirst();
        failure.ifPresentOrElse(
            f -> unusable.add(new Unusable(name, tier(name), f.sentence(), f.remedy())),
            () -> candidates.add(new Candidate(name, version(report))));
      }
    }
    List<Measured> measured = new ArrayList<>();
    try (ProbeProgram probe = ProbeProgram.in(Path.of(info.dataDir()))) {
      Measurer measurer =
          new Measurer(i.engine(), i.services().linux(), probe.file(), image, count);
      try (NetworkSink sink = measurer.sink()) {
        for (Candidate candidate : candidates) {
          if (info.runtimes().contains(candidate.name())) {
            measured.add(
                measurer.measure(
                    candidate.name(),
                    tier(candidate.name()),
                    candidate.version(),
                    sink,
                    what -> progress.accept(candidate.name() + ": " + what)));
          } else {
            unusable.add(
                new Unusable(
                    candidate.name(),
                    tier(candidate.name()),
                    "the daemon does not offer it yet",
                    "kapal system reload"));
          }
        }
      }
    }
    measured.sort(
        Comparator.comparingInt(
                (Measured m) -> List.of("native", "sandbox", "vm").indexOf(m.tier()))
            .thenComparingDouble(m -> m.value(Metric.START).orElse(Double.MAX_VALUE)));
    return new Result(
        new Comparison(
            new HostFacts(
                info.hostName(),
                info.kernelVersion(),
                info.architecture(),
                info.cpus(),
                info.memory()),
            image,
            count,
            i.now(),
            measured,
            unusable));
  }

  /** What came of it, in all its forms. */
  public static final class Result {
    private final Comparison comparison;

    Result(Comparison comparison) {
      this.comparison = comparison;
    }

    /** As rows of text. */
    public String table() {
      return ComparisonTable.of(comparison);
    }

    /** As a tree of maps. */
    public Object json() {
      return comparison.json();
    }

    /** As a page. */
    public String html() {
      return ComparisonHtml.of(comparison);
    }

    /** A line for each runtime that cannot be used, and each value that could not be had. */
    public List<String> notes() {
      List<String> notes = new ArrayList<>();
      comparison
          .measured()
          .forEach(m ->
              m.problems()
                  .forEach((metric, why) ->
                      notes.add(
                          m.name() + ": " + metric.title().toLowerCase(Locale.ROOT) + ": " + why)));
      comparison.unusable().forEach(u -> notes.add(u.name() + ": not usable: " + u.reason()));
      return notes;
    }

    /** Whether at least one could be measured. */
    public boolean any() {
      return !comparison.measured().isEmpty();
    }
  }

  private record Candidate(String name, String version) {}

  private String version(CheckReport report) {
    return report.findings().stream()
        .filter(f -> f.id().equals("runtime.version"))
        .map(Finding::sentence)
        .findFirst()
        .orElse("kapal " + i.services().version());
  }

  private String tier(String name) {
    try {
      return names.resolve(name).entry().tier().name().toLowerCase(Locale.ROOT);
    } catch (ConfigException.UnknownRuntime _) {
      return i.services()
          .configuration()
          .current()
          .runtime(name)
          .map(r -> r.tier().name().toLowerCase(Locale.ROOT))
          .orElse("");
    }
  }
}
