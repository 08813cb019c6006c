package dev.kapal.linux;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Limits as the files of v2 hold them, see the kernel's admin-guide/cgroup-v2 and the conversions
 * of the OCI runtime specification's users.
 *
 * @param current what a file of the group holds now
 */
record CgroupV2Settings(Function<String, Optional<String>> current) {
  List<CgroupSetting> of(String controller, CgroupResources resources) {
    List<CgroupSetting> settings = new ArrayList<>();
    switch (controller) {
      case "cpu" -> cpu(settings, resources.cpu());
      case "cpuset" -> {
        resources.cpu().cpus().ifPresent(v -> add(settings, "cpuset", "cpus", v));
        resources.cpu().mems().ifPresent(v -> add(settings, "cpuset", "mems", v));
      }
      case "memory" -> memory(settings, resources.memory());
      case "pids" -> resources.pids().ifPresent(v -> add(settings, "pids", "max", maximum(v)));
      case "io" -> io(settings, resources.blockIo());
      case "hugetlb" ->
          resources
              .hugePages()
              .forEach(pages ->
                  add(settings, "hugetlb", pages.pageSize() + ".max", maximum(pages.limitBytes())));
      default -> throw new IllegalArgumentException(controller);
    }
    return settings;
  }

  private void cpu(List<CgroupSetting> settings, CgroupResources.Cpu cpu) {
    cpu.shares()
        .filter(shares -> shares > 0)
        .ifPresent(shares -> add(settings, "cpu", "weight", Long.toString(weight(shares))));
    cpu.idle().ifPresent(v -> add(settings, "cpu", "idle", v.toString()));
    if (cpu.quota().isPresent() || cpu.period().isPresent()) {
      String quota =
          cpu.quota()
              .map(v -> v <= 0 ? "max" : v.toString())
              .orElseGet(() -> current.apply("cpu.max").orElse("max").split(" ")[0]);
      String period = cpu.period().map(v -> " " + v).orElse("");
      add(settings, "cpu", "max", quota + period);
    }
    cpu.burst().ifPresent(v -> add(settings, "cpu", "max.burst", v.toString()));
  }

  /**
   * Shares 2, 1024 and 262144 become weights 1, 100 and 10000: the defaults meet each other and
   * both ends do. The exponent is the parabola through these points.
   */
  static long weight(long shares) {
    if (shares <= 2) {
      return 1;
    }
    if (shares >= 262144) {
      return 10000;
    }
    double log = Math.log((double) shares) / Math.log(2);
    double exponent = (log * log + 125 * log) / 612.0 - 7.0 / 34.0;
    // Without the subtraction rounding errors would make 101 of 100.
    return Math.clamp((long) Math.ceil(Math.pow(10, exponent) - 1e-9), 1, 10000);
  }

  private void memory(List<CgroupSetting> settings, CgroupResources.Memory memory) {
    boolean unlimited = memory.limit().equals(Optional.of(-1L)) && memory.swap().isEmpty();
    Optional<Long> swap = unlimited ? Optional.of(-1L) : memory.swap();
    swap.ifPresent(v -> add(settings, "memory", "swap.max", swapMaximum(v, memory.limit())));
    memory.limit().ifPresent(v -> add(settings, "memory", "max", maximum(v)));
    memory
        .reservation()
        .ifPresent(v -> add(settings, "memory", "low", v < 0 ? "max" : v.toString()));
  }

  /** v1 counts memory and swap together, v2 swap alone. */
  private String swapMaximum(long both, Optional<Long> limit) {
    if (both < 0) {
      return "max";
    }
    long memory =
        limit.orElseGet(() -> CgroupFolder.parse(current.apply("memory.max").orElse("max")));
    if (memory < 0 || memory == Long.MAX_VALUE || both < memory) {
      throw new CgroupException(
          "cannot limit memory and swap together to "
              + both
              + " bytes: that needs a limit of memory that is not higher (it is "
              + maximum(memory == Long.MAX_VALUE ? -1 : memory)
              + ")");
    }
    return Long.toString(both - memory);
  }

  private void io(List<CgroupSetting> settings, CgroupResources.BlockIo io) {
    boolean bfq = current.apply("io.bfq.weight").isPresent();
    String file = bfq ? "bfq.weight" : "weight";
    io.weight()
        .ifPresent(weight ->
            add(settings, "io", file, bfq ? weight.toString() : "default " + ioWeight(weight)));
    for (CgroupResources.DeviceWeight device : io.deviceWeights()) {
      device
          .weight()
          .ifPresent(weight ->
              add(settings, "io", file, device.device() + " " + (bfq ? weight : ioWeight(weight))));
    }
    throttles(settings, "rbps", io.readBytes());
    throttles(settings, "wbps", io.writeBytes());
    throttles(settings, "riops", io.readOperations());
    throttles(settings, "wiops", io.writeOperations());
  }

  /** 10 to 1000 become 1 to 10000. */
  static long ioWeight(int weight) {
    return Math.clamp(1 + (weight - 10L) * 9999 / 990, 1, 10000);
  }

  private static void throttles(
      List<CgroupSetting> settings, String key, List<CgroupResources.Throttle> throttles) {
    throttles.forEach(t ->
        add(
            settings,
            "io",
            "max",
            t.device() + " " + key + "=" + (t.rate() == 0 ? "max" : Long.toString(t.rate()))));
  }

  /** What is asked for and has no counterpart in v2. */
  static List<String> withoutCounterpart(CgroupResources resources) {
    List<String> names = new ArrayList<>();
    CgroupResources.Memory memory = resources.memory();
    memory.kernel().filter(v -> v > 0).ifPresent(_ -> names.add("memory.kernel"));
    memory.kernelTcp().filter(v -> v > 0).ifPresent(_ -> names.add("memory.kernelTCP"));
    memory.swappiness().ifPresent(_ -> names.add("memory.swappiness"));
    memory.disableOomKiller().filter(on -> on).ifPresent(_ -> names.add("memory.disableOOMKiller"));
    return names;
  }

  private static String maximum(long value) {
    return CgroupV1Settings.maximum(value);
  }

  private static void add(
      List<CgroupSetting> settings, String controller, String file, String value) {
    settings.add(new CgroupSetting(controller, controller + "." + file, value));
  }
}
