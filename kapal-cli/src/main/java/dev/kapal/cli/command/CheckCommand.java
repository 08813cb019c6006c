package dev.kapal.cli.command;

import static dev.kapal.cli.model.Option.flag;
import static dev.kapal.cli.model.Option.list;
import static dev.kapal.cli.model.Option.value;

import dev.kapal.cli.model.Completion;
import dev.kapal.cli.model.Invocation;
import dev.kapal.cli.model.Leaf;
import dev.kapal.cli.model.UsageException;
import dev.kapal.cli.output.Json;
import dev.kapal.cli.output.Text;
import dev.kapal.cli.trial.EngineTrials;
import dev.kapal.config.ConfigSource;
import dev.kapal.config.check.CheckReport;
import dev.kapal.config.check.Finding;
import dev.kapal.config.check.HostCheck;
import dev.kapal.config.check.KnownFailures;
import dev.kapal.config.check.probe.LinuxHost;
import dev.kapal.config.text.Problem;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/** check: what will fail, why, and what to do. */
final class CheckCommand {
  private static final String KUBERNETES = "kubernetes";

  private CheckCommand() {}

  static final Leaf CHECK =
      Leaf.named("check")
          .section(SystemCommands.ENGINE)
          .summary("Check this host and its runtimes: what fails, why, and what to do")
          .description(
              "Look at the kernel, control groups, storage, networks, limits, virtualisation, configurations, and"
                  + " every runtime, by doing what containers need: a container is really run, a guest really"
                  + " executed. With RUNTIME only those runtimes are checked, and with the word kubernetes what a"
                  + " kubelet would miss. The exit status is 1 if something fails, with --strict also if"
                  + " something is only worth a warning. Without a daemon: kapald --check.")
          .operands("[RUNTIME...|kubernetes]", 0, Integer.MAX_VALUE)
          .completes(Completion.RUNTIME)
          .example("kapal check", "everything")
          .example("kapal check runsc", "one runtime, with a container that is really run")
          .example("kapal check --registry registry.example:5000", "also whether it answers")
          .example(
              "kapal check kubernetes --runtime-classes classes.yaml",
              "whether this node fits a kubelet and these handlers")
          .example(
              "kapal check --explain 'unknown service runtime.v1.RuntimeService'",
              "what an error message of another engine means")
          .options(
              value("explain", "TEXT", "Explain an error message, and check nothing"),
              flag("json", "Print JSON"),
              value(
                      "kubelet-config",
                      "FILE",
                      "KubeletConfiguration or edgecore.yaml of this node, for kubernetes")
                  .completes(Completion.FILE),
              flag("online", "Reach the registries that configurations name, too"),
              flag("quiet", "Print only what is not ok").letter('q'),
              list("registry", "HOST[:PORT]", "Reach this registry"),
              value("runtime-classes", "FILE", "RuntimeClass objects in YAML, for kubernetes")
                  .completes(Completion.FILE),
              flag("strict", "Let warnings count as failures"))
          .does(CheckCommand::check);

  private static int check(Invocation i) {
    Optional<String> message = i.arguments().value("explain");
    if (message.isPresent()) {
      return explain(i, message.get());
    }
    boolean json = i.flag("json");
    Printer printer = new Printer(i, i.flag("quiet"));
    Consumer<Finding> progress = json ? finding -> {} : printer::print;
    CheckReport report;
    try (EngineTrials trials = new EngineTrials(i.services().scratch(), i.services().linux())) {
      HostCheck check =
          new HostCheck(new LinuxHost(i.services().linux(), System.getenv()), request(i), trials);
      List<String> chosen = i.operands();
      if (chosen.isEmpty()) {
        report = check.everything(progress);
      } else if (chosen.contains(KUBERNETES)) {
        if (chosen.size() > 1) {
          throw new UsageException(
              "\"kubernetes\" stands alone: kapal check kubernetes", UsageException.BAD_OPTION);
        }
        report = check.kubernetes(progress);
      } else {
        report = check.runtimes(chosen, progress);
      }
    }
    if (json) {
      i.out().line(Json.pretty(json(report)));
    } else {
      printer.summary(report);
    }
    return report.exitStatus(i.flag("strict"));
  }

  private static HostCheck.Request request(Invocation i) {
    ConfigSource.Loaded loaded = i.services().configuration().source().load();
    List<Problem> problems =
        loaded instanceof ConfigSource.Loaded.Bad bad ? bad.problems() : List.of();
    Optional<Path> classes =
        i.arguments()
            .value("runtime-classes")
            .map(file -> Path.of(i.context().resolve(file)).normalize());
    return new HostCheck.Request(
        i.services().configuration().current(),
        problems,
        i.arguments().list("registry"),
        i.flag("online"),
        classes,
        i.arguments()
            .value("kubelet-config")
            .map(file -> Path.of(i.context().resolve(file)).normalize())
            .map(HostCheck.Places.standard()::withKubelet)
            .orElseGet(HostCheck.Places::standard));
  }

  private static int explain(Invocation i, String message) {
    Optional<KnownFailures.Explanation> known = KnownFailures.explain(message);
    if (known.isEmpty()) {
      i.err().line("kapal: this message is not known; kapal check looks at the host itself");
      return 1;
    }
    i.out().line(known.get().cause() + ".");
    i.out().line("To do: " + known.get().remedy() + ".");
    return 0;
  }

  private static Map<String, Object> json(CheckReport report) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put(
        "findings",
        report.findings().stream()
            .map(f -> {
              Map<String, Object> map = new LinkedHashMap<>();
              map.put("id", f.id());
              map.put("group", f.group());
              map.put("subject", f.subject());
              map.put("status", f.status().word());
              map.put("sentence", f.sentence());
              map.put("remedy", f.remedy());
              return map;
            })
            .toList());
    json.put("ok", report.count(Finding.Status.OK));
    json.put("warnings", report.count(Finding.Status.WARNING));
    json.put("failures", report.count(Finding.Status.FAILURE));
    return json;
  }

  /** Prints findings as they come, under their headings. Used by one thread. */
  private static final class Printer {
    private static final String INDENT = " ".repeat(11);
    private static final int WIDEST = 120;

    private final Invocation i;
    private final boolean quiet;
    private String heading = "";

    Printer(Invocation i, boolean quiet) {
      this.i = i;
      this.quiet = quiet;
    }

    void print(Finding finding) {
      if (quiet && finding.status() == Finding.Status.OK) {
        return;
      }
      if (!finding.group().equals(heading)) {
        i.out().line((heading.isEmpty() ? "" : "\n") + i.style().bold(finding.group()));
        heading = finding.group();
      }
      String word = finding.status().word();
      String mark =
          switch (finding.status()) {
            case OK -> i.style().green(word);
            case WARNING -> i.style().yellow(word);
            case FAILURE -> i.style().red(word);
          };
      String gap = " ".repeat(INDENT.length() - 2 - word.length());
      int width = Math.clamp(i.columns(), 60, WIDEST) - INDENT.length();
      List<String> lines = Text.wrap(Text.tame(finding.sentence()), width);
      i.out().line("  " + mark + gap + lines.getFirst());
      lines.stream().skip(1).forEach(line -> i.out().line(INDENT + line));
      if (!finding.remedy().isEmpty()) {
        Text.wrap("to do: " + Text.tame(finding.remedy()), width)
            .forEach(line -> i.out().line(INDENT + i.style().dim(line)));
      }
      i.out().flush();
    }

    void summary(CheckReport report) {
      long warnings = report.count(Finding.Status.WARNING);
      long failures = report.count(Finding.Status.FAILURE);
      String line =
          report.count(Finding.Status.OK)
              + " ok, "
              + warnings
              + (warnings == 1 ? " warning, " : " warnings, ")
              + failures
              + (failures == 1 ? " failure" : " failures");
      i.out().line((heading.isEmpty() ? "" : "\n") + i.style().bold(line));
    }
  }
}
