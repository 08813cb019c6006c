package dev.kapal.runtime.monitor;

import dev.kapal.linux.CgroupResources;
import dev.kapal.linux.CgroupStats;
import dev.kapal.linux.Device;
import dev.kapal.oci.runtime.Resources;
import dev.kapal.runtime.ContainerStats;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Between the specification's resources and those of control groups. */
public final class Limits {
  /**
   * Devices that every container may use beside what its config says (config-linux.md, Default
   * Devices).
   */
  private static final List<CgroupResources.DeviceRule> DEFAULT_DEVICES =
      List.of(
          rule('c', -1, -1, "m"),
          rule('b', -1, -1, "m"),
          rule('c', 1, 3, "rwm"),
          rule('c', 1, 5, "rwm"),
          rule('c', 1, 7, "rwm"),
          rule('c', 1, 8, "rwm"),
          rule('c', 1, 9, "rwm"),
          rule('c', 5, 0, "rwm"),
          rule('c', 5, 1, "rwm"),
          rule('c', 5, 2, "rwm"),
          rule('c', 136, -1, "rwm"));

  private Limits() {}

  private static CgroupResources.DeviceRule rule(char type, long major, long minor, String access) {
    return new CgroupResources.DeviceRule(
        true,
        type,
        major < 0 ? Optional.empty() : Optional.of(major),
        minor < 0 ? Optional.empty() : Optional.of(minor),
        access);
  }

  public static CgroupResources of(Resources r) {
    CgroupResources.Cpu cpu =
        r.cpu()
            .map(c ->
                new CgroupResources.Cpu(
                    c.shares().filter(v -> v > 0),
                    c.quota(),
                    c.period().filter(v -> v > 0),
                    c.burst(),
                    c.idle(),
                    c.realtimeRuntime(),
                    c.realtimePeriod(),
                    text(c.cpus()),
                    text(c.mems())))
            .orElse(CgroupResources.Cpu.NONE);
    CgroupResources.Memory memory =
        r.memory()
            .map(m ->
                new CgroupResources.Memory(
                    m.limit().filter(v -> v != 0),
                    m.reservation().filter(v -> v != 0),
                    m.swap().filter(v -> v != 0),
                    m.kernel(),
                    m.kernelTcp(),
                    m.swappiness(),
                    m.disableOomKiller(),
                    m.checkBeforeUpdate().orElse(false)))
            .orElse(CgroupResources.Memory.NONE);
    return new CgroupResources(
        cpu,
        memory,
        r.pids().map(p -> p.limit() <= 0 ? -1 : p.limit()),
        r.blockIo().map(Limits::blockIo).orElse(CgroupResources.BlockIo.NONE),
        r.hugepageLimits().stream()
            .map(h -> new CgroupResources.HugePages(h.pageSize(), h.limit()))
            .toList(),
        r.unified(),
        devices(r.devices()));
  }

  private static Optional<String> text(String value) {
    return value.isEmpty() ? Optional.empty() : Optional.of(value);
  }

  private static List<CgroupResources.DeviceRule> devices(List<Resources.DeviceRule> rules) {
    if (rules.isEmpty()) {
      return List.of();
    }
    List<CgroupResources.DeviceRule> all = new ArrayList<>();
    for (Resources.DeviceRule rule : rules) {
      all.add(
          new CgroupResources.DeviceRule(
              rule.allow(),
              rule.type().isEmpty() ? 'a' : rule.type().charAt(0),
              rule.major().filter(v -> v >= 0),
              rule.minor().filter(v -> v >= 0),
              rule.access().isEmpty() ? "rwm" : rule.access()));
    }
    boolean everything =
        rules.getLast().allow()
            && rules.getLast().type().matches("a?")
            && rules.getLast().major().isEmpty();
    if (!everything) {
      all.addAll(DEFAULT_DEVICES);
    }
    return all;
  }

  private static CgroupResources.BlockIo blockIo(Resources.BlockIo b) {
    return new CgroupResources.BlockIo(
        b.weight().filter(v -> v > 0),
        b.leafWeight().filter(v -> v > 0),
        b.weightDevice().stream()
            .map(w ->
                new CgroupResources.DeviceWeight(
                    new Device((int) w.major(), (int) w.minor()), w.weight(), w.leafWeight()))
            .toList(),
        throttles(b.throttleReadBpsDevice()),
        throttles(b.throttleWriteBpsDevice()),
        throttles(b.throttleReadIopsDevice()),
        throttles(b.throttleWriteIopsDevice()));
  }

  private static List<CgroupResources.Throttle> throttles(List<Resources.ThrottleDevice> devices) {
    return devices.stream()
        .map(d ->
            new CgroupResources.Throttle(new Device((int) d.major(), (int) d.minor()), d.rate()))
        .toList();
  }

  public static ContainerStats stats(CgroupStats s) {
    return new ContainerStats(
        Instant.now(),
        new ContainerStats.Cpu(
            s.cpu().usage(),
            s.cpu().user(),
            s.cpu().system(),
            s.cpu().periods(),
            s.cpu().throttledPeriods(),
            s.cpu().throttled()),
        new ContainerStats.Memory(
            s.memory().usage(),
            s.memory().peak(),
            s.memory().limit() == Long.MAX_VALUE ? -1 : s.memory().limit(),
            s.memory().swap(),
            Math.max(0, s.memory().usage() - s.memory().workingSet()),
            s.memory().rss(),
            s.memoryDetail().getOrDefault("pgfault", 0L)),
        s.pids().current(),
        s.pids().limit() == Long.MAX_VALUE ? -1 : s.pids().limit(),
        s.blockIo().stream()
            .map(b ->
                new ContainerStats.BlockIo(
                    b.device().major(),
                    b.device().minor(),
                    b.readBytes(),
                    b.writtenBytes(),
                    b.readOperations(),
                    b.writeOperations()))
            .toList(),
        detail(s),
        s.pressures());
  }

  private static Map<String, Long> detail(CgroupStats s) {
    Map<String, Long> all = new LinkedHashMap<>(s.memoryDetail());
    all.put(ContainerStats.MEMORY_FAILURES, s.memory().failures());
    return all;
  }

  /** What is absent in the new resources stays as it was. */
  public static Resources merge(Resources old, Resources now) {
    return new Resources(
        now.devices().isEmpty() ? old.devices() : now.devices(),
        now.memory().isPresent() ? now.memory() : old.memory(),
        now.cpu().isPresent() ? now.cpu() : old.cpu(),
        now.pids().isPresent() ? now.pids() : old.pids(),
        now.blockIo().isPresent() ? now.blockIo() : old.blockIo(),
        now.hugepageLimits().isEmpty() ? old.hugepageLimits() : now.hugepageLimits(),
        now.network().isPresent() ? now.network() : old.network(),
        now.rdma().isEmpty() ? old.rdma() : now.rdma(),
        now.unified().isEmpty() ? old.unified() : now.unified());
  }
}
