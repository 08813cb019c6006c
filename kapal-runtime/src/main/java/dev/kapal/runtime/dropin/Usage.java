package dev.kapal.runtime.dropin;

import static dev.kapal.linux.Fcntl.*;

import dev.kapal.linux.Cgroup;
import dev.kapal.linux.CgroupException;
import dev.kapal.linux.CgroupStats;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** {@code events}: what a container uses, once or again and again, and when memory ran out. */
final class Usage {
  static final Flags.Spec SPEC =
      new Flags.Spec(Set.of("stats"), Set.of("interval"), Map.of(), true);
  private static final Pattern TIME = Pattern.compile("([0-9]{1,9})(ms|s|m|h)");
  private static final Duration TICK = Duration.ofSeconds(1);
  private static final int LONGEST = 64 << 10;

  private final Session session;
  private final Flags flags;

  Usage(Session session, Flags flags) {
    this.session = session;
    this.flags = flags;
  }

  void run() {
    Duration interval = interval(flags.value("interval").orElse("5s"));
    try (Kept kept = session.store().get(flags.argument(0, "the container's ID"))) {
      if (!kept.alive()) {
        throw new CommandFailed("container with id " + kept.id() + " is not running");
      }
      Cgroup _ = kept.cgroupTo("tell what is used by");
      if (flags.is("stats")) {
        print(kept, "stats", document(session.host().linux(), kept.cgroup()));
        return;
      }
      follow(kept, interval);
    }
  }

  private void follow(Kept kept, Duration interval) {
    long kills = kept.cgroup().oomKills();
    long next = System.nanoTime() + interval.toNanos();
    while (kept.alive()) {
      Duration left = Duration.ofNanos(Math.max(1_000_000, next - System.nanoTime()));
      session.front().idle(left.compareTo(TICK) < 0 ? left : TICK);
      try {
        long now = kept.cgroup().oomKills();
        if (now > kills) {
          print(kept, "oom", Map.of());
        }
        kills = now;
        if (System.nanoTime() >= next) {
          print(kept, "stats", document(session.host().linux(), kept.cgroup()));
          next += interval.toNanos();
        }
      } catch (CgroupException _) {
        return; // It went away with the container.
      }
    }
  }

  private static Duration interval(String text) {
    Matcher m = TIME.matcher(text);
    if (m.matches()) {
      long n = Long.parseLong(m.group(1));
      Duration time =
          switch (m.group(2)) {
            case "ms" -> Duration.ofMillis(n);
            case "s" -> Duration.ofSeconds(n);
            case "m" -> Duration.ofMinutes(n);
            default -> Duration.ofHours(n);
          };
      if (time.isPositive()) {
        return time;
      }
    }
    throw new CommandFailed("duration interval must be greater than 0: \"" + text + "\"");
  }

  private void print(Kept kept, String type, Map<String, Object> data) {
    Map<String, Object> event = new LinkedHashMap<>();
    event.put("type", type);
    event.put("id", kept.id());
    if (!data.isEmpty()) {
      event.put("data", data);
    }
    session.console().print(Json.line(event));
  }

  private static Map<String, Object> document(Linux linux, Cgroup cgroup) {
    CgroupStats s = cgroup.stats();
    Map<String, Object> data = new LinkedHashMap<>();
    data.put(
        "cpu",
        Map.of(
            "usage",
            Map.of(
                "total", s.cpu().usage(),
                "kernel", s.cpu().system(),
                "user", s.cpu().user()),
            "throttling",
            Map.of(
                "periods", s.cpu().periods(),
                "throttledPeriods", s.cpu().throttledPeriods(),
                "throttledTime", s.cpu().throttled())));
    data.put("memory", memory(s.memory(), raw(linux, cgroup)));
    Map<String, Object> pids = new LinkedHashMap<>();
    pids.put("current", s.pids().current());
    if (s.pids().limit() != Long.MAX_VALUE) {
      pids.put("limit", s.pids().limit());
    }
    data.put("pids", pids);
    data.put("blkio", blkio(s.blockIo()));
    Map<String, Object> huge = new LinkedHashMap<>();
    s.hugePages()
        .forEach((size, h) ->
            huge.put(size, Map.of("usage", h.usage(), "max", h.peak(), "failcnt", h.failures())));
    data.put("hugetlb", huge);
    data.put("intel_rdt", Map.of());
    data.put("network_interfaces", List.of());
    return data;
  }

  private static Map<String, Object> memory(CgroupStats.Memory m, Map<String, Object> raw) {
    Map<String, Object> memory = new LinkedHashMap<>();
    memory.put("cache", m.cache());
    memory.put(
        "usage",
        Map.of(
            "limit", m.limit() == Long.MAX_VALUE ? -1L : m.limit(),
            "usage", m.usage(),
            "max", m.peak(),
            "failcnt", m.failures()));
    memory.put(
        "swap",
        Map.of(
            "limit",
            m.swapLimit() == Long.MAX_VALUE ? -1L : m.swapLimit(),
            "usage",
            m.swap(),
            "failcnt",
            0L));
    memory.put("kernel", Map.of("limit", 0L, "failcnt", 0L));
    memory.put("kernelTCP", Map.of("limit", 0L, "failcnt", 0L));
    memory.put("raw", raw);
    return memory;
  }

  /** The kernel's own table, which callers look single values up in. */
  private static Map<String, Object> raw(Linux linux, Cgroup cgroup) {
    Map<String, String> directories = cgroup.directories();
    String directory = directories.getOrDefault("memory", directories.getOrDefault("", ""));
    Map<String, Object> raw = new LinkedHashMap<>();
    try (Fd file = linux.descriptors().open(directory + "/memory.stat", O_RDONLY)) {
      String text =
          new String(linux.descriptors().readFully(file, LONGEST), StandardCharsets.US_ASCII);
      for (String line : text.lines().toList()) {
        int space = line.indexOf(' ');
        if (space > 0) {
          raw.put(line.substring(0, space), Long.parseUnsignedLong(line.substring(space + 1)));
        }
      }
    } catch (ErrnoException | NumberFormatException _) {
      return Map.of();
    }
    return raw;
  }

  private static Map<String, Object> blkio(List<CgroupStats.BlockIo> devices) {
    List<Map<String, Object>> bytes = new ArrayList<>();
    List<Map<String, Object>> operations = new ArrayList<>();
    for (CgroupStats.BlockIo d : devices) {
      entry(bytes, d, "Read", d.readBytes());
      entry(bytes, d, "Write", d.writtenBytes());
      entry(operations, d, "Read", d.readOperations());
      entry(operations, d, "Write", d.writeOperations());
    }
    return Map.of("ioServiceBytesRecursive", bytes, "ioServicedRecursive", operations);
  }

  private static void entry(
      List<Map<String, Object>> to, CgroupStats.BlockIo device, String op, long value) {
    to.add(
        Map.of(
            "major",
            device.device().major(),
            "minor",
            device.device().minor(),
            "op",
            op,
            "value",
            value));
  }
}
