package dev.kapal.linux;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads what a group uses from whichever version has the controller. */
final class CgroupStatsReader {
  private static final long TICK = 10_000_000;

  /** With version 1 such lines count the groups below, too. */
  private static final String TOTAL = "total_";

  /** What version 2 calls what version 1 counts. */
  private static final Map<String, String> NAMES =
      Map.of("rss", "anon", "cache", "file", "mapped_file", "file_mapped", "dirty", "file_dirty");

  private final List<CgroupHierarchy> hierarchies;
  private final String path;

  CgroupStatsReader(List<CgroupHierarchy> hierarchies, String path) {
    this.hierarchies = hierarchies;
    this.path = path;
  }

  CgroupStats read() {
    return new CgroupStats(
        cpu(), memory(), pids(), blockIo(), hugePages(), memoryDetail(), pressures());
  }

  private Optional<CgroupFolder> v1(String controller) {
    return CgroupHierarchy.with(hierarchies, controller)
        .filter(hierarchy -> !hierarchy.unified())
        .map(hierarchy -> hierarchy.folder(path));
  }

  private Optional<CgroupFolder> v2() {
    return hierarchies.stream()
        .filter(CgroupHierarchy::unified)
        .findFirst()
        .map(hierarchy -> hierarchy.folder(path));
  }

  private CgroupStats.Cpu cpu() {
    Optional<CgroupFolder> accounting = v1("cpuacct");
    if (accounting.isEmpty()) {
      return v2().flatMap(folder -> folder.read("cpu.stat"))
          .map(CgroupStatsReader::cpuV2)
          .orElse(new CgroupStats.Cpu(0, 0, 0, 0, 0, 0));
    }
    CgroupFolder folder = accounting.get();
    String ticks = folder.read("cpuacct.stat").orElse("");
    String throttling = v1("cpu").flatMap(f -> f.read("cpu.stat")).orElse("");
    return new CgroupStats.Cpu(
        folder.number("cpuacct.usage"),
        CgroupFolder.keyed(ticks, "user") * TICK,
        CgroupFolder.keyed(ticks, "system") * TICK,
        CgroupFolder.keyed(throttling, "nr_periods"),
        CgroupFolder.keyed(throttling, "nr_throttled"),
        CgroupFolder.keyed(throttling, "throttled_time"));
  }

  private static CgroupStats.Cpu cpuV2(String text) {
    return new CgroupStats.Cpu(
        CgroupFolder.keyed(text, "usage_usec") * 1000,
        CgroupFolder.keyed(text, "user_usec") * 1000,
        CgroupFolder.keyed(text, "system_usec") * 1000,
        CgroupFolder.keyed(text, "nr_periods"),
        CgroupFolder.keyed(text, "nr_throttled"),
        CgroupFolder.keyed(text, "throttled_usec") * 1000);
  }

  private CgroupStats.Memory memory() {
    Optional<CgroupFolder> v1 = v1("memory");
    return v1.isPresent()
        ? memoryV1(v1.get())
        : v2().filter(folder -> folder.has("memory.current"))
            .map(CgroupStatsReader::memoryV2)
            .orElse(new CgroupStats.Memory(0, Long.MAX_VALUE, 0, 0, 0, Long.MAX_VALUE, 0, 0, 0));
  }

  private static CgroupStats.Memory memoryV1(CgroupFolder folder) {
    String stat = folder.read("memory.stat").orElse("");
    long usage = folder.number("memory.usage_in_bytes");
    long limit = limit(folder, "memory.limit_in_bytes");
    long both = limit(folder, "memory.memsw.limit_in_bytes");
    return new CgroupStats.Memory(
        usage,
        limit,
        CgroupFolder.keyed(stat, "total_cache"),
        Math.max(0, usage - CgroupFolder.keyed(stat, "total_inactive_file")),
        CgroupFolder.keyed(stat, "total_swap"),
        both == Long.MAX_VALUE || limit == Long.MAX_VALUE
            ? Long.MAX_VALUE
            : Math.max(0, both - limit),
        folder.number("memory.max_usage_in_bytes"),
        CgroupFolder.keyed(stat, "total_rss"),
        folder.number("memory.failcnt"));
  }

  private static CgroupStats.Memory memoryV2(CgroupFolder folder) {
    String stat = folder.read("memory.stat").orElse("");
    long usage = folder.number("memory.current");
    return new CgroupStats.Memory(
        usage,
        limit(folder, "memory.max"),
        CgroupFolder.keyed(stat, "file"),
        Math.max(0, usage - CgroupFolder.keyed(stat, "inactive_file")),
        folder.number("memory.swap.current"),
        limit(folder, "memory.swap.max"),
        folder.number("memory.peak"),
        CgroupFolder.keyed(stat, "anon"),
        CgroupFolder.keyed(folder.read("memory.events").orElse(""), "max"));
  }

  private Map<String, Long> memoryDetail() {
    Optional<CgroupFolder> v1 = v1("memory");
    String text = v1.or(this::v2).flatMap(folder -> folder.read("memory.stat")).orElse("");
    Map<String, Long> all = new LinkedHashMap<>();
    for (String line : text.lines().toList()) {
      int space = line.indexOf(' ');
      String key = line.substring(0, Math.max(0, space));
      if (v1.isEmpty()) {
        all.put(key, CgroupFolder.parse(line.substring(space + 1)));
      } else if (key.startsWith(TOTAL)) {
        String name = key.substring(TOTAL.length());
        all.put(NAMES.getOrDefault(name, name), CgroupFolder.parse(line.substring(space + 1)));
      }
    }
    return all;
  }

  private Map<String, Pressure> pressures() {
    Map<String, Pressure> all = new LinkedHashMap<>();
    for (String resource : List.of("cpu", "memory", "io")) {
      v2().flatMap(folder -> folder.read(resource + ".pressure"))
          .ifPresent(text -> all.put(resource, Pressure.parse(text)));
    }
    return all;
  }

  private static long limit(CgroupFolder folder, String file) {
    return folder.read(file).map(CgroupFolder::parse).orElse(Long.MAX_VALUE);
  }

  private CgroupStats.Pids pids() {
    return v1("pids")
        .or(this::v2)
        .map(f -> new CgroupStats.Pids(f.number("pids.current"), limit(f, "pids.max")))
        .orElse(new CgroupStats.Pids(0, Long.MAX_VALUE));
  }

  private List<CgroupStats.BlockIo> blockIo() {
    Optional<CgroupFolder> v1 = v1("blkio");
    if (v1.isEmpty()) {
      return v2().flatMap(folder -> folder.read("io.stat"))
          .map(CgroupStatsReader::blockIoV2)
          .orElse(List.of());
    }
    Map<Device, long[]> counts = new LinkedHashMap<>();
    count(counts, blkio(v1.get(), "io_service_bytes"), 0);
    count(counts, blkio(v1.get(), "io_serviced"), 2);
    return entries(counts);
  }

  private static String blkio(CgroupFolder folder, String name) {
    return folder
        .read("blkio.throttle." + name + "_recursive")
        .or(() -> folder.read("blkio.throttle." + name))
        .orElse("");
  }

  /** Lines "8:0 Read 4096". */
  private static void count(Map<Device, long[]> counts, String text, int at) {
    for (String line : text.lines().toList()) {
      String[] part = line.split(" ", -1);
      if (part.length == 3 && (part[1].equals("Read") || part[1].equals("Write"))) {
        long[] row = counts.computeIfAbsent(device(part[0]), _ -> new long[4]);
        row[at + (part[1].equals("Read") ? 0 : 1)] += CgroupFolder.parse(part[2]);
      }
    }
  }

  /** Lines "8:0 rbytes=1 wbytes=2 rios=3 wios=4 …". */
  private static List<CgroupStats.BlockIo> blockIoV2(String text) {
    List<String> keys = List.of("rbytes", "wbytes", "rios", "wios");
    Map<Device, long[]> counts = new LinkedHashMap<>();
    for (String line : text.lines().toList()) {
      String[] part = line.split(" ", -1);
      long[] row = counts.computeIfAbsent(device(part[0]), _ -> new long[4]);
      for (String word : part) {
        int equals = word.indexOf('=');
        int at = equals < 0 ? -1 : keys.indexOf(word.substring(0, equals));
        if (at >= 0) {
          row[at] += CgroupFolder.parse(word.substring(equals + 1));
        }
      }
    }
    return entries(counts);
  }

  private static List<CgroupStats.BlockIo> entries(Map<Device, long[]> counts) {
    List<CgroupStats.BlockIo> all = new ArrayList<>();
    counts.forEach(
        (device, row) -> all.add(new CgroupStats.BlockIo(device, row[0], row[1], row[2], row[3])));
    return all;
  }

  private static Device device(String text) {
    int colon = text.indexOf(':');
    try {
      return new Device(
          Integer.parseInt(text.substring(0, Math.max(colon, 0))),
          Integer.parseInt(text.substring(colon + 1)));
    } catch (NumberFormatException _) {
      throw new ProcFormatException("io statistics", text, "MAJOR:MINOR");
    }
  }

  private Map<String, CgroupStats.HugePages> hugePages() {
    Map<String, CgroupStats.HugePages> all = new LinkedHashMap<>();
    Optional<CgroupFolder> v1 = v1("hugetlb");
    CgroupFolder folder = v1.or(this::v2).orElse(new CgroupFolder("/nowhere"));
    for (String size : HugePageSizes.host()) {
      String start = "hugetlb." + size;
      if (v1.isPresent()) {
        all.put(
            size,
            new CgroupStats.HugePages(
                folder.number(start + ".usage_in_bytes"),
                folder.number(start + ".max_usage_in_bytes"),
                folder.number(start + ".failcnt")));
      } else if (folder.has(start + ".current")) {
        String events = folder.read(start + ".events").orElse("");
        all.put(
            size,
            new CgroupStats.HugePages(
                folder.number(start + ".current"), 0, CgroupFolder.keyed(events, "max")));
      }
    }
    return all;
  }
}
