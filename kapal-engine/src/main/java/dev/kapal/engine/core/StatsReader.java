package dev.kapal.engine.core;

import dev.kapal.engine.ContainerStats;
import dev.kapal.engine.ContainerStats.BlockDevice;
import dev.kapal.engine.ContainerStats.Network;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Samples of what containers use: cgroup counters from the runtime, the rest from /proc. */
final class StatsReader {
  private static final long TICK = 10_000_000; // USER_HZ is 100 everywhere that Kapal runs

  private StatsReader() {}

  /** Of a container that does not run. */
  static ContainerStats idle() {
    return new ContainerStats(
        Instant.now(),
        0,
        0,
        0,
        0,
        0,
        0,
        systemNanos(),
        cpus(),
        0,
        0,
        0,
        0,
        Map.of(),
        0,
        0,
        0,
        Map.of(),
        0,
        0,
        List.of(),
        Map.of());
  }

  static ContainerStats of(Live live, boolean ownNetwork) {
    dev.kapal.runtime.ContainerStats s = live.container().stats();
    long total = meminfo("MemTotal");
    long limit = s.memory().limit();
    Map<String, Long> detail = new LinkedHashMap<>();
    detail.putAll(s.memoryDetail());
    detail.put("inactive_file", s.memory().inactiveFile());
    detail.put("anon", s.memory().anonymous());
    detail.put("pgfault", s.memory().pageFaults());
    long read = s.blockIo().stream().mapToLong(b -> b.readBytes()).sum();
    long written = s.blockIo().stream().mapToLong(b -> b.writeBytes()).sum();
    return new ContainerStats(
        s.at(),
        s.cpu().usage(),
        s.cpu().user(),
        s.cpu().system(),
        s.cpu().throttledPeriods(),
        s.cpu().periods(),
        s.cpu().throttled(),
        systemNanos(),
        cpus(),
        Math.max(0, s.memory().usage() - s.memory().inactiveFile()),
        s.memory().usage(),
        Math.max(0, s.memory().maxUsage()),
        limit <= 0 || limit > total ? total : limit,
        detail,
        Math.max(0, s.memory().swap()),
        s.pids(),
        Math.max(0, s.pidsLimit()),
        ownNetwork ? networks(live.container().pid()) : Map.of(),
        read,
        written,
        s.blockIo().stream()
            .map(b ->
                new BlockDevice(
                    (int) b.major(),
                    (int) b.minor(),
                    b.readBytes(),
                    b.writeBytes(),
                    b.readOperations(),
                    b.writeOperations()))
            .toList(),
        s.pressures());
  }

  private static int cpus() {
    return Runtime.getRuntime().availableProcessors();
  }

  /** The interfaces that a process sees, but for loopback; see proc_net(5). */
  static Map<String, Network> networks(int pid) {
    Map<String, Network> all = new LinkedHashMap<>();
    for (String line : lines("/proc/" + pid + "/net/dev")) {
      int colon = line.indexOf(':');
      if (colon < 0) {
        continue;
      }
      String name = line.substring(0, colon).strip();
      String[] f = line.substring(colon + 1).strip().split("\\s+");
      if (!name.equals("lo") && f.length >= 12) {
        all.put(
            name,
            new Network(
                number(f[0]),
                number(f[1]),
                number(f[2]),
                number(f[3]),
                number(f[8]),
                number(f[9]),
                number(f[10]),
                number(f[11])));
      }
    }
    return all;
  }

  /** CPU time of the whole host, idle time included; see proc_stat(5). */
  private static long systemNanos() {
    for (String line : lines("/proc/stat")) {
      if (line.startsWith("cpu ")) {
        String[] f = line.strip().split("\\s+");
        long sum = 0;
        for (int i = 1; i < Math.min(f.length, 9); i++) {
          sum += number(f[i]);
        }
        return sum * TICK;
      }
    }
    return 0;
  }

  /** Bytes. */
  static long meminfo(String key) {
    for (String line : lines("/proc/meminfo")) {
      if (line.startsWith(key + ":")) {
        return number(line.substring(key.length() + 1).replace("kB", "").strip()) * 1024;
      }
    }
    return 0;
  }

  private static List<String> lines(String file) {
    try {
      return Files.readAllLines(Path.of(file), StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      return List.of();
    }
  }

  private static long number(String text) {
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      return 0;
    }
  }
}
