package dev.kapal.cri.stats;

import dev.kapal.cri.proto.ContainerAttributes;
import dev.kapal.cri.proto.ContainerStats;
import dev.kapal.cri.proto.ContainerStatsFilter;
import dev.kapal.cri.proto.ContainerStatsRequest;
import dev.kapal.cri.proto.ContainerStatsResponse;
import dev.kapal.cri.proto.LinuxPodSandboxStats;
import dev.kapal.cri.proto.ListContainerStatsRequest;
import dev.kapal.cri.proto.ListContainerStatsResponse;
import dev.kapal.cri.proto.ListPodSandboxStatsRequest;
import dev.kapal.cri.proto.ListPodSandboxStatsResponse;
import dev.kapal.cri.proto.PodSandboxAttributes;
import dev.kapal.cri.proto.PodSandboxStats;
import dev.kapal.cri.proto.PodSandboxStatsFilter;
import dev.kapal.cri.proto.PodSandboxStatsRequest;
import dev.kapal.cri.proto.PodSandboxStatsResponse;
import dev.kapal.cri.proto.RuntimeServiceGrpc;
import dev.kapal.cri.proto.StreamContainerStatsResponse;
import dev.kapal.cri.proto.StreamPodSandboxStatsResponse;
import dev.kapal.cri.rpc.CallGroup;
import dev.kapal.cri.rpc.Calls;
import dev.kapal.cri.translate.Attributes;
import dev.kapal.cri.translate.ContainerMessages;
import dev.kapal.engine.ContainerInfo;
import dev.kapal.engine.Engine;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.Filters;
import dev.kapal.engine.PodInfo;
import dev.kapal.engine.PodStats;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Samples of what containers and pods use. Lists tell of those that run. */
public final class StatsCalls implements CallGroup, AutoCloseable {
  private final Engine engine;
  private final Rates rates = new Rates();
  private final Layers layers;
  private final long hostMemory;
  private final Path store;

  public StatsCalls(Engine engine) {
    this.engine = engine;
    this.layers = new Layers(engine.containers());
    this.hostMemory = engine.system().info().memory();
    this.store = engine.images().layers().directory();
  }

  @Override
  public void bind(Calls calls) {
    calls.unary(RuntimeServiceGrpc.getContainerStatsMethod(), this::container);
    calls.unary(RuntimeServiceGrpc.getListContainerStatsMethod(), this::containers);
    calls.streaming(
        RuntimeServiceGrpc.getStreamContainerStatsMethod(),
        (request, answers) ->
            answers.sendInParts(
                containers(request.getFilter()),
                part ->
                    StreamContainerStatsResponse.newBuilder().addAllContainerStats(part).build()));
    calls.unary(RuntimeServiceGrpc.getPodSandboxStatsMethod(), this::pod);
    calls.unary(RuntimeServiceGrpc.getListPodSandboxStatsMethod(), this::pods);
    calls.streaming(
        RuntimeServiceGrpc.getStreamPodSandboxStatsMethod(),
        (request, answers) ->
            answers.sendInParts(
                pods(request.getFilter()),
                part ->
                    StreamPodSandboxStatsResponse.newBuilder()
                        .addAllPodSandboxStats(part)
                        .build()));
  }

  private ContainerStatsResponse container(ContainerStatsRequest request) {
    ContainerInfo container = engine.containers().inspect(request.getContainerId());
    if (!Attributes.known(container)) {
      throw new EngineException.NotFound(
          "there is no container \"" + request.getContainerId() + "\" in any pod");
    }
    return ContainerStatsResponse.newBuilder().setStats(of(container)).build();
  }

  private ListContainerStatsResponse containers(ListContainerStatsRequest request) {
    return ListContainerStatsResponse.newBuilder()
        .addAllStats(containers(request.getFilter()))
        .build();
  }

  private List<ContainerStats> containers(ContainerStatsFilter filter) {
    List<ContainerInfo> all = known();
    forget(all);
    return all.stream()
        .filter(c -> c.state().alive())
        .filter(c -> c.id().startsWith(filter.getId()))
        .filter(c -> ContainerMessages.pod(c).startsWith(filter.getPodSandboxId()))
        .filter(c -> has(c.spec().labels(), filter.getLabelSelectorMap()))
        .flatMap(c -> present(() -> of(c)))
        .toList();
  }

  private List<ContainerInfo> known() {
    return engine.containers().list(true, Filters.NONE).stream().filter(Attributes::known).toList();
  }

  /** What was removed. */
  private void forget(List<ContainerInfo> left) {
    var containers = left.stream().map(ContainerInfo::id).collect(Collectors.toSet());
    layers.retain(containers);
    engine.pods().list().forEach(pod -> containers.add(pod.id()));
    rates.retain(containers);
  }

  private ContainerStats of(ContainerInfo c) {
    ContainerStats.Builder stats =
        ContainerStats.newBuilder()
            .setAttributes(
                ContainerAttributes.newBuilder()
                    .setId(c.id())
                    .setMetadata(Attributes.metadata(c))
                    .putAllLabels(c.spec().labels())
                    .putAllAnnotations(Attributes.annotations(c)));
    layers.of(c.id()).ifPresent(m -> stats.setWritableLayer(UsageMessages.layer(store, m)));
    if (c.state().alive()) {
      Usage usage = Usage.of(engine.containers().stats(c.id()), hostMemory);
      long rate =
          rates.rate(c.id(), c.started().orElse(c.created()), usage.time(), usage.cpuNanos());
      stats
          .setCpu(UsageMessages.cpu(usage, rate))
          .setMemory(UsageMessages.memory(usage))
          .setSwap(UsageMessages.swap(usage));
      UsageMessages.io(usage).ifPresent(stats::setIo);
    }
    return stats.build();
  }

  private PodSandboxStatsResponse pod(PodSandboxStatsRequest request) {
    return PodSandboxStatsResponse.newBuilder()
        .setStats(of(engine.pods().inspect(request.getPodSandboxId())))
        .build();
  }

  private ListPodSandboxStatsResponse pods(ListPodSandboxStatsRequest request) {
    return ListPodSandboxStatsResponse.newBuilder().addAllStats(pods(request.getFilter())).build();
  }

  private List<PodSandboxStats> pods(PodSandboxStatsFilter filter) {
    forget(known());
    return engine.pods().list().stream()
        .filter(Attributes::known)
        .filter(PodInfo::ready)
        .filter(p -> p.id().startsWith(filter.getId()))
        .filter(p -> has(p.spec().labels(), filter.getLabelSelectorMap()))
        .flatMap(p -> present(() -> of(p)))
        .toList();
  }

  private PodSandboxStats of(PodInfo pod) {
    PodStats sample = engine.pods().stats(pod.id());
    Usage usage = Usage.of(sample, hostMemory);
    long rate = rates.rate(pod.id(), pod.created(), usage.time(), usage.cpuNanos());
    LinuxPodSandboxStats.Builder linux =
        LinuxPodSandboxStats.newBuilder()
            .setCpu(UsageMessages.cpu(usage, rate))
            .setMemory(UsageMessages.memory(usage))
            .setProcess(UsageMessages.processes(usage));
    if (!pod.spec().network().host()) {
      linux.setNetwork(UsageMessages.network(sample.time(), sample.networks()));
    }
    UsageMessages.io(usage).ifPresent(linux::setIo);
    pod.containers().stream()
        .flatMap(id -> present(() -> engine.containers().inspect(id)))
        .filter(c -> Attributes.known(c) && c.state().alive())
        .flatMap(c -> present(() -> of(c)))
        .forEach(linux::addContainers);
    return PodSandboxStats.newBuilder()
        .setAttributes(
            PodSandboxAttributes.newBuilder()
                .setId(pod.id())
                .setMetadata(Attributes.metadata(pod))
                .putAllLabels(pod.spec().labels())
                .putAllAnnotations(Attributes.annotations(pod)))
        .setLinux(linux)
        .build();
  }

  private static boolean has(Map<String, String> labels, Map<String, String> wanted) {
    return labels.entrySet().containsAll(wanted.entrySet());
  }

  /** One that goes while a list is made is left out. */
  static <T> Stream<T> present(java.util.function.Supplier<T> one) {
    try {
      return Optional.of(one.get()).stream();
    } catch (EngineException.NotFound | EngineException.Conflict e) {
      return Stream.empty();
    }
  }

  @Override
  public void close() {
    layers.close();
  }
}
