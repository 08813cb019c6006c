package dev.kapal.runtime.shim;

import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.ContainerStats;
import dev.kapal.runtime.wire.Message;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What {@code Stats} answers: containerd's metrics of cgroups, version 1 or 2. */
final class Metrics {
  /** Above this, a limit of version 1 means that there is none. */
  private static final long UNLIMITED = Long.MAX_VALUE / 4096 * 4096 - 4096;

  private Metrics() {}

  static ContainerStats parse(Message any) {
    String type = any.text(1);
    Message data = Message.parse(any.bytes(2));
    if (type.endsWith("cgroups.v1.Metrics")) {
      return first(data);
    }
    if (type.endsWith("cgroups.v2.Metrics")) {
      return second(data);
    }
    throw new ContainerException.Unsupported(
        "The shim tells usage as "
            + (type.isEmpty() ? "nothing" : type)
            + ", which Kapal cannot read");
  }

  private static long limit(long value) {
    return value <= 0 || value >= UNLIMITED ? -1 : value;
  }

  private static ContainerStats first(Message m) {
    Message usage = m.message(3).message(1);
    Message throttling = m.message(3).message(2);
    Message memory = m.message(4);
    Message used = memory.message(33);
    return new ContainerStats(
        Instant.now(),
        new ContainerStats.Cpu(
            usage.number(1),
            usage.number(3),
            usage.number(2),
            throttling.number(1),
            throttling.number(2),
            throttling.number(3)),
        new ContainerStats.Memory(
            used.number(2),
            used.number(3),
            limit(used.number(1)),
            Math.max(0, memory.message(34).number(2) - used.number(2)),
            memory.number(29),
            memory.number(19),
            memory.number(26)),
        m.message(2).number(1),
        limit(m.message(2).number(2)),
        blockIo(m.message(5)));
  }

  private record Device(long major, long minor) {}

  /** Version 1 has a list of bytes and one of operations, with an entry for each direction. */
  private static List<ContainerStats.BlockIo> blockIo(Message m) {
    Map<Device, long[]> all = new LinkedHashMap<>();
    for (int list = 1; list <= 2; list++) {
      for (Message entry : m.messages(list)) {
        int place =
            switch (entry.text(1).toLowerCase(java.util.Locale.ROOT)) {
              case "read" -> 0;
              case "write" -> 1;
              default -> -1;
            };
        if (place >= 0) {
          all.computeIfAbsent(new Device(entry.number(3), entry.number(4)), _ -> new long[4])[
                  2 * (list - 1) + place] +=
              entry.number(5);
        }
      }
    }
    List<ContainerStats.BlockIo> list = new ArrayList<>();
    all.forEach((device, n) ->
        list.add(
            new ContainerStats.BlockIo(device.major(), device.minor(), n[0], n[1], n[2], n[3])));
    return list;
  }

  private static ContainerStats second(Message m) {
    Message cpu = m.message(2);
    Message memory = m.message(4);
    return new ContainerStats(
        Instant.now(),
        new ContainerStats.Cpu(
            cpu.number(1) * 1000,
            cpu.number(2) * 1000,
            cpu.number(3) * 1000,
            cpu.number(4),
            cpu.number(5),
            cpu.number(6) * 1000),
        new ContainerStats.Memory(
            memory.number(32),
            memory.number(36),
            limit(memory.number(33)),
            memory.number(34),
            memory.number(13),
            memory.number(1),
            memory.number(18)),
        m.message(1).number(1),
        limit(m.message(1).number(2)),
        m.message(6).messages(1).stream()
            .map(e ->
                new ContainerStats.BlockIo(
                    e.number(1), e.number(2), e.number(3), e.number(4), e.number(5), e.number(6)))
            .toList());
  }
}
