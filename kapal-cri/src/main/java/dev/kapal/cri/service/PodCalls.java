package dev.kapal.cri.service;

import dev.kapal.cri.config.CriConfig;
import dev.kapal.cri.proto.ContainerStatus;
import dev.kapal.cri.proto.ListPodSandboxRequest;
import dev.kapal.cri.proto.ListPodSandboxResponse;
import dev.kapal.cri.proto.PodSandbox;
import dev.kapal.cri.proto.PodSandboxConfig;
import dev.kapal.cri.proto.PodSandboxFilter;
import dev.kapal.cri.proto.PodSandboxStatusRequest;
import dev.kapal.cri.proto.PodSandboxStatusResponse;
import dev.kapal.cri.proto.RemovePodSandboxRequest;
import dev.kapal.cri.proto.RemovePodSandboxResponse;
import dev.kapal.cri.proto.RunPodSandboxRequest;
import dev.kapal.cri.proto.RunPodSandboxResponse;
import dev.kapal.cri.proto.RuntimeServiceGrpc;
import dev.kapal.cri.proto.StopPodSandboxRequest;
import dev.kapal.cri.proto.StopPodSandboxResponse;
import dev.kapal.cri.proto.StreamPodSandboxesRequest;
import dev.kapal.cri.proto.StreamPodSandboxesResponse;
import dev.kapal.cri.proto.UpdatePodSandboxResourcesRequest;
import dev.kapal.cri.proto.UpdatePodSandboxResourcesResponse;
import dev.kapal.cri.rpc.Answers;
import dev.kapal.cri.rpc.CallGroup;
import dev.kapal.cri.rpc.Calls;
import dev.kapal.cri.translate.Attributes;
import dev.kapal.cri.translate.Handlers;
import dev.kapal.cri.translate.Host;
import dev.kapal.cri.translate.Limits;
import dev.kapal.cri.translate.PodMessages;
import dev.kapal.cri.translate.PodSpecs;
import dev.kapal.cri.translate.Times;
import dev.kapal.engine.Engine;
import dev.kapal.engine.PodInfo;
import dev.kapal.engine.spec.PodSpec;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** Pods. */
public final class PodCalls implements CallGroup {
  private final Engine engine;
  private final Supplier<CriConfig> config;
  private final Host host;
  private final Statuses statuses;
  private final Clock clock;

  public PodCalls(
      Engine engine, Supplier<CriConfig> config, Host host, Statuses statuses, Clock clock) {
    this.engine = engine;
    this.config = config;
    this.host = host;
    this.statuses = statuses;
    this.clock = clock;
  }

  @Override
  public void bind(Calls calls) {
    calls.unary(RuntimeServiceGrpc.getRunPodSandboxMethod(), this::run);
    calls.unary(RuntimeServiceGrpc.getStopPodSandboxMethod(), this::stop);
    calls.unary(RuntimeServiceGrpc.getRemovePodSandboxMethod(), this::remove);
    calls.unary(RuntimeServiceGrpc.getPodSandboxStatusMethod(), this::status);
    calls.unary(RuntimeServiceGrpc.getListPodSandboxMethod(), this::list);
    calls.streaming(RuntimeServiceGrpc.getStreamPodSandboxesMethod(), this::stream);
    calls.unary(RuntimeServiceGrpc.getUpdatePodSandboxResourcesMethod(), this::update);
  }

  private RunPodSandboxResponse run(RunPodSandboxRequest request) {
    PodSandboxConfig pod = request.getConfig();
    Optional<String> runtime =
        Handlers.runtime(
            request.getRuntimeHandler(), pod.getAnnotationsMap(), engine.system().runtimes());
    PodSpec spec =
        PodSpecs.of(
            pod,
            request.getRuntimeHandler(),
            runtime,
            config.get().passed(runtime.orElseGet(engine.system()::defaultRuntime)),
            host);
    return RunPodSandboxResponse.newBuilder()
        .setPodSandboxId(
            Idempotence.once(
                () -> engine.pods().run(spec), () -> engine.pods().inspect(spec.name())))
        .build();
  }

  private StopPodSandboxResponse stop(StopPodSandboxRequest request) {
    Idempotence.unlessDone(() -> engine.pods().stop(request.getPodSandboxId()));
    return StopPodSandboxResponse.getDefaultInstance();
  }

  private RemovePodSandboxResponse remove(RemovePodSandboxRequest request) {
    Idempotence.unlessDone(() -> engine.pods().remove(request.getPodSandboxId()));
    return RemovePodSandboxResponse.getDefaultInstance();
  }

  private PodSandboxStatusResponse status(PodSandboxStatusRequest request) {
    PodInfo pod = engine.pods().inspect(request.getPodSandboxId());
    List<ContainerStatus> containers = statuses.ofPod(pod);
    PodSandboxStatusResponse.Builder response =
        PodSandboxStatusResponse.newBuilder()
            .setStatus(PodMessages.status(pod))
            .addAllContainersStatuses(containers)
            .setTimestamp(Times.nanos(clock.instant()));
    if (request.getVerbose()) {
      response.putAllInfo(Inspections.of(pod));
    }
    return response.build();
  }

  private ListPodSandboxResponse list(ListPodSandboxRequest request) {
    return ListPodSandboxResponse.newBuilder().addAllItems(matching(request.getFilter())).build();
  }

  private void stream(
      StreamPodSandboxesRequest request, Answers<StreamPodSandboxesResponse> answers)
      throws InterruptedException {
    answers.sendInParts(
        matching(request.getFilter()),
        part -> StreamPodSandboxesResponse.newBuilder().addAllPodSandboxes(part).build());
  }

  private List<PodSandbox> matching(PodSandboxFilter filter) {
    return engine.pods().list().stream()
        .filter(Attributes::known)
        .filter(pod -> pod.id().startsWith(filter.getId()))
        .filter(pod -> !filter.hasState() || PodMessages.state(pod) == filter.getState().getState())
        .filter(pod -> Selectors.match(pod.spec().labels(), filter.getLabelSelectorMap()))
        .map(PodMessages::item)
        .toList();
  }

  private UpdatePodSandboxResourcesResponse update(UpdatePodSandboxResourcesRequest request) {
    engine
        .pods()
        .update(
            request.getPodSandboxId(),
            Limits.sums(request.getResources()),
            Limits.sums(request.getOverhead()));
    return UpdatePodSandboxResourcesResponse.getDefaultInstance();
  }
}
