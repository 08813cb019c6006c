package dev.kapal.engine.core;

import dev.kapal.engine.Containers.ProcessTable;
import dev.kapal.engine.EngineException;
import dev.kapal.linux.ProcessInfo;
import dev.kapal.linux.Processes;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/** A container's processes in ps(1)'s columns, without running ps. */
final class Top {
  private static final DateTimeFormatter START = DateTimeFormatter.ofPattern("HH:mm");
  private static final long TICKS = 100;

  private record Column(String title, Function<ProcessInfo, String> value) {}

  private static final Map<String, Column> COLUMNS = new LinkedHashMap<>();

  static {
    add("uid", "UID", p -> Long.toString(p.uid()));
    add("user", "USER", p -> p.uid() == 0 ? "root" : Long.toString(p.uid()));
    add("pid", "PID", p -> Integer.toString(p.pid()));
    add("ppid", "PPID", p -> Integer.toString(p.parent()));
    add("c", "C", p -> "0");
    add("%cpu", "%CPU", Top::cpu);
    add("pcpu", "%CPU", Top::cpu);
    add("%mem", "%MEM", Top::memory);
    add("pmem", "%MEM", Top::memory);
    add("vsz", "VSZ", p -> Long.toString(p.virtualBytes() / 1024));
    add("rss", "RSS", p -> Long.toString(p.residentBytes() / 1024));
    add("tty", "TTY", Top::tty);
    add("tname", "TTY", Top::tty);
    add("stat", "STAT", p -> String.valueOf(p.state()));
    add("state", "S", p -> String.valueOf(p.state()));
    add("s", "S", p -> String.valueOf(p.state()));
    add("stime", "STIME", Top::start);
    add("start", "START", Top::start);
    add("time", "TIME", Top::time);
    add("etime", "ELAPSED", Top::elapsed);
    add("nlwp", "NLWP", p -> Integer.toString(p.threads()));
    add("comm", "COMMAND", ProcessInfo::name);
    add("cmd", "CMD", Top::command);
    add("args", "COMMAND", Top::command);
    add("command", "COMMAND", Top::command);
    add("sid", "SID", p -> Integer.toString(p.session()));
  }

  private Top() {}

  private static void add(String name, String title, Function<ProcessInfo, String> value) {
    COLUMNS.put(name, new Column(title, value));
  }

  static ProcessTable of(Processes processes, List<Integer> pids, List<String> arguments) {
    List<Column> columns = columns(arguments);
    List<List<String>> rows = new ArrayList<>();
    for (int pid : pids.stream().sorted().toList()) {
      processes
          .info(pid)
          .ifPresent(p -> rows.add(columns.stream().map(c -> c.value().apply(p)).toList()));
    }
    return new ProcessTable(columns.stream().map(Column::title).toList(), rows);
  }

  private static List<Column> columns(List<String> arguments) {
    String joined = String.join(" ", arguments).strip();
    return switch (joined) {
      case "", "-ef", "ef", "-e -f" ->
          named("uid", "pid", "ppid", "c", "stime", "tty", "time", "cmd");
      case "aux", "-aux", "a u x", "u", "-u" ->
          named(
              "user", "pid", "%cpu", "%mem", "vsz", "rss", "tty", "stat", "start", "time",
              "command");
      case "-e", "-A" -> named("pid", "tty", "time", "comm");
      default -> chosen(joined);
    };
  }

  private static List<Column> chosen(String arguments) {
    String list = arguments.replaceFirst("^(-?e(f)? +)?", "");
    if (!list.startsWith("-o") && !list.startsWith("o ")) {
      throw new EngineException.InvalidArgument(
          "top does not know \""
              + arguments
              + "\": use -ef, aux or -o with columns, as in -o pid,comm");
    }
    String names = list.replaceAll("(^| +)-?o *", ",").replaceAll("^,+", "");
    return named(names.toLowerCase(Locale.ROOT).split("[, ]+"));
  }

  private static List<Column> named(String... names) {
    List<Column> all = new ArrayList<>();
    for (String n : names) {
      Column c = COLUMNS.get(n);
      if (c == null) {
        throw new EngineException.InvalidArgument(
            "top does not know the column \""
                + n
                + "\": use "
                + String.join(", ", COLUMNS.keySet()));
      }
      all.add(c);
    }
    return all;
  }

  private static String command(ProcessInfo p) {
    return p.command().isEmpty() ? "[" + p.name() + "]" : String.join(" ", p.command());
  }

  private static String tty(ProcessInfo p) {
    int major = p.terminal().major();
    return major == 0
        ? "?"
        : major == 136 ? "pts/" + p.terminal().minor() : "tty" + p.terminal().minor();
  }

  private static Duration age(ProcessInfo p) {
    Duration up = Duration.ofNanos(System.nanoTime());
    Duration at = Duration.ofMillis(p.startTime() * 1000 / TICKS);
    return up.compareTo(at) > 0 ? up.minus(at) : Duration.ZERO;
  }

  private static String start(ProcessInfo p) {
    return START.format(Instant.now().minus(age(p)).atZone(ZoneId.systemDefault()));
  }

  private static String clock(Duration d) {
    return String.format(
        Locale.ROOT, "%02d:%02d:%02d", d.toHours(), d.toMinutesPart(), d.toSecondsPart());
  }

  private static String time(ProcessInfo p) {
    return clock(p.userTime().plus(p.systemTime()));
  }

  private static String elapsed(ProcessInfo p) {
    return clock(age(p));
  }

  private static String cpu(ProcessInfo p) {
    double age = Math.max(0.01, age(p).toMillis() / 1000.0);
    double used = p.userTime().plus(p.systemTime()).toMillis() / 1000.0;
    return String.format(Locale.ROOT, "%.1f", 100 * used / age);
  }

  private static String memory(ProcessInfo p) {
    return String.format(
        Locale.ROOT,
        "%.1f",
        100.0 * p.residentBytes() / Math.max(1, StatsReader.meminfo("MemTotal")));
  }
}
