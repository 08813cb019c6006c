package dev.kapal.cli.command;

import static dev.kapal.cli.model.Option.flag;

import dev.kapal.cli.model.Completion;
import dev.kapal.cli.model.Invocation;
import dev.kapal.cli.model.Leaf;
import dev.kapal.cli.output.Humans;
import dev.kapal.cli.output.Output;
import dev.kapal.cli.template.Struct;
import dev.kapal.engine.ContainerInfo;
import dev.kapal.engine.ContainerStats;
import dev.kapal.engine.Containers;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.Filters;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** stats: what containers use, as a live screen or once. */
final class StatsCommand {
  private static final long PERIOD_MILLIS = 1000;
  private static final long FIRST_MILLIS = 250;

  private static final Listing LISTING =
      Listing.of(
          List.of("ID", "Name", "CPUPerc", "MemUsage", "MemPerc", "NetIO", "BlockIO", "PIDs"),
          "ID",
          "CONTAINER ID",
          "Container",
          "CONTAINER",
          "Name",
          "NAME",
          "CPUPerc",
          "CPU %",
          "MemUsage",
          "MEM USAGE / LIMIT",
          "MemPerc",
          "MEM %",
          "NetIO",
          "NET I/O",
          "BlockIO",
          "BLOCK I/O",
          "PIDs",
          "PIDS");

  private StatsCommand() {}

  static final Leaf STATS =
      Leaf.named("stats")
          .section(LookCommands.SECTION)
          .summary("Show what containers use, as it changes")
          .operands("[CONTAINER...]", 0, Integer.MAX_VALUE)
          .completes(Completion.RUNNING)
          .example("kapal stats", "a live table of all that run")
          .example(
              "kapal stats --no-stream --format '{{.Name}} {{.MemUsage}}'",
              "once, in your own form")
          .options(
              flag("all", "Show those too that do not run").letter('a'),
              flag("no-stream", "Print once and end"),
              Listing.NO_TRUNC,
              Listing.FORMAT)
          .does(StatsCommand::run);

  private static int run(Invocation i) throws InterruptedException {
    boolean once = i.flag("no-stream");
    Map<String, ContainerStats> before = new HashMap<>();
    sample(i, before);
    Thread.sleep(FIRST_MILLIS);
    boolean screen =
        i.out().terminal() && !once && !i.arguments().value("format").orElse("").equals("json");
    while (true) {
      List<Struct> rows = sample(i, before);
      if (screen) {
        screen(i, rows);
      } else {
        LISTING.print(i, rows);
      }
      i.out().flush();
      if (once || (!i.operands().isEmpty() && rows.isEmpty())) {
        return 0;
      }
      Thread.sleep(PERIOD_MILLIS);
    }
  }

  /** Writes over the last screen line by line, so that nothing flickers. */
  private static void screen(Invocation i, List<Struct> rows) {
    StringBuilder text = new StringBuilder();
    Output memory =
        new Output(
            (bytes, offset, length) ->
                text.append(
                    new String(bytes, offset, length, java.nio.charset.StandardCharsets.UTF_8)),
            false);
    LISTING.print(
        new Invocation(i.path(), i.arguments(), i.context(), memory, memory, i.services()), rows);
    memory.flush();
    int most = Math.max(2, i.context().client().windowSize().rows() - 1);
    StringBuilder frame = new StringBuilder("\u001b[H");
    text.toString()
        .lines()
        .limit(most)
        .forEach(line ->
            frame.append(dev.kapal.cli.output.Text.cut(line, i.columns())).append("\u001b[K\n"));
    i.out().print(frame.append("\u001b[J").toString());
  }

  private static List<Struct> sample(Invocation i, Map<String, ContainerStats> before) {
    Containers containers = i.engine().containers();
    List<ContainerInfo> shown =
        i.operands().isEmpty()
            ? containers.list(i.flag("all"), Filters.NONE)
            : i.operands().stream().map(containers::inspect).toList();
    List<Struct> rows = new ArrayList<>();
    for (ContainerInfo c : shown) {
      try {
        ContainerStats now = containers.stats(c.id());
        Optional<ContainerStats> last = Optional.ofNullable(before.put(c.id(), now));
        rows.add(row(c, now, last, i.flag("no-trunc")));
      } catch (EngineException e) {
        // It was removed between the list and the sample.
        before.remove(c.id());
      }
    }
    return rows;
  }

  static Struct row(
      ContainerInfo c, ContainerStats now, Optional<ContainerStats> last, boolean whole) {
    long received = now.networks().values().stream().mapToLong(n -> n.receivedBytes()).sum();
    long sent = now.networks().values().stream().mapToLong(n -> n.sentBytes()).sum();
    double memory = now.memoryLimit() > 0 ? 100.0 * now.memory() / now.memoryLimit() : 0;
    return new Struct()
        .with("ID", whole ? c.id() : c.shortId())
        .with("Container", whole ? c.id() : c.shortId())
        .with("Name", c.name())
        .with("CPUPerc", percent(cpu(now, last)))
        .with(
            "MemUsage",
            Humans.binarySize(now.memory()) + " / " + Humans.binarySize(now.memoryLimit()))
        .with("MemPerc", percent(memory))
        .with("NetIO", Humans.size(received) + " / " + Humans.size(sent))
        .with("BlockIO", Humans.size(now.blockRead()) + " / " + Humans.size(now.blockWritten()))
        .with("PIDs", Long.toString(now.pids()));
  }

  /** Percent of one CPU between two samples, so that two busy CPUs are 200. */
  static double cpu(ContainerStats now, Optional<ContainerStats> last) {
    if (last.isEmpty()) {
      return 0;
    }
    long used = now.cpuNanos() - last.get().cpuNanos();
    long wall = java.time.Duration.between(last.get().time(), now.time()).toNanos();
    return used <= 0 || wall <= 0 ? 0 : 100.0 * used / wall;
  }

  private static String percent(double value) {
    return String.format(Locale.ROOT, "%.2f%%", value);
  }
}
