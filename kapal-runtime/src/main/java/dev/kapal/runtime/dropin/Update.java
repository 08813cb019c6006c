package dev.kapal.runtime.dropin;

import static dev.kapal.linux.Fcntl.*;

import dev.kapal.linux.CgroupException;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.oci.runtime.Resources;
import dev.kapal.oci.runtime.RuntimeConfig;
import dev.kapal.oci.runtime.RuntimeConfigJson;
import dev.kapal.runtime.monitor.Limits;
import dev.kapal.runtime.monitor.SystemdScope;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** {@code update}: new limits for a container. What is not given stays as it was. */
final class Update {
  static final Flags.Spec SPEC =
      new Flags.Spec(
          Set.of(),
          Set.of(
              "resources",
              "blkio-weight",
              "cpu-period",
              "cpu-quota",
              "cpu-burst",
              "cpu-share",
              "cpu-rt-period",
              "cpu-rt-runtime",
              "cpuset-cpus",
              "cpuset-mems",
              "cpu-idle",
              "kernel-memory",
              "kernel-memory-tcp",
              "memory",
              "memory-reservation",
              "memory-swap",
              "pids-limit",
              "l3-cache-schema",
              "mem-bw-schema"),
          Map.of("r", "resources", "cpu-shares", "cpu-share"),
          true);

  private static final int LONGEST = 1 << 20;
  private static final Pattern SIZE = Pattern.compile("(-?[0-9]{1,18})([kmgtp]?)(?:i?b)?");
  private static final String UNITS = "kmgtp";

  private final Session session;
  private final Flags flags;

  Update(Session session, Flags flags) {
    this.session = session;
    this.flags = flags;
  }

  void run() {
    Resources now = asked();
    try (Kept kept = session.store().locked(flags.argument(0, "the container's ID"))) {
      if (kept.status() == Kept.Status.STOPPED) {
        throw Signalling.notRunning();
      }
      kept.cgroupTo("update");
      dev.kapal.oci.runtime.Linux section = kept.linux();
      Resources before = section.resources().orElse(Resources.empty());
      Optional<SchemataUpdate> schemata = SchemataUpdate.of(session, flags, kept);
      try {
        kept.cgroup().set(Limits.of(now)).forEach(session.console()::warn);
        schemata.ifPresent(SchemataUpdate::apply);
      } catch (CgroupException | CommandFailed e) {
        try {
          kept.cgroup().set(Limits.of(before));
        } catch (CgroupException again) {
          e.addSuppressed(again);
        }
        throw e;
      }
      Placement.systemd(session)
          .ifPresent(systemd -> SystemdScope.tell(systemd, section.cgroupsPath(), now));
      dev.kapal.oci.runtime.Linux merged = section.withResources(Limits.merge(before, now));
      RuntimeConfig config =
          kept.config()
              .withLinux(schemata.map(s -> merged.withIntelRdt(s.config())).orElse(merged));
      kept.files().write(Kept.CONFIG, RuntimeConfigJson.write(config));
    }
  }

  private Resources asked() {
    Optional<String> file = flags.value("resources");
    return meant(RuntimeConfigJson.readResources(file.isPresent() ? read(file.get()) : document()));
  }

  /** Callers send all members; a 0 in what they send leaves the limit as it is. */
  private static Resources meant(Resources r) {
    return new Resources(
        r.devices(),
        r.memory()
            .map(m ->
                new Resources.Memory(
                    set(m.limit()),
                    set(m.reservation()),
                    set(m.swap()),
                    set(m.kernel()),
                    set(m.kernelTcp()),
                    m.swappiness(),
                    m.disableOomKiller(),
                    m.useHierarchy(),
                    m.checkBeforeUpdate())),
        r.cpu()
            .map(c ->
                new Resources.Cpu(
                    set(c.shares()),
                    set(c.quota()),
                    c.burst(),
                    set(c.period()),
                    set(c.realtimeRuntime()),
                    set(c.realtimePeriod()),
                    c.cpus(),
                    c.mems(),
                    c.idle())),
        r.pids().filter(p -> p.limit() != 0),
        r.blockIo()
            .map(b ->
                new Resources.BlockIo(
                    b.weight().filter(w -> w != 0),
                    b.leafWeight().filter(w -> w != 0),
                    b.weightDevice(),
                    b.throttleReadBpsDevice(),
                    b.throttleWriteBpsDevice(),
                    b.throttleReadIopsDevice(),
                    b.throttleWriteIopsDevice())),
        r.hugepageLimits(),
        r.network(),
        r.rdma(),
        r.unified());
  }

  private static Optional<Long> set(Optional<Long> value) {
    return value.filter(v -> v != 0);
  }

  private byte[] read(String file) {
    Linux linux = session.host().linux();
    try (Fd fd =
        file.equals("-")
            ? session.command().in().duplicate()
            : linux
                .descriptors()
                .openat(session.command().directory(), session.command().file(file), O_RDONLY)) {
      return linux.descriptors().readFully(fd, LONGEST);
    } catch (ErrnoException e) {
      throw new CommandFailed("the resources cannot be read: " + e.getMessage(), e);
    }
  }

  /** The flags as the document that --resources would give. */
  private byte[] document() {
    Map<String, Object> memory = new LinkedHashMap<>();
    size(memory, "limit", "memory");
    size(memory, "reservation", "memory-reservation");
    size(memory, "swap", "memory-swap");
    size(memory, "kernel", "kernel-memory");
    size(memory, "kernelTCP", "kernel-memory-tcp");
    Map<String, Object> cpu = new LinkedHashMap<>();
    number(cpu, "period", "cpu-period");
    number(cpu, "quota", "cpu-quota");
    number(cpu, "burst", "cpu-burst");
    number(cpu, "shares", "cpu-share");
    number(cpu, "realtimePeriod", "cpu-rt-period");
    number(cpu, "realtimeRuntime", "cpu-rt-runtime");
    number(cpu, "idle", "cpu-idle");
    flags.value("cpuset-cpus").ifPresent(v -> cpu.put("cpus", v));
    flags.value("cpuset-mems").ifPresent(v -> cpu.put("mems", v));
    Map<String, Object> all = new LinkedHashMap<>();
    if (!memory.isEmpty()) {
      all.put("memory", memory);
    }
    if (!cpu.isEmpty()) {
      all.put("cpu", cpu);
    }
    flags.number("pids-limit").ifPresent(v -> all.put("pids", Map.of("limit", v)));
    flags.number("blkio-weight").ifPresent(v -> all.put("blockIO", Map.of("weight", v)));
    return Json.bytes(all);
  }

  private void number(Map<String, Object> to, String name, String flag) {
    flags.number(flag).ifPresent(v -> to.put(name, v));
  }

  private void size(Map<String, Object> to, String name, String flag) {
    flags.value(flag).ifPresent(v -> to.put(name, bytes(v, flag)));
  }

  private static long bytes(String text, String flag) {
    Matcher m = SIZE.matcher(text.toLowerCase(Locale.ROOT));
    try {
      if (m.matches()) {
        int unit = m.group(2).isEmpty() ? 0 : 1 + UNITS.indexOf(m.group(2));
        return Math.multiplyExact(Long.parseLong(m.group(1)), 1L << (10 * unit));
      }
    } catch (ArithmeticException _) {
      // Said below.
    }
    throw new CommandFailed("invalid value \"" + text + "\" for " + flag);
  }
}
