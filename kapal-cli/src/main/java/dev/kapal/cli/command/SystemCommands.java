package dev.kapal.cli.command;

import static dev.kapal.cli.model.Option.flag;
import static dev.kapal.cli.model.Option.value;

import dev.kapal.cli.model.Group;
import dev.kapal.cli.model.Invocation;
import dev.kapal.cli.model.Leaf;
import dev.kapal.cli.output.Humans;
import dev.kapal.cli.output.Json;
import dev.kapal.cli.parse.Scalars;
import dev.kapal.cli.template.Struct;
import dev.kapal.cli.template.Template;
import dev.kapal.engine.EngineSystem;
import dev.kapal.engine.EngineSystem.DiskUsage.Category;
import dev.kapal.engine.EngineSystem.Finding;
import dev.kapal.engine.Filters;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** version, info and system. */
final class SystemCommands {
  static final String MANAGE = "Volumes, networks and more";
  static final String ENGINE = "Kapal itself";

  private SystemCommands() {}

  static final Leaf VERSION =
      Leaf.named("version")
          .section(ENGINE)
          .summary("Show the version of Kapal")
          .example("kapal version -f '{{.Version}}'", "the number alone")
          .options(
              value("format", "FORMAT", "Print by a Go template, or 'json'")
                  .letter('f')
                  .among("json"))
          .does(SystemCommands::version);

  static final Leaf INFO =
      Leaf.named("info")
          .section(ENGINE)
          .summary("Show facts about the engine and the host")
          .example("kapal info -f '{{.CgroupVersion}}'", "one of them")
          .options(
              value("format", "FORMAT", "Print by a Go template, or 'json'")
                  .letter('f')
                  .among("json"))
          .does(SystemCommands::info);

  private static final Leaf DF =
      Leaf.named("df")
          .summary("Show what is used on disk")
          .example("kapal system df", "how much, and what a clean-up would free")
          .options(
              Listing.FORMAT,
              flag("verbose", "Show each image, container and volume too").letter('v'))
          .does(SystemCommands::df);

  private static final Leaf CHECK =
      Leaf.named("check")
          .summary("Look for damage in the store, and mend it")
          .description(
              "Look for damage: records without files, files without records, blobs that are not what their"
                  + " digest says. The exit status is 1 when damage stays.")
          .example("kapal system check", "look only")
          .example("kapal system check --repair", "mend what can be mended")
          .options(
              flag("repair", "Mend what can be mended"),
              value("format", "FORMAT", "Print by a Go template, or 'json'").among("json"))
          .does(SystemCommands::check);

  private static final Leaf PRUNE =
      Leaf.named("prune")
          .summary("Remove what nothing uses")
          .example("kapal system prune -af --volumes", "everything unused, without asking")
          .options(
              flag("all", "Also images with a name").letter('a'),
              flag("volumes", "Also anonymous volumes"),
              Prune.FORCE,
              Prune.FILTER)
          .does(SystemCommands::prune);

  private static final Leaf SHUTDOWN =
      Leaf.named("shutdown")
          .summary("Stop all containers and the daemon")
          .description(
              "Stop all containers and then the daemon. To stop the daemon alone send it SIGTERM:"
                  + " containers go on without it.")
          .example("kapal system shutdown -t 60", "give containers a minute")
          .options(value("time", "SECONDS", "Seconds until SIGKILL (default 10)").letter('t'))
          .does(i -> {
            long seconds =
                i.arguments()
                    .value("time")
                    .map(t -> Scalars.number("time", t, 0, Integer.MAX_VALUE))
                    .orElse(10L);
            i.engine().system().stopAll(Duration.ofSeconds(seconds));
            i.services().shutdown().run();
            return 0;
          });

  static final Group GROUP =
      new Group(
          "system",
          List.of(),
          "The engine: disk usage, checks, clean-up, shutdown",
          ENGINE,
          false,
          List.of(
              CHECK,
              DF,
              EventsCommand.EVENTS.as("events", "Commands"),
              INFO.as("info", "Commands"),
              PRUNE,
              ConfigCommands.RELOAD,
              SHUTDOWN));

  private static int version(Invocation i) {
    Struct json =
        new Struct()
            .with("Version", i.services().version())
            .with("GitCommit", i.services().commit())
            .with("JavaVersion", Runtime.version().toString())
            .with("Os", "linux")
            .with("Arch", architecture());
    String format = i.arguments().value("format").orElse("");
    if (format.isEmpty()) {
      i.out().line("Kapal " + i.services().version() + " (" + i.services().commit() + ")");
      i.out().line("Java " + Runtime.version() + ", linux/" + architecture());
    } else {
      Struct whole = new Struct();
      whole.putAll(json);
      whole.with("Client", json).with("Server", json);
      i.out()
          .line(format.equals("json") ? Json.compact(json) : Template.parse(format).apply(whole));
    }
    return 0;
  }

  private static String architecture() {
    return switch (System.getProperty("os.arch", "")) {
      case "amd64", "x86_64" -> "amd64";
      case "aarch64" -> "arm64";
      case String other -> other;
    };
  }

  private static int info(Invocation i) {
    EngineSystem.Info info = i.engine().system().info();
    String format = i.arguments().value("format").orElse("");
    if (!format.isEmpty()) {
      Struct json = json(info);
      i.out().line(format.equals("json") ? Json.compact(json) : Template.parse(format).apply(json));
      return 0;
    }
    List<String[]> rows = new ArrayList<>();
    rows.add(row("Version", info.engineVersion() + " (" + info.engineCommit() + ")"));
    rows.add(
        row(
            "Containers",
            info.containers()
                + " ("
                + info.running()
                + " running, "
                + info.paused()
                + " paused, "
                + info.stopped()
                + " stopped)"));
    rows.add(row("Images", Integer.toString(info.images())));
    rows.add(row("Storage driver", info.storageDriver()));
    rows.add(row("Data directory", info.dataDir()));
    rows.add(row("State directory", info.stateDir()));
    rows.add(row("Runtimes", String.join(" ", info.runtimes())));
    rows.add(row("Default runtime", info.defaultRuntime()));
    rows.add(row("Log drivers", String.join(" ", info.logDrivers())));
    rows.add(row("Security", String.join(" ", info.securityOptions())));
    rows.add(row("Cgroups", info.cgroupVersion() + ", " + info.cgroupDriver()));
    rows.add(row("Host", info.hostName()));
    rows.add(row("Operating system", info.operatingSystem()));
    rows.add(row("Kernel", info.kernelVersion()));
    rows.add(row("Architecture", info.architecture()));
    rows.add(row("CPUs", Integer.toString(info.cpus())));
    rows.add(row("Memory", Humans.binarySize(info.memory())));
    rows.add(row("Started", Humans.ago(info.started(), i.now())));
    info.more().forEach((name, text) -> rows.add(row(name, text)));
    int widest = rows.stream().mapToInt(r -> r[0].length()).max().orElse(0);
    for (String[] r : rows) {
      i.out()
          .line(
              i.style().bold(r[0] + ":")
                  + " ".repeat(widest - r[0].length() + 1)
                  + dev.kapal.cli.output.Text.tame(r[1]));
    }
    i.out().flush();
    info.warnings().forEach(warning -> i.err().line("WARNING: " + warning));
    return 0;
  }

  private static String[] row(String name, String text) {
    return new String[] {name, text};
  }

  /** As docker tells it: beside version 1, version 2 has no controllers. */
  private static String cgroupVersion(String mode) {
    return switch (mode) {
      case "v2" -> "2";
      case "v1", "hybrid" -> "1";
      default -> "";
    };
  }

  /** As {@code uname -m} and docker name it. */
  private static String machine(String architecture) {
    return architecture.equals("amd64") ? "x86_64" : architecture;
  }

  private static Struct json(EngineSystem.Info info) {
    return new Struct()
        .with("ID", info.id())
        .with("Containers", (long) info.containers())
        .with("ContainersRunning", (long) info.running())
        .with("ContainersPaused", (long) info.paused())
        .with("ContainersStopped", (long) info.stopped())
        .with("Images", (long) info.images())
        .with("Driver", info.storageDriver())
        .with("LoggingDriver", info.logDrivers().isEmpty() ? "" : info.logDrivers().getFirst())
        .with("CgroupDriver", info.cgroupDriver())
        .with("CgroupVersion", cgroupVersion(info.cgroupVersion()))
        .with("KernelVersion", info.kernelVersion())
        .with("OperatingSystem", info.operatingSystem())
        .with("OSType", "linux")
        .with("Architecture", machine(info.architecture()))
        .with("NCPU", (long) info.cpus())
        .with("MemTotal", info.memory())
        .with("DockerRootDir", info.dataDir())
        .with("StateDir", info.stateDir())
        .with("Name", info.hostName())
        .with("ServerVersion", info.engineVersion())
        .with("Runtimes", info.runtimes())
        .with("DefaultRuntime", info.defaultRuntime())
        .with("SecurityOptions", info.securityOptions())
        .with("Warnings", info.warnings());
  }

  private static int df(Invocation i) {
    EngineSystem.DiskUsage usage = i.engine().system().diskUsage();
    List<Struct> rows =
        List.of(
            category("Images", usage.images()),
            category("Containers", usage.containers()),
            category("Local Volumes", usage.volumes()));
    Listing.of(
            List.of("Type", "TotalCount", "Active", "Size", "Reclaimable"),
            "Type",
            "TYPE",
            "TotalCount",
            "TOTAL",
            "Active",
            "ACTIVE",
            "Size",
            "SIZE",
            "Reclaimable",
            "RECLAIMABLE")
        .print(i, rows);
    if (i.flag("verbose")) {
      i.out().print(UsageTables.of(i));
    }
    i.out().flush();
    usage.notes().forEach(note -> i.err().line("Note: " + note));
    return 0;
  }

  private static Struct category(String name, Category c) {
    String percent =
        c.size() > 0 ? " (" + Math.round(100.0 * c.reclaimable() / c.size()) + "%)" : "";
    return new Struct()
        .with("Type", name)
        .with("TotalCount", Integer.toString(c.count()))
        .with("Active", Integer.toString(c.active()))
        .with("Size", Humans.size(c.size()))
        .with("Reclaimable", Humans.size(c.reclaimable()) + percent);
  }

  private static int check(Invocation i) {
    List<Finding> findings = i.engine().system().check(i.flag("repair"));
    if (i.arguments().has("format")) {
      Listing.of(List.of("Severity", "Subject", "Problem", "Remedy", "Repaired"))
          .print(i, findings.stream().map(SystemCommands::row).toList());
    } else {
      for (Finding f : findings) {
        String mark =
            f.repaired()
                ? i.style().green("repaired")
                : f.severity() == Finding.Severity.DAMAGE ? i.style().red("damage") : "warning";
        i.out()
            .line(
                mark
                    + ": "
                    + f.subject()
                    + ": "
                    + f.problem()
                    + (f.remedy().isEmpty() ? "" : "; " + f.remedy()));
      }
      if (findings.isEmpty()) {
        i.out().line("No damage found.");
      }
    }
    boolean damaged =
        findings.stream().anyMatch(f -> f.severity() == Finding.Severity.DAMAGE && !f.repaired());
    return damaged ? 1 : 0;
  }

  private static Struct row(Finding f) {
    return new Struct()
        .with("Severity", f.severity().name().toLowerCase(java.util.Locale.ROOT))
        .with("Subject", f.subject())
        .with("Problem", f.problem())
        .with("Remedy", f.remedy())
        .with("Repaired", f.repaired());
  }

  private static int prune(Invocation i) {
    Filters filters = LifeCommands.filters(i);
    List<String> parts =
        new ArrayList<>(
            List.of("all containers that do not run", "all networks that no container has"));
    parts.add(i.flag("all") ? "all images that no container uses" : "all images without a name");
    if (i.flag("volumes")) {
      parts.add("all anonymous volumes that no container has");
    }
    if (!Prune.agreed(i, "This removes " + String.join(", ", parts) + ".")) {
      return 1;
    }
    EngineSystem.PruneSummary summary =
        i.engine().system().prune(i.flag("all"), i.flag("volumes"), filters);
    Prune.print(i, "Deleted Containers", summary.containers());
    Prune.print(i, "Deleted Networks", summary.networks());
    summary.volumes().ifPresent(volumes -> Prune.print(i, "Deleted Volumes", volumes));
    Prune.print(i, "Deleted Images", summary.images());
    i.out().line("Total reclaimed space: " + Humans.size(summary.reclaimed()));
    return 0;
  }
}
