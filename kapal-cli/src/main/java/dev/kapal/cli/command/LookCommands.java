package dev.kapal.cli.command;

import static dev.kapal.cli.model.Option.flag;
import static dev.kapal.cli.model.Option.value;

import dev.kapal.cli.model.Completion;
import dev.kapal.cli.model.Invocation;
import dev.kapal.cli.model.Leaf;
import dev.kapal.cli.model.UsageException;
import dev.kapal.cli.output.Output;
import dev.kapal.cli.output.Table;
import dev.kapal.cli.output.Text;
import dev.kapal.cli.parse.Scalars;
import dev.kapal.cli.template.Struct;
import dev.kapal.engine.ContainerInfo;
import dev.kapal.engine.Containers;
import dev.kapal.engine.LogEntry;
import dev.kapal.engine.LogOptions;
import dev.kapal.engine.LogReader;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;

/** What shows containers: ps, logs, top, port, diff. */
final class LookCommands {
  static final String SECTION = "Look at containers";

  private static final DateTimeFormatter STAMP =
      DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSSSSSSS'Z'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);

  private LookCommands() {}

  static final Leaf PS =
      Leaf.named("ps")
          .section(SECTION)
          .summary("List containers")
          .description("List the containers that run, or with -a all of them, newest first.")
          .example("kapal ps -a", "all containers")
          .example("kapal ps -q --filter status=exited", "IDs of those that ended")
          .example(
              "kapal ps --format 'table {{.Names}}\\t{{.Status}}'", "two columns of your choice")
          .options(
              flag("all", "Show those too that do not run").letter('a'),
              Listing.FILTER,
              Listing.FORMAT,
              value("last", "N", "Show the N made last, whatever they do").letter('n'),
              flag("latest", "Show the one made last").letter('l'),
              Listing.NO_TRUNC,
              Listing.QUIET,
              flag("size", "Show how much they have written").letter('s'))
          .does(LookCommands::ps);

  static final Leaf LOGS =
      Leaf.named("logs")
          .section(SECTION)
          .summary("Show what a container printed")
          .operands("CONTAINER", 1, 1)
          .completesOnly(Completion.CONTAINER)
          .example("kapal logs -f --tail 20 web", "the last 20 lines, and what comes")
          .example("kapal logs --since 10m web", "the last ten minutes")
          .options(
              flag("follow", "Wait for more").letter('f'),
              value("since", "TIME", "From this time on: a timestamp, or how long ago as in 10m"),
              value("until", "TIME", "Up to this time"),
              value("tail", "N", "The last N lines only (default all)").letter('n'),
              flag("timestamps", "Begin lines with their time").letter('t'),
              flag("details", "Ignored").hide())
          .does(LookCommands::logs);

  static final Leaf TOP =
      Leaf.named("top")
          .section(SECTION)
          .summary("Show the processes of a container")
          .operands("CONTAINER [PS OPTIONS]", 1, Integer.MAX_VALUE)
          .stopsAtOperand()
          .completesOnly(Completion.RUNNING)
          .example("kapal top web -o pid,comm", "two columns of ps")
          .does(i -> {
            Containers.ProcessTable top =
                i.engine()
                    .containers()
                    .top(i.arguments().operand(0), i.operands().subList(1, i.operands().size()));
            Table table = new Table().row(top.titles());
            top.rows().forEach(table::row);
            i.out().print(table.render());
            return 0;
          });

  static final Leaf PORT =
      Leaf.named("port")
          .section(SECTION)
          .summary("Show the published ports of a container")
          .operands("CONTAINER [PORT[/PROTO]]", 1, 2)
          .completesOnly(Completion.RUNNING)
          .example("kapal port web 80", "where port 80 is reachable")
          .does(LookCommands::port);

  static final Leaf DIFF =
      Leaf.named("diff")
          .section(SECTION)
          .summary("Show what a container changed in its files")
          .description("List files that differ from the image: A added, C changed, D deleted.")
          .operands("CONTAINER", 1, 1)
          .completesOnly(Completion.CONTAINER)
          .example("kapal diff web", "its changes")
          .options(Listing.FORMAT)
          .does(LookCommands::diff);

  private static int ps(Invocation i) {
    long last =
        i.flag("latest")
            ? 1
            : i.arguments()
                .value("last")
                .map(n -> Scalars.number("last", n, -1, Integer.MAX_VALUE))
                .orElse(-1L);
    boolean all =
        i.flag("all")
            || last > 0
            || i.arguments().list("filter").stream()
                .anyMatch(f -> f.startsWith("status=") || f.startsWith("exited="));
    List<ContainerInfo> found = i.engine().containers().list(all, LifeCommands.filters(i));
    if (last > 0) {
      found = found.subList(0, (int) Math.min(last, found.size()));
    }
    boolean whole = i.flag("no-trunc");
    if (i.flag("quiet")) {
      found.forEach(c -> i.out().line(whole ? c.id() : c.shortId()));
      return 0;
    }
    boolean size = i.flag("size") || i.arguments().value("format").orElse("").contains(".Size");
    List<Struct> rows = new ArrayList<>();
    for (ContainerInfo c : found) {
      Optional<Containers.DiskUse> use =
          size ? Optional.of(i.engine().containers().size(c.id())) : Optional.empty();
      rows.add(ContainerRows.row(c, whole, i.now(), i.zone(), use));
    }
    Listing listing = ContainerRows.LISTING;
    if (i.flag("size")) {
      List<String> columns = new ArrayList<>(listing.columns());
      columns.add("Size");
      listing = listing.withColumns(columns);
    }
    listing.print(i, rows);
    return 0;
  }

  private static int logs(Invocation i) throws InterruptedException {
    Optional<String> tail =
        i.arguments().value("tail").filter(n -> !n.equals("all") && !n.startsWith("-"));
    LogOptions options =
        new LogOptions(
            true,
            true,
            i.flag("follow"),
            i.arguments().value("since").map(t -> Scalars.moment("since", t, i.now(), i.zone())),
            i.arguments().value("until").map(t -> Scalars.moment("until", t, i.now(), i.zone())),
            tail.map(n -> OptionalLong.of(Scalars.number("tail", n, 0, Long.MAX_VALUE)))
                .orElse(OptionalLong.empty()));
    boolean stamps = i.flag("timestamps");
    Output before = i.out();
    try (LogReader reader = i.engine().containers().logs(i.arguments().operand(0), options)) {
      for (Optional<LogEntry> next = reader.next(); next.isPresent(); next = reader.next()) {
        LogEntry entry = next.get();
        Output to = entry.stream() == LogEntry.Stream.STDOUT ? i.out() : i.err();
        if (!to.equals(before)) {
          before.flush();
          before = to;
        }
        if (stamps) {
          to.print(STAMP.format(entry.time()) + " ");
        }
        to.write(entry.line(), 0, entry.line().length);
        if (options.follow()) {
          to.flush();
        }
      }
    }
    return 0;
  }

  private static int port(Invocation i) {
    ContainerInfo c = i.engine().containers().inspect(i.arguments().operand(0));
    Optional<String> wanted =
        i.operands().size() > 1
            ? Optional.of(i.arguments().operand(1)).map(p -> p.contains("/") ? p : p + "/tcp")
            : Optional.empty();
    boolean any = false;
    for (ContainerInfo.PublishedPort p : c.ports()) {
      String inside = p.containerPort() + "/" + p.protocol();
      if (p.hostPort().isEmpty() || !inside.equals(wanted.orElse(inside))) {
        continue;
      }
      any = true;
      String outside = ContainerRows.address(p.hostAddress()) + ":" + p.hostPort().getAsInt();
      i.out().line(wanted.isPresent() ? outside : inside + " -> " + outside);
    }
    if (wanted.isPresent() && !any) {
      throw new CommandFailedException(
          "container \""
              + c.name()
              + "\" publishes no port "
              + wanted.get()
              + ": see 'kapal port "
              + c.name()
              + "'",
          1);
    }
    return 0;
  }

  private static int diff(Invocation i) {
    List<Containers.Change> changes = i.engine().containers().diff(i.arguments().operand(0));
    if (i.arguments().has("format")) {
      Listing.of(List.of("Type", "Path"), "Type", "CHANGE TYPE", "Path", "PATH")
          .print(
              i,
              changes.stream()
                  .map(c -> new Struct().with("Type", letter(c)).with("Path", c.path()))
                  .toList());
      return 0;
    }
    changes.forEach(
        c -> i.out().line(letter(c) + " " + (i.out().terminal() ? Text.tame(c.path()) : c.path())));
    return 0;
  }

  private static String letter(Containers.Change change) {
    return switch (change.kind()) {
      case ADDED -> "A";
      case CHANGED -> "C";
      case DELETED -> "D";
    };
  }

  static UsageException unknown(String option, String text, String remedy) {
    return new UsageException("invalid value \"" + text + "\" for --" + option + ": " + remedy);
  }
}
