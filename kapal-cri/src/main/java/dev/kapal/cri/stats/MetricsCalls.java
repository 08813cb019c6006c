package dev.kapal.cri.stats;

import dev.kapal.cri.proto.ContainerMetrics;
import dev.kapal.cri.proto.ListMetricDescriptorsRequest;
import dev.kapal.cri.proto.ListMetricDescriptorsResponse;
import dev.kapal.cri.proto.ListPodSandboxMetricsRequest;
import dev.kapal.cri.proto.ListPodSandboxMetricsResponse;
import dev.kapal.cri.proto.PodSandboxMetadata;
import dev.kapal.cri.proto.PodSandboxMetrics;
import dev.kapal.cri.proto.RuntimeServiceGrpc;
import dev.kapal.cri.proto.StreamPodSandboxMetricsResponse;
import dev.kapal.cri.rpc.CallGroup;
import dev.kapal.cri.rpc.Calls;
import dev.kapal.cri.translate.Attributes;
import dev.kapal.cri.translate.Times;
import dev.kapal.engine.ContainerInfo;
import dev.kapal.engine.Engine;
import dev.kapal.engine.PodInfo;
import dev.kapal.engine.PodStats;
import dev.kapal.linux.CgroupException;
import dev.kapal.linux.Linux;
import java.util.ArrayList;
import java.util.List;

/** Metrics with the names of cAdvisor; see {@link Families}. */
public final class MetricsCalls implements CallGroup, AutoCloseable {
  private final Engine engine;
  private final Linux linux;
  private final Layers layers;

  public MetricsCalls(Engine engine, Linux linux) {
    this.engine = engine;
    this.linux = linux;
    this.layers = new Layers(engine.containers());
  }

  @Override
  public void bind(Calls calls) {
    calls.unary(RuntimeServiceGrpc.getListMetricDescriptorsMethod(), MetricsCalls::descriptors);
    calls.unary(RuntimeServiceGrpc.getListPodSandboxMetricsMethod(), this::pods);
    calls.streaming(
        RuntimeServiceGrpc.getStreamPodSandboxMetricsMethod(),
        (_, answers) ->
            answers.sendInParts(
                pods(),
                part ->
                    StreamPodSandboxMetricsResponse.newBuilder()
                        .addAllPodSandboxMetrics(part)
                        .build()));
  }

  private static ListMetricDescriptorsResponse descriptors(ListMetricDescriptorsRequest request) {
    ListMetricDescriptorsResponse.Builder all = ListMetricDescriptorsResponse.newBuilder();
    Families.CONTAINER.forEach(family -> all.addDescriptors(family.descriptor()));
    Families.POD.forEach(family -> all.addDescriptors(family.descriptor()));
    return all.build();
  }

  private ListPodSandboxMetricsResponse pods(ListPodSandboxMetricsRequest request) {
    return ListPodSandboxMetricsResponse.newBuilder().addAllPodMetrics(pods()).build();
  }

  private List<PodSandboxMetrics> pods() {
    return engine.pods().list().stream()
        .filter(Attributes::known)
        .filter(PodInfo::ready)
        .flatMap(pod -> StatsCalls.present(() -> of(pod)))
        .toList();
  }

  private PodSandboxMetrics of(PodInfo pod) {
    PodStats stats = engine.pods().stats(pod.id());
    PodSandboxMetadata metadata = Attributes.metadata(pod);
    List<String> base =
        List.of("", pod.cgroup(), "", pod.id(), metadata.getNamespace(), metadata.getName());
    PodSandboxMetrics.Builder all = PodSandboxMetrics.newBuilder().setPodSandboxId(pod.id());
    long nanos = Times.nanos(stats.time());
    Families.POD.forEach(family -> all.addAllMetrics(family.metrics(stats, base, nanos)));
    pod.containers().stream()
        .flatMap(id -> StatsCalls.present(() -> engine.containers().inspect(id)))
        .filter(c -> Attributes.known(c) && c.state().alive())
        .flatMap(c -> StatsCalls.present(() -> of(c, metadata)))
        .forEach(all::addContainerMetrics);
    return all.build();
  }

  private ContainerMetrics of(ContainerInfo c, PodSandboxMetadata pod) {
    ContainerSample sample =
        new ContainerSample(c, engine.containers().stats(c.id()), layers.of(c.id()), processes(c));
    List<String> base = new ArrayList<>();
    base.add(Attributes.metadata(c).getName());
    base.add(c.paths().cgroup());
    base.add(c.image());
    base.add(c.id());
    base.add(pod.getNamespace());
    base.add(pod.getName());
    ContainerMetrics.Builder all = ContainerMetrics.newBuilder().setContainerId(c.id());
    long nanos = Times.nanos(sample.stats().time());
    Families.CONTAINER.forEach(family -> all.addAllMetrics(family.metrics(sample, base, nanos)));
    return all.build();
  }

  /** Those that this host sees: of a virtual machine, its own. */
  private int processes(ContainerInfo c) {
    if (c.paths().cgroup().isEmpty()) {
      return 0;
    }
    try {
      return linux.cgroups().open(c.paths().cgroup()).processes().size();
    } catch (CgroupException e) {
      return 0;
    }
  }

  @Override
  public void close() {
    layers.close();
  }
}
