package dev.kapal.cri.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.cri.FakeNode;
import dev.kapal.cri.config.CriConfig;
import dev.kapal.cri.observe.CallObserver;
import dev.kapal.cri.proto.Container;
import dev.kapal.cri.proto.ContainerConfig;
import dev.kapal.cri.proto.ContainerFilter;
import dev.kapal.cri.proto.ContainerMetadata;
import dev.kapal.cri.proto.ContainerState;
import dev.kapal.cri.proto.ContainerStateValue;
import dev.kapal.cri.proto.ContainerStatus;
import dev.kapal.cri.proto.ContainerStatusRequest;
import dev.kapal.cri.proto.CreateContainerRequest;
import dev.kapal.cri.proto.ImageServiceGrpc;
import dev.kapal.cri.proto.ImageSpec;
import dev.kapal.cri.proto.ListContainersRequest;
import dev.kapal.cri.proto.ListPodSandboxRequest;
import dev.kapal.cri.proto.PodSandbox;
import dev.kapal.cri.proto.PodSandboxConfig;
import dev.kapal.cri.proto.PodSandboxFilter;
import dev.kapal.cri.proto.PodSandboxMetadata;
import dev.kapal.cri.proto.PodSandboxState;
import dev.kapal.cri.proto.PodSandboxStateValue;
import dev.kapal.cri.proto.PodSandboxStatusRequest;
import dev.kapal.cri.proto.RemoveContainerRequest;
import dev.kapal.cri.proto.RemovePodSandboxRequest;
import dev.kapal.cri.proto.ReopenContainerLogRequest;
import dev.kapal.cri.proto.RunPodSandboxRequest;
import dev.kapal.cri.proto.RuntimeCondition;
import dev.kapal.cri.proto.RuntimeServiceGrpc;
import dev.kapal.cri.proto.StartContainerRequest;
import dev.kapal.cri.proto.StatusRequest;
import dev.kapal.cri.proto.StatusResponse;
import dev.kapal.cri.proto.StopContainerRequest;
import dev.kapal.cri.proto.StopPodSandboxRequest;
import dev.kapal.cri.proto.StreamContainersRequest;
import dev.kapal.cri.rpc.CallGroup;
import dev.kapal.cri.rpc.Calls;
import dev.kapal.cri.rpc.Client;
import dev.kapal.cri.rpc.Listeners;
import dev.kapal.cri.rpc.RpcServer;
import dev.kapal.cri.translate.Host;
import dev.kapal.engine.Engine;
import dev.kapal.network.Readiness;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pods and containers, over the socket, on an engine in memory. */
final class NodeCallsTest {
  @TempDir Path folder;
  private final FakeNode node = new FakeNode();
  private final ExecutorService threads =
      Executors.newCachedThreadPool(Thread.ofPlatform().daemon().factory());
  private RpcServer server;
  private Client client;
  private RuntimeServiceGrpc.RuntimeServiceBlockingStub calls;

  @BeforeEach
  void open() throws Exception {
    Engine engine = node.engine();
    Statuses statuses = new Statuses(engine);
    Host host = new Host(false);
    Calls all = new Calls(threads);
    for (CallGroup group :
        List.of(
            new StatusCalls(engine, () -> CriConfig.NONE),
            new PodCalls(engine, () -> CriConfig.NONE, host, statuses, Clock.systemUTC()),
            new ContainerCalls(engine, () -> CriConfig.NONE, host, statuses))) {
      group.bind(all);
    }
    server =
        RpcServer.serve(
            Listeners.bind(List.of(folder.resolve("s"))),
            all.services(
                RuntimeServiceGrpc.getServiceDescriptor(), ImageServiceGrpc.getServiceDescriptor()),
            threads,
            () -> CallObserver.NONE);
    client = Client.of(folder.resolve("s"));
    calls = client.runtime();
  }

  @AfterEach
  void close() {
    client.close();
    server.close();
    threads.shutdownNow();
  }

  private String pod(String name, String handler) {
    return calls
        .runPodSandbox(
            RunPodSandboxRequest.newBuilder()
                .setConfig(
                    PodSandboxConfig.newBuilder()
                        .setMetadata(
                            PodSandboxMetadata.newBuilder()
                                .setName(name)
                                .setNamespace("n")
                                .setUid("u"))
                        .putLabels("app", name)
                        .putAnnotations("note", "x")
                        .setLogDirectory("/logs"))
                .setRuntimeHandler(handler)
                .build())
        .getPodSandboxId();
  }

  private String container(String pod, String name) {
    return container(pod, name, "registry.example/web:1");
  }

  private String container(String pod, String name, String image) {
    return calls
        .createContainer(
            CreateContainerRequest.newBuilder()
                .setPodSandboxId(pod)
                .setConfig(
                    ContainerConfig.newBuilder()
                        .setMetadata(ContainerMetadata.newBuilder().setName(name))
                        .setImage(ImageSpec.newBuilder().setImage(image))
                        .putLabels("app", name)
                        .setLogPath("c.log"))
                .build())
        .getContainerId();
  }

  private void start(String id) {
    var _ = calls.startContainer(StartContainerRequest.newBuilder().setContainerId(id).build());
  }

  private void stop(String id, long seconds) {
    var _ =
        calls.stopContainer(
            StopContainerRequest.newBuilder().setContainerId(id).setTimeout(seconds).build());
  }

  private List<Container> list(ContainerFilter.Builder filter) {
    return calls
        .listContainers(ListContainersRequest.newBuilder().setFilter(filter).build())
        .getContainersList();
  }

  private ContainerStatus status(String id) {
    return calls
        .containerStatus(ContainerStatusRequest.newBuilder().setContainerId(id).build())
        .getStatus();
  }

  private static void fails(
      Status.Code code, org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> assertThat(e.getStatus().getCode()).as(e.getMessage()).isEqualTo(code));
  }

  @Test
  void aPodFromBeginningToEnd() {
    String id = pod("web", "runc");
    fails(Status.Code.ALREADY_EXISTS, () -> pod("web", "runc"));
    fails(Status.Code.INVALID_ARGUMENT, () -> pod("other", "nope"));
    var response =
        calls.podSandboxStatus(
            PodSandboxStatusRequest.newBuilder().setPodSandboxId(id).setVerbose(true).build());
    assertThat(response.getStatus().getMetadata().getName()).isEqualTo("web");
    assertThat(response.getStatus().getState()).isEqualTo(PodSandboxState.SANDBOX_READY);
    assertThat(response.getStatus().getCreatedAt()).isEqualTo(1_000_000_005L);
    assertThat(response.getStatus().getNetwork().getIp()).isEqualTo("10.0.0.1");
    assertThat(response.getStatus().getNetwork().getAdditionalIps(0).getIp()).isEqualTo("fd00::1");
    assertThat(response.getStatus().getRuntimeHandler()).isEqualTo("runc");
    assertThat(response.getStatus().getAnnotationsMap()).containsEntry("note", "x");
    assertThat(response.getInfoMap()).containsOnlyKeys("info");
    StopPodSandboxRequest stop = StopPodSandboxRequest.newBuilder().setPodSandboxId(id).build();
    var _ = calls.stopPodSandbox(stop);
    var _ = calls.stopPodSandbox(stop);
    assertThat(pods(PodSandboxFilter.newBuilder()).getFirst().getState())
        .isEqualTo(PodSandboxState.SANDBOX_NOTREADY);
    RemovePodSandboxRequest remove =
        RemovePodSandboxRequest.newBuilder().setPodSandboxId(id).build();
    var _ = calls.removePodSandbox(remove);
    var _ = calls.removePodSandbox(remove);
    var _ = calls.stopPodSandbox(stop);
    fails(
        Status.Code.NOT_FOUND,
        () ->
            calls.podSandboxStatus(
                PodSandboxStatusRequest.newBuilder().setPodSandboxId(id).build()));
  }

  private List<PodSandbox> pods(PodSandboxFilter.Builder filter) {
    return calls
        .listPodSandbox(ListPodSandboxRequest.newBuilder().setFilter(filter).build())
        .getItemsList();
  }

  @Test
  void filtersPods() {
    String one = pod("one", "");
    String two = pod("two", "");
    assertThat(pods(PodSandboxFilter.newBuilder())).hasSize(2);
    assertThat(pods(PodSandboxFilter.newBuilder().setId(one))).hasSize(1);
    assertThat(pods(PodSandboxFilter.newBuilder().putLabelSelector("app", "two")))
        .extracting(PodSandbox::getId)
        .containsExactly(two);
    var _ = calls.stopPodSandbox(StopPodSandboxRequest.newBuilder().setPodSandboxId(one).build());
    assertThat(
            pods(
                PodSandboxFilter.newBuilder()
                    .setState(
                        PodSandboxStateValue.newBuilder().setState(PodSandboxState.SANDBOX_READY))))
        .extracting(PodSandbox::getId)
        .containsExactly(two);
  }

  @Test
  void aContainerFromBeginningToEnd() {
    String pod = pod("web", "");
    String id = container(pod, "main");
    fails(Status.Code.ALREADY_EXISTS, () -> container(pod, "main"));
    fails(Status.Code.NOT_FOUND, () -> container(pod, "x", "registry.example/none:1"));
    fails(Status.Code.NOT_FOUND, () -> container("f".repeat(64), "x"));
    assertThat(status(id).getState()).isEqualTo(ContainerState.CONTAINER_CREATED);
    fails(
        Status.Code.FAILED_PRECONDITION,
        () ->
            calls.reopenContainerLog(
                ReopenContainerLogRequest.newBuilder().setContainerId(id).build()));
    start(id);
    fails(Status.Code.FAILED_PRECONDITION, () -> start(id));
    ContainerStatus running = status(id);
    assertThat(running.getState()).isEqualTo(ContainerState.CONTAINER_RUNNING);
    assertThat(running.getImage().getImage()).isEqualTo("registry.example/web:1");
    assertThat(running.getImageRef()).isEqualTo("registry.example/web@" + FakeNode.IMAGE);
    assertThat(running.getImageId()).isEqualTo(FakeNode.IMAGE.toString());
    assertThat(running.getLogPath()).isEqualTo("/logs/c.log");
    assertThat(running.getUser().getLinux().getUid()).isEqualTo(1);
    // Without the image's.
    assertThat(running.getLabelsMap()).containsOnlyKeys("app");
    var _ =
        calls.reopenContainerLog(ReopenContainerLogRequest.newBuilder().setContainerId(id).build());
    stop(id, 7);
    stop(id, 7);
    assertThat(node.calls).containsExactly("reopen", "stop 7");
    ContainerStatus ended = status(id);
    assertThat(ended.getState()).isEqualTo(ContainerState.CONTAINER_EXITED);
    assertThat(ended.getExitCode()).isEqualTo(143);
    assertThat(ended.getReason()).isEqualTo("Error");
    assertThat(ended.getFinishedAt()).isEqualTo(4_000_000_000L);
    // It has had its life.
    fails(Status.Code.FAILED_PRECONDITION, () -> start(id));
    RemoveContainerRequest remove = RemoveContainerRequest.newBuilder().setContainerId(id).build();
    var _ = calls.removeContainer(remove);
    var _ = calls.removeContainer(remove);
    stop(id, 0);
    assertThat(node.calls).containsExactly("reopen", "stop 7", "remove true true");
    fails(Status.Code.NOT_FOUND, () -> status(id));
    fails(Status.Code.NOT_FOUND, () -> start(id));
  }

  @Test
  void filtersContainersAndShowsNoneOfOthers() {
    String one = pod("one", "");
    String two = pod("two", "");
    String a = container(one, "a");
    String b = container(two, "b");
    start(b);
    String foreign = "9".repeat(64);
    node.containers.put(
        foreign,
        FakeNode.info(
            foreign,
            dev.kapal.engine.spec.ContainerSpec.builder("x").build(),
            dev.kapal.engine.ContainerState.RUNNING,
            0));
    assertThat(list(ContainerFilter.newBuilder())).hasSize(2);
    assertThat(list(ContainerFilter.newBuilder().setId(a))).hasSize(1);
    assertThat(list(ContainerFilter.newBuilder().setPodSandboxId(two)))
        .extracting(Container::getId)
        .containsExactly(b);
    assertThat(list(ContainerFilter.newBuilder().putLabelSelector("app", "a"))).hasSize(1);
    assertThat(
            list(
                ContainerFilter.newBuilder()
                    .setState(
                        ContainerStateValue.newBuilder()
                            .setState(ContainerState.CONTAINER_RUNNING))))
        .extracting(Container::getId)
        .containsExactly(b);
    fails(Status.Code.NOT_FOUND, () -> status(foreign));
    stop(foreign, 0);
    assertThat(node.containers.get(foreign).state().alive()).isTrue();
  }

  @Test
  void longListsComeInParts() {
    String pod = pod("web", "");
    for (int i = 0; i < 600; i++) {
      var _ = container(pod, "c" + i);
    }
    List<Integer> parts = new ArrayList<>();
    calls
        .streamContainers(StreamContainersRequest.getDefaultInstance())
        .forEachRemaining(part -> parts.add(part.getContainersCount()));
    assertThat(parts).containsExactly(256, 256, 88);
  }

  @Test
  void theNodeIsReadyWhenItsNetworkIs() {
    StatusResponse status = calls.status(StatusRequest.getDefaultInstance());
    assertThat(status.getStatus().getConditionsList())
        .extracting(RuntimeCondition::getType, RuntimeCondition::getStatus)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple("RuntimeReady", true),
            org.assertj.core.groups.Tuple.tuple("NetworkReady", true));
    // One that cannot hold pods is no handler; the default one has no name, too.
    assertThat(status.getRuntimeHandlersList())
        .extracting(h -> h.getName())
        .containsExactly("", "native", "runc");
    assertThat(status.getRuntimeHandlers(0).getFeatures().getUserNamespaces()).isTrue();
    assertThat(status.getRuntimeHandlers(0).getFeatures().getRecursiveReadOnlyMounts()).isTrue();
    node.network = new Readiness(false, "NetworkPluginNotReady", "no CNI configuration");
    RuntimeCondition network =
        calls.status(StatusRequest.getDefaultInstance()).getStatus().getConditions(1);
    assertThat(network.getStatus()).isFalse();
    assertThat(network.getReason()).isEqualTo("NetworkPluginNotReady");
    assertThat(network.getMessage()).isEqualTo("no CNI configuration");
  }
}
