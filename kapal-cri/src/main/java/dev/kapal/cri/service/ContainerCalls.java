package dev.kapal.cri.service;

import dev.kapal.cri.config.CriConfig;
import dev.kapal.cri.proto.Container;
import dev.kapal.cri.proto.ContainerFilter;
import dev.kapal.cri.proto.ContainerStatusRequest;
import dev.kapal.cri.proto.ContainerStatusResponse;
import dev.kapal.cri.proto.CreateContainerRequest;
import dev.kapal.cri.proto.CreateContainerResponse;
import dev.kapal.cri.proto.ListContainersRequest;
import dev.kapal.cri.proto.ListContainersResponse;
import dev.kapal.cri.proto.RemoveContainerRequest;
import dev.kapal.cri.proto.RemoveContainerResponse;
import dev.kapal.cri.proto.ReopenContainerLogRequest;
import dev.kapal.cri.proto.ReopenContainerLogResponse;
import dev.kapal.cri.proto.RuntimeServiceGrpc;
import dev.kapal.cri.proto.StartContainerRequest;
import dev.kapal.cri.proto.StartContainerResponse;
import dev.kapal.cri.proto.StopContainerRequest;
import dev.kapal.cri.proto.StopContainerResponse;
import dev.kapal.cri.proto.StreamContainersRequest;
import dev.kapal.cri.proto.StreamContainersResponse;
import dev.kapal.cri.proto.UpdateContainerResourcesRequest;
import dev.kapal.cri.proto.UpdateContainerResourcesResponse;
import dev.kapal.cri.rpc.Answers;
import dev.kapal.cri.rpc.CallGroup;
import dev.kapal.cri.rpc.Calls;
import dev.kapal.cri.rpc.Encoded;
import dev.kapal.cri.translate.Attributes;
import dev.kapal.cri.translate.ContainerItems;
import dev.kapal.cri.translate.ContainerMessages;
import dev.kapal.cri.translate.ContainerSpecs;
import dev.kapal.cri.translate.Host;
import dev.kapal.cri.translate.ImageNames;
import dev.kapal.cri.translate.Limits;
import dev.kapal.engine.ContainerInfo;
import dev.kapal.engine.ContainerState;
import dev.kapal.engine.Engine;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.Filters;
import dev.kapal.engine.PodInfo;
import dev.kapal.engine.spec.ContainerSpec;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/** Containers of pods. */
public final class ContainerCalls implements CallGroup {
  private static final Filters ALL = new Filters(Map.of());

  private final Engine engine;
  private final Supplier<CriConfig> config;
  private final Host host;
  private final Statuses statuses;
  private final ContainerItems items = new ContainerItems();

  public ContainerCalls(Engine engine, Supplier<CriConfig> config, Host host, Statuses statuses) {
    this.engine = engine;
    this.config = config;
    this.host = host;
    this.statuses = statuses;
  }

  @Override
  public void bind(Calls calls) {
    calls.unary(RuntimeServiceGrpc.getCreateContainerMethod(), this::create);
    calls.unary(RuntimeServiceGrpc.getStartContainerMethod(), this::start);
    calls.unary(RuntimeServiceGrpc.getStopContainerMethod(), this::stop);
    calls.unary(RuntimeServiceGrpc.getRemoveContainerMethod(), this::remove);
    calls.encoded(RuntimeServiceGrpc.getListContainersMethod(), this::list);
    calls.streaming(RuntimeServiceGrpc.getStreamContainersMethod(), this::stream);
    calls.unary(RuntimeServiceGrpc.getContainerStatusMethod(), this::status);
    calls.unary(RuntimeServiceGrpc.getUpdateContainerResourcesMethod(), this::update);
    calls.unary(RuntimeServiceGrpc.getReopenContainerLogMethod(), this::reopenLog);
  }

  private CreateContainerResponse create(CreateContainerRequest request) {
    PodInfo pod = engine.pods().inspect(request.getPodSandboxId());
    ContainerSpec spec =
        ContainerSpecs.of(
            pod.id(),
            imageId(ImageNames.of(request.getConfig().getImage())),
            this::imageId,
            request.getConfig(),
            // As it was run, whatever the caller says now.
            Attributes.config(pod),
            config.get().passed(pod.runtime()),
            host);
    return CreateContainerResponse.newBuilder()
        .setContainerId(
            Idempotence.once(
                () -> engine.containers().create(spec).id(),
                () -> engine.containers().inspect(spec.name().orElseThrow())))
        .build();
  }

  private String imageId(String name) {
    return ImageNames.find(engine.images(), name)
        .map(image -> image.id().toString())
        .orElseThrow(() ->
            new EngineException.NotFound(
                "the image \"" + name + "\" is not on this node: pull it first"));
  }

  private StartContainerResponse start(StartContainerRequest request) {
    ContainerInfo container = container(request.getContainerId());
    if (container.state() != ContainerState.CREATED || container.error().isPresent()) {
      throw new EngineException.Conflict(
          "container "
              + container.shortId()
              + " cannot be started: it is "
              + ContainerMessages.state(container)
              + ", and only a new one can be");
    }
    engine.containers().start(container.id());
    return StartContainerResponse.getDefaultInstance();
  }

  private StopContainerResponse stop(StopContainerRequest request) {
    Duration patience = Duration.ofSeconds(Math.max(0, request.getTimeout()));
    Idempotence.unlessDone(() ->
        engine
            .containers()
            .stop(
                container(request.getContainerId()).id(), Optional.of(patience), Optional.empty()));
    return StopContainerResponse.getDefaultInstance();
  }

  private RemoveContainerResponse remove(RemoveContainerRequest request) {
    Idempotence.unlessDone(
        () -> engine.containers().remove(container(request.getContainerId()).id(), true, true));
    return RemoveContainerResponse.getDefaultInstance();
  }

  private Encoded list(ListContainersRequest request) {
    List<ContainerInfo> all = all();
    ContainerFilter filter = request.getFilter();
    return new Encoded(
        filter.equals(ContainerFilter.getDefaultInstance())
            ? items.encoded(all)
            : ListContainersResponse.newBuilder()
                .addAllContainers(matching(all, filter))
                .build()
                .toByteString());
  }

  private void stream(StreamContainersRequest request, Answers<StreamContainersResponse> answers)
      throws InterruptedException {
    answers.sendInParts(
        matching(all(), request.getFilter()),
        part -> StreamContainersResponse.newBuilder().addAllContainers(part).build());
  }

  private List<ContainerInfo> all() {
    List<ContainerInfo> all = engine.containers().list(true, ALL);
    items.keep(all);
    return all;
  }

  private List<Container> matching(List<ContainerInfo> all, ContainerFilter filter) {
    return items
        .known(all)
        .filter(c -> c.getId().startsWith(filter.getId()))
        .filter(c -> c.getPodSandboxId().startsWith(filter.getPodSandboxId()))
        .filter(c -> !filter.hasState() || c.getState() == filter.getState().getState())
        .filter(c -> Selectors.match(c.getLabelsMap(), filter.getLabelSelectorMap()))
        .toList();
  }

  private ContainerStatusResponse status(ContainerStatusRequest request) {
    ContainerInfo container = container(request.getContainerId());
    ContainerStatusResponse.Builder response =
        ContainerStatusResponse.newBuilder().setStatus(statuses.of(container));
    if (request.getVerbose()) {
      response.putAllInfo(Inspections.of(container));
    }
    return response.build();
  }

  private UpdateContainerResourcesResponse update(UpdateContainerResourcesRequest request) {
    var _ =
        engine
            .containers()
            .update(
                container(request.getContainerId()).id(),
                Limits.of(request.getLinux()),
                Optional.empty());
    return UpdateContainerResourcesResponse.getDefaultInstance();
  }

  private ReopenContainerLogResponse reopenLog(ReopenContainerLogRequest request) {
    ContainerInfo container = container(request.getContainerId());
    if (!container.state().alive()) {
      throw new EngineException.Conflict(
          "the log of container " + container.shortId() + " is closed: it does not run");
    }
    engine.containers().reopenLog(container.id());
    return ReopenContainerLogResponse.getDefaultInstance();
  }

  /** One that came through this door. */
  private ContainerInfo container(String id) {
    return Known.container(engine, id);
  }
}
