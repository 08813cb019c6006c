package dev.kapal.cri.stats;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Message;
import com.google.protobuf.TextFormat;
import dev.kapal.engine.ContainerStats.Network;
import dev.kapal.engine.PodStats;
import dev.kapal.linux.CgroupStats;
import dev.kapal.linux.Pressure;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Samples and what is told of them, to the letter: units, and what is absent. */
final class UsageMessagesTest {
  private static final Instant TIME = Instant.ofEpochSecond(1_700_000_000, 123);
  private static final long HOST = 8L << 30;
  private static final Pressure.Stall WAITED = new Pressure.Stall(1.5, 0.25, 0.01, 4567);
  private static final Pressure.Stall STALLED = new Pressure.Stall(0.5, 0, 0, 12);

  private static String text(Message message) {
    return TextFormat.printer().printToString(message);
  }

  private static CgroupStats.Memory memory(long limit, long swapLimit) {
    return new CgroupStats.Memory(1000, limit, 700, 400, 10, swapLimit, 2000, 100, 4);
  }

  private static Usage pod(CgroupStats.Memory memory, Map<String, Pressure> pressures) {
    return Usage.of(
        new PodStats(
            TIME,
            new CgroupStats(
                new CgroupStats.Cpu(12_000, 7_000, 5_000, 3, 2, 9_000),
                memory,
                new CgroupStats.Pids(5, Long.MAX_VALUE),
                List.of(),
                Map.of(),
                Map.of("anon", 100L, "pgfault", 77L, "pgmajfault", 8L),
                pressures),
            Map.of()),
        HOST);
  }

  @Test
  void everythingThatVersion2Measures() {
    Pressure pressure = new Pressure(WAITED, STALLED);
    Usage usage =
        pod(memory(5000, 20), Map.of("cpu", pressure, "memory", pressure, "io", pressure));
    String psi =
        """
        psi {
          Full {
            Total: 12
            Avg10: 0.5
          }
          Some {
            Total: 4567
            Avg10: 1.5
            Avg60: 0.25
            Avg300: 0.01
          }
        }
        """;
    assertThat(text(UsageMessages.cpu(usage, 250_000_000)))
        .isEqualTo(
            """
            timestamp: 1700000000000000123
            usage_core_nano_seconds {
              value: 12000
            }
            usage_nano_cores {
              value: 250000000
            }
            """
                + psi);
    assertThat(text(UsageMessages.memory(usage)))
        .isEqualTo(
            """
            timestamp: 1700000000000000123
            working_set_bytes {
              value: 400
            }
            available_bytes {
              value: 4600
            }
            usage_bytes {
              value: 1000
            }
            rss_bytes {
              value: 100
            }
            page_faults {
              value: 77
            }
            major_page_faults {
              value: 8
            }
            """
                + psi);
    assertThat(text(UsageMessages.swap(usage)))
        .isEqualTo(
            """
            timestamp: 1700000000000000123
            swap_available_bytes {
              value: 10
            }
            swap_usage_bytes {
              value: 10
            }
            """);
    assertThat(text(UsageMessages.io(usage).orElseThrow()))
        .isEqualTo("timestamp: 1700000000000000123\n" + psi);
    assertThat(text(UsageMessages.processes(usage)))
        .isEqualTo(
            """
            timestamp: 1700000000000000123
            process_count {
              value: 5
            }
            """);
  }

  @Test
  void whatIsNotMeasuredOrNotLimitedIsAbsent() {
    for (long limit : List.of(Long.MAX_VALUE, HOST, HOST + 1)) {
      Usage usage = pod(memory(limit, Long.MAX_VALUE), Map.of());
      assertThat(UsageMessages.memory(usage).hasAvailableBytes()).isFalse();
      assertThat(UsageMessages.memory(usage).hasPsi()).isFalse();
      assertThat(UsageMessages.cpu(usage, 0).hasPsi()).isFalse();
      assertThat(UsageMessages.cpu(usage, 0).hasUsageNanoCores()).isTrue();
      assertThat(UsageMessages.io(usage)).isEmpty();
      assertThat(UsageMessages.swap(usage).hasSwapAvailableBytes()).isFalse();
    }
    assertThat(UsageMessages.io(pod(memory(1, 1), Map.of("cpu", new Pressure(WAITED, STALLED)))))
        .isEmpty();
  }

  @Test
  void lessThanNothingIsNeverLeft() {
    Usage usage = pod(memory(300, 5), Map.of());
    assertThat(UsageMessages.memory(usage).getAvailableBytes().getValue()).isZero();
    assertThat(UsageMessages.memory(usage).hasAvailableBytes()).isTrue();
    assertThat(UsageMessages.swap(usage).getSwapAvailableBytes().getValue()).isZero();
  }

  @Test
  void aContainersLimitIsOneOnlyBelowTheHostsMemory() {
    assertThat(Usage.of(Samples.container(0, HOST), HOST).available()).isEmpty();
    assertThat(Usage.of(Samples.container(0, 0), HOST).available()).isEmpty();
    Usage limited = Usage.of(Samples.container(3_000_000_000L, 5000), HOST);
    assertThat(limited.available()).hasValue(4600);
    assertThat(UsageMessages.cpu(limited, 1).getUsageCoreNanoSeconds().getValue())
        .isEqualTo(3_000_000_000L);
    assertThat(UsageMessages.memory(limited).getRssBytes().getValue()).isEqualTo(100);
  }

  @Test
  void theDefaultInterfaceIsTheOneOfTheClustersNetwork() {
    Network counters = new Network(1, 2, 3, 4, 5, 6, 7, 8);
    Map<String, Network> both = new LinkedHashMap<>();
    both.put("net1", counters);
    both.put("eth0", counters);
    var usage = UsageMessages.network(TIME, both);
    assertThat(text(usage.getDefaultInterface()))
        .isEqualTo(
            """
            name: "eth0"
            rx_bytes {
              value: 1
            }
            rx_errors {
              value: 3
            }
            tx_bytes {
              value: 5
            }
            tx_errors {
              value: 7
            }
            """);
    assertThat(usage.getInterfacesList()).extracting(i -> i.getName()).containsExactly("net1");
    assertThat(
            UsageMessages.network(TIME, Map.of("ens3", counters)).getDefaultInterface().getName())
        .isEqualTo("ens3");
    assertThat(UsageMessages.network(TIME, Map.of()).hasDefaultInterface()).isFalse();
  }

  @Test
  void aLayerIsDatedWhenItWasMeasured() {
    assertThat(
            text(
                UsageMessages.layer(
                    Path.of("/var/lib/kapal"),
                    new Layers.Measured(
                        new dev.kapal.engine.Containers.DiskUse(4096, 9000, 3),
                        0,
                        0,
                        1_700_000_000_001L))))
        .isEqualTo(
            """
            timestamp: 1700000000001000000
            fs_id {
              mountpoint: "/var/lib/kapal"
            }
            used_bytes {
              value: 4096
            }
            inodes_used {
              value: 3
            }
            """);
  }
}
