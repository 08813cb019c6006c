package dev.kapal.cri.stats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.cri.FakeNode;
import dev.kapal.cri.Fakes;
import dev.kapal.cri.Requests;
import dev.kapal.cri.observe.CallObserver;
import dev.kapal.cri.proto.ContainerStats;
import dev.kapal.cri.proto.ContainerStatsFilter;
import dev.kapal.cri.proto.ContainerStatsRequest;
import dev.kapal.cri.proto.ImageServiceGrpc;
import dev.kapal.cri.proto.ListContainerStatsRequest;
import dev.kapal.cri.proto.ListMetricDescriptorsRequest;
import dev.kapal.cri.proto.ListPodSandboxMetricsRequest;
import dev.kapal.cri.proto.ListPodSandboxStatsRequest;
import dev.kapal.cri.proto.Metric;
import dev.kapal.cri.proto.MetricDescriptor;
import dev.kapal.cri.proto.MetricType;
import dev.kapal.cri.proto.PodSandboxMetrics;
import dev.kapal.cri.proto.PodSandboxStats;
import dev.kapal.cri.proto.PodSandboxStatsRequest;
import dev.kapal.cri.proto.RuntimeServiceGrpc;
import dev.kapal.cri.rpc.Calls;
import dev.kapal.cri.rpc.Client;
import dev.kapal.cri.rpc.Listeners;
import dev.kapal.cri.rpc.RpcServer;
import dev.kapal.engine.ContainerState;
import dev.kapal.engine.Containers;
import dev.kapal.engine.Engine;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.EngineSystem;
import dev.kapal.engine.PodStats;
import dev.kapal.engine.Pods;
import dev.kapal.image.Images;
import dev.kapal.image.LayerUse;
import dev.kapal.linux.CgroupStats;
import dev.kapal.linux.Linux;
import dev.kapal.linux.Pressure;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Samples and metrics over the socket, of an engine in memory. */
final class StatsCallsTest {
  private static final long HOST = 8L << 30;

  @TempDir Path folder;
  private final FakeNode node = new FakeNode();
  private final Set<String> vanishing = ConcurrentHashMap.newKeySet();
  private volatile Map<String, Pressure> pressures = Map.of();
  private final ExecutorService threads =
      Executors.newCachedThreadPool(Thread.ofPlatform().daemon().factory());
  private StatsCalls stats;
  private MetricsCalls metrics;
  private RpcServer server;
  private Client client;
  private RuntimeServiceGrpc.RuntimeServiceBlockingStub calls;
  private String pod;
  private String running;

  @BeforeEach
  void open() throws Exception {
    Engine engine = engine();
    stats = new StatsCalls(engine);
    metrics = new MetricsCalls(engine, Linux.system());
    Calls all = new Calls(threads);
    stats.bind(all);
    metrics.bind(all);
    server =
        RpcServer.serve(
            Listeners.bind(List.of(folder.resolve("s"))),
            all.services(
                RuntimeServiceGrpc.getServiceDescriptor(), ImageServiceGrpc.getServiceDescriptor()),
            threads,
            () -> CallObserver.NONE);
    client = Client.of(folder.resolve("s"));
    calls = client.runtime();
    pod = engine.pods().run(Requests.pod("web"));
    running = container("c", ContainerState.RUNNING);
  }

  @AfterEach
  void close() {
    client.close();
    server.close();
    stats.close();
    metrics.close();
    threads.shutdownNow();
  }

  private String container(String name, ContainerState state) {
    String id = node.engine().containers().create(Requests.container(pod, name)).id();
    node.containers.put(id, FakeNode.info(id, node.containers.get(id).spec(), state, 0));
    node.refresh(pod);
    return id;
  }

  private Engine engine() {
    Engine plain = node.engine();
    EngineSystem.Info info =
        new EngineSystem.Info(
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            2,
            HOST,
            "",
            "",
            "",
            "",
            "",
            List.of(),
            "",
            List.of(),
            List.of(),
            List.of(),
            0,
            0,
            0,
            0,
            0,
            Instant.EPOCH,
            Map.of());
    return Fakes.over(
        Engine.class,
        plain,
        Map.of(
            "system", a -> Fakes.of(EngineSystem.class, Map.of("info", b -> info)),
            "images",
                a ->
                    Fakes.of(
                        Images.class, Map.of("layers", b -> new LayerUse(Path.of("/store"), 1, 1))),
            "pods", a -> Fakes.over(Pods.class, plain.pods(), Map.of("stats", b -> podStats())),
            "containers",
                a ->
                    Fakes.over(
                        Containers.class,
                        plain.containers(),
                        Map.of(
                            "stats", b -> containerStats((String) b[0]),
                            "size", b -> new Containers.DiskUse(4096, 9000, 3)))));
  }

  private Object containerStats(String id) {
    if (vanishing.contains(id)) {
      throw new EngineException.Conflict("it has just ended");
    }
    return Samples.container(7_500_000_000L, 5000, pressures);
  }

  private PodStats podStats() {
    return new PodStats(
        Samples.TIME,
        new CgroupStats(
            new CgroupStats.Cpu(8_000_000_000L, 0, 0, 0, 0, 0),
            new CgroupStats.Memory(1000, Long.MAX_VALUE, 700, 400, 0, Long.MAX_VALUE, 0, 0, 0),
            new CgroupStats.Pids(5, Long.MAX_VALUE),
            List.of(),
            Map.of(),
            Map.of(),
            pressures),
        Samples.NETWORKS);
  }

  @Test
  void whatRunsIsListedWithWhatItUses() {
    String ended = container("ended", ContainerState.EXITED);
    container("made", ContainerState.CREATED);
    String goes = container("goes", ContainerState.RUNNING);
    vanishing.add(goes);
    node.engine().containers().create(Requests.containerOfOthers());
    List<ContainerStats> all =
        calls.listContainerStats(ListContainerStatsRequest.getDefaultInstance()).getStatsList();
    assertThat(all).extracting(s -> s.getAttributes().getId()).containsExactly(running);
    ContainerStats one = all.getFirst();
    assertThat(one.getAttributes().getMetadata().getName()).isEqualTo("c");
    assertThat(one.getAttributes().getLabelsMap()).containsEntry("app", "c");
    assertThat(one.getCpu().getUsageCoreNanoSeconds().getValue()).isEqualTo(7_500_000_000L);
    // From its start, at second 3, to the sample.
    assertThat(one.getCpu().getUsageNanoCores().getValue()).isEqualTo(4);
    assertThat(one.getMemory().getAvailableBytes().getValue()).isEqualTo(4600);
    assertThat(one.getSwap().getSwapUsageBytes().getValue()).isEqualTo(10);
    assertThat(one.getWritableLayer().getUsedBytes().getValue()).isEqualTo(4096);
    assertThat(one.getWritableLayer().getFsId().getMountpoint()).isEqualTo("/store");
    assertThat(one.hasIo()).isFalse();
    // One that has ended has files and uses nothing else.
    ContainerStats of = of(ended);
    assertThat(of.hasWritableLayer()).isTrue();
    assertThat(of.hasCpu() || of.hasMemory() || of.hasSwap() || of.hasIo()).isFalse();
  }

  private ContainerStats of(String id) {
    return calls
        .containerStats(ContainerStatsRequest.newBuilder().setContainerId(id).build())
        .getStats();
  }

  @Test
  void whatIsNotThereIsNotFound() {
    String other = node.engine().containers().create(Requests.containerOfOthers()).id();
    for (String id : List.of(other, "nothing")) {
      assertThatThrownBy(() -> of(id))
          .isInstanceOfSatisfying(
              StatusRuntimeException.class,
              e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND));
    }
    assertThatThrownBy(() ->
            calls.podSandboxStats(
                PodSandboxStatsRequest.newBuilder().setPodSandboxId("nothing").build()))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND));
  }

  @Test
  void listsAreFiltered() {
    String second = container("d", ContainerState.RUNNING);
    assertThat(ids(ContainerStatsFilter.newBuilder().setId(second))).containsExactly(second);
    assertThat(ids(ContainerStatsFilter.newBuilder().setPodSandboxId(pod)))
        .containsExactly(running, second);
    assertThat(ids(ContainerStatsFilter.newBuilder().putLabelSelector("app", "d")))
        .containsExactly(second);
    assertThat(ids(ContainerStatsFilter.newBuilder().setPodSandboxId("f00d"))).isEmpty();
  }

  private List<String> ids(ContainerStatsFilter.Builder filter) {
    return calls
        .listContainerStats(ListContainerStatsRequest.newBuilder().setFilter(filter).build())
        .getStatsList()
        .stream()
        .map(s -> s.getAttributes().getId())
        .toList();
  }

  @Test
  void aPodIsMeasuredAsAWholeAndByItsContainers() {
    String goes = container("goes", ContainerState.RUNNING);
    vanishing.add(goes);
    pressures =
        Map.of(
            "io",
            new Pressure(new Pressure.Stall(0, 0, 0, 2_500_000), new Pressure.Stall(0, 0, 0, 7)));
    node.engine().pods().run(Requests.podOfOthers());
    String stopped = node.engine().pods().run(Requests.pod("stopped"));
    node.engine().pods().stop(stopped);
    List<PodSandboxStats> all =
        calls.listPodSandboxStats(ListPodSandboxStatsRequest.getDefaultInstance()).getStatsList();
    assertThat(all).extracting(s -> s.getAttributes().getId()).containsExactly(pod);
    PodSandboxStats one = all.getFirst();
    assertThat(one.getAttributes().getMetadata().getUid()).isEqualTo("u-web");
    assertThat(one.getLinux().getCpu().getUsageCoreNanoSeconds().getValue())
        .isEqualTo(8_000_000_000L);
    assertThat(one.getLinux().getProcess().getProcessCount().getValue()).isEqualTo(5);
    assertThat(one.getLinux().getNetwork().getDefaultInterface().getName()).isEqualTo("eth0");
    assertThat(one.getLinux().getIo().getPsi().getSome().getTotal()).isEqualTo(2_500_000);
    assertThat(one.getLinux().getContainersList())
        .extracting(s -> s.getAttributes().getId())
        .containsExactly(running);
  }

  @Test
  void eachMetricIsDescribedOnceAndFitsItsDescription() {
    pressures =
        Map.of(
            "cpu", new Pressure(Pressure.Stall.NONE, Pressure.Stall.NONE),
            "memory", new Pressure(Pressure.Stall.NONE, Pressure.Stall.NONE),
            "io", new Pressure(Pressure.Stall.NONE, Pressure.Stall.NONE));
    List<MetricDescriptor> descriptors =
        calls
            .listMetricDescriptors(ListMetricDescriptorsRequest.getDefaultInstance())
            .getDescriptorsList();
    Map<String, MetricDescriptor> byName =
        descriptors.stream().collect(Collectors.toMap(MetricDescriptor::getName, d -> d));
    assertThat(byName).hasSameSizeAs(descriptors);
    assertThat(descriptors)
        .allSatisfy(d -> {
          assertThat(d.getHelp()).endsWith(".");
          assertThat(d.getLabelKeysList())
              .startsWith("container", "id", "image", "name", "namespace", "pod")
              .doesNotHaveDuplicates();
        });
    Set<String> sent = new TreeSet<>();
    PodSandboxMetrics of = metrics();
    for (Metric metric : of.getMetricsList()) {
      fits(metric, byName);
      sent.add(metric.getName());
    }
    for (Metric metric : of.getContainerMetrics(0).getMetricsList()) {
      fits(metric, byName);
      sent.add(metric.getName());
    }
    assertThat(sent).isEqualTo(byName.keySet());
  }

  private static void fits(Metric metric, Map<String, MetricDescriptor> byName) {
    assertThat(byName).containsKey(metric.getName());
    assertThat(metric.getLabelValuesList())
        .as(metric.getName())
        .hasSameSizeAs(byName.get(metric.getName()).getLabelKeysList());
    assertThat(metric.getTimestamp()).isEqualTo(1_700_000_000_000_000_123L);
    // Prometheus' convention, which readers of cAdvisor's go by; this one is cAdvisor's own.
    boolean counts =
        metric.getName().endsWith("_total") || metric.getName().equals("container_memory_failcnt");
    assertThat(metric.getMetricType())
        .as(metric.getName())
        .isEqualTo(counts ? MetricType.COUNTER : MetricType.GAUGE);
  }

  private PodSandboxMetrics metrics() {
    return calls
        .listPodSandboxMetrics(ListPodSandboxMetricsRequest.getDefaultInstance())
        .getPodMetrics(0);
  }

  @Test
  void metricsHaveCAdvisorsUnits() {
    pressures =
        Map.of(
            "io",
            new Pressure(
                new Pressure.Stall(0, 0, 0, 2_900_000), new Pressure.Stall(0, 0, 0, 999_999)));
    PodSandboxMetrics of = metrics();
    assertThat(of.getPodSandboxId()).isEqualTo(pod);
    assertThat(of.getMetricsList().stream().map(StatsCallsTest::line))
        .contains(
            "container_network_receive_bytes_total[eth0] 1",
            "container_network_receive_packets_dropped_total[eth0] 4",
            "container_network_transmit_errors_total[eth0] 7");
    assertThat(of.getMetrics(0).getLabelValuesList())
        .containsExactly("", "/kapal/" + pod, "", pod, "n", "web", "eth0");
    List<Metric> metrics = of.getContainerMetrics(0).getMetricsList();
    assertThat(metrics.getFirst().getLabelValuesList())
        .startsWith("c", "", FakeNode.IMAGE.toString(), running, "n", "web");
    assertThat(metrics.stream().map(StatsCallsTest::line))
        .contains(
            "container_cpu_usage_seconds_total[total] 7",
            "container_cpu_user_seconds_total[] 2",
            "container_cpu_system_seconds_total[] 5",
            "container_cpu_cfs_throttled_seconds_total[] 9",
            "container_memory_usage_bytes[] 1000",
            "container_memory_working_set_bytes[] 400",
            "container_memory_rss[] 100",
            "container_memory_cache[] 700",
            "container_memory_failcnt[] 4",
            "container_memory_failures_total[pgfault,hierarchy] 77",
            "container_memory_failures_total[pgmajfault,hierarchy] 8",
            "container_memory_kernel_usage[] 0",
            "container_fs_usage_bytes[] 4096",
            "container_fs_reads_bytes_total[8:0] 1",
            "container_fs_writes_total[259:1] 8",
            "container_threads[] 5",
            "container_threads_max[] 0",
            "container_start_time_seconds[] 3",
            "container_last_seen[] 1700000000",
            "container_pressure_io_waiting_seconds_total[] 2",
            "container_pressure_io_stalled_seconds_total[] 0")
        .noneMatch(line -> line.startsWith("container_pressure_cpu"));
  }

  private static String line(Metric metric) {
    return metric.getName()
        + metric.getLabelValuesList().subList(6, metric.getLabelValuesCount()).stream()
            .filter(label -> !label.isEmpty())
            .collect(Collectors.joining(",", "[", "] "))
        + metric.getValue().getValue();
  }

  @Test
  void aContainerThatGoesMeanwhileIsLeftOut() {
    vanishing.add(running);
    assertThat(metrics().getContainerMetricsList()).isEmpty();
    assertThat(metrics().getMetricsList()).isNotEmpty();
  }
}
