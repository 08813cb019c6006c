package dev.kapal.it;

import dev.kapal.cri.proto.AttachRequest;
import dev.kapal.cri.proto.Container;
import dev.kapal.cri.proto.ContainerConfig;
import dev.kapal.cri.proto.ContainerFilter;
import dev.kapal.cri.proto.ContainerMetadata;
import dev.kapal.cri.proto.ContainerStats;
import dev.kapal.cri.proto.ContainerStatsRequest;
import dev.kapal.cri.proto.ContainerStatus;
import dev.kapal.cri.proto.ContainerStatusRequest;
import dev.kapal.cri.proto.CreateContainerRequest;
import dev.kapal.cri.proto.ExecSyncRequest;
import dev.kapal.cri.proto.ExecSyncResponse;
import dev.kapal.cri.proto.ImageSpec;
import dev.kapal.cri.proto.LinuxContainerResources;
import dev.kapal.cri.proto.LinuxPodSandboxConfig;
import dev.kapal.cri.proto.LinuxSandboxSecurityContext;
import dev.kapal.cri.proto.ListContainersRequest;
import dev.kapal.cri.proto.ListPodSandboxRequest;
import dev.kapal.cri.proto.NamespaceMode;
import dev.kapal.cri.proto.NamespaceOption;
import dev.kapal.cri.proto.PodSandbox;
import dev.kapal.cri.proto.PodSandboxConfig;
import dev.kapal.cri.proto.PodSandboxMetadata;
import dev.kapal.cri.proto.PodSandboxStatus;
import dev.kapal.cri.proto.PodSandboxStatusRequest;
import dev.kapal.cri.proto.RemoveContainerRequest;
import dev.kapal.cri.proto.RemovePodSandboxRequest;
import dev.kapal.cri.proto.RunPodSandboxRequest;
import dev.kapal.cri.proto.RuntimeServiceGrpc;
import dev.kapal.cri.proto.RuntimeServiceGrpc.RuntimeServiceBlockingStub;
import dev.kapal.cri.proto.StartContainerRequest;
import dev.kapal.cri.proto.StopContainerRequest;
import dev.kapal.cri.proto.StopPodSandboxRequest;
import dev.kapal.cri.proto.UpdateContainerResourcesRequest;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.List;

/** Pods by way of the kubelet's interface, without a client program. */
final class CriClient implements AutoCloseable {
  private final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final ManagedChannel channel;
  private final RuntimeServiceBlockingStub runtime;
  private final String cgroup;

  CriClient(Path socket, String cgroup) {
    this.cgroup = cgroup;
    this.channel =
        NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(socket))
            .channelType(NioDomainSocketChannel.class)
            .eventLoopGroup(loop)
            .overrideAuthority("localhost")
            .usePlaintext()
            .build();
    this.runtime = RuntimeServiceGrpc.newBlockingStub(channel).withWaitForReady();
  }

  PodSandboxConfig pod(String name, boolean sharedPids) {
    return PodSandboxConfig.newBuilder()
        .setMetadata(
            PodSandboxMetadata.newBuilder().setName(name).setUid(name + "-uid").setNamespace("n"))
        .setLogDirectory("/tmp")
        .setLinux(
            LinuxPodSandboxConfig.newBuilder()
                .setCgroupParent(cgroup + "/pod-" + name)
                .setSecurityContext(
                    LinuxSandboxSecurityContext.newBuilder()
                        .setNamespaceOptions(
                            NamespaceOption.newBuilder()
                                .setPid(sharedPids ? NamespaceMode.POD : NamespaceMode.CONTAINER))))
        .build();
  }

  String run(PodSandboxConfig config) {
    return run(config, "");
  }

  String run(PodSandboxConfig config, String handler) {
    return runtime
        .runPodSandbox(
            RunPodSandboxRequest.newBuilder().setConfig(config).setRuntimeHandler(handler).build())
        .getPodSandboxId();
  }

  String create(String pod, PodSandboxConfig config, String... words) {
    return create(pod, config, container("c", words));
  }

  /** What a container is to be; more can be set. */
  static ContainerConfig.Builder container(String name, String... words) {
    return ContainerConfig.newBuilder()
        .setMetadata(ContainerMetadata.newBuilder().setName(name))
        .setImage(ImageSpec.newBuilder().setImage("localhost/busybox:latest"))
        .addAllCommand(List.of(words));
  }

  String create(String pod, PodSandboxConfig config, ContainerConfig.Builder container) {
    return runtime
        .createContainer(
            CreateContainerRequest.newBuilder()
                .setPodSandboxId(pod)
                .setSandboxConfig(config)
                .setConfig(container)
                .build())
        .getContainerId();
  }

  void start(String container) {
    var _ =
        runtime.startContainer(
            StartContainerRequest.newBuilder().setContainerId(container).build());
  }

  String exec(String container, String... words) {
    return runtime
        .execSync(
            ExecSyncRequest.newBuilder()
                .setContainerId(container)
                .addAllCmd(List.of(words))
                .build())
        .getStdout()
        .toStringUtf8();
  }

  ExecSyncResponse execute(String container, int seconds, String... words) {
    return runtime.execSync(
        ExecSyncRequest.newBuilder()
            .setContainerId(container)
            .setTimeout(seconds)
            .addAllCmd(List.of(words))
            .build());
  }

  /** The URL at which a container with a terminal can be attached to. */
  String attach(String container) {
    return runtime
        .attach(
            AttachRequest.newBuilder()
                .setContainerId(container)
                .setStdin(true)
                .setStdout(true)
                .setTty(true)
                .build())
        .getUrl();
  }

  void stopContainer(String container, int seconds) {
    var _ =
        runtime.stopContainer(
            StopContainerRequest.newBuilder()
                .setContainerId(container)
                .setTimeout(seconds)
                .build());
  }

  void removeContainer(String container) {
    var _ =
        runtime.removeContainer(
            RemoveContainerRequest.newBuilder().setContainerId(container).build());
  }

  void update(String container, LinuxContainerResources resources) {
    var _ =
        runtime.updateContainerResources(
            UpdateContainerResourcesRequest.newBuilder()
                .setContainerId(container)
                .setLinux(resources)
                .build());
  }

  ContainerStats stats(String container) {
    return runtime
        .containerStats(ContainerStatsRequest.newBuilder().setContainerId(container).build())
        .getStats();
  }

  void stop(String pod) {
    var _ = runtime.stopPodSandbox(StopPodSandboxRequest.newBuilder().setPodSandboxId(pod).build());
  }

  void remove(String pod) {
    var _ =
        runtime.removePodSandbox(RemovePodSandboxRequest.newBuilder().setPodSandboxId(pod).build());
  }

  List<PodSandbox> pods() {
    return runtime.listPodSandbox(ListPodSandboxRequest.getDefaultInstance()).getItemsList();
  }

  /** Those of a pod; of all pods when it is empty. */
  List<Container> containers(String pod) {
    return runtime
        .listContainers(
            ListContainersRequest.newBuilder()
                .setFilter(ContainerFilter.newBuilder().setPodSandboxId(pod))
                .build())
        .getContainersList();
  }

  PodSandboxStatus status(String pod) {
    return runtime
        .podSandboxStatus(PodSandboxStatusRequest.newBuilder().setPodSandboxId(pod).build())
        .getStatus();
  }

  ContainerStatus container(String id) {
    return runtime
        .containerStatus(ContainerStatusRequest.newBuilder().setContainerId(id).build())
        .getStatus();
  }

  /** The daemon is there again: nobody has to wait until the next attempt is due. */
  void reconnect() {
    channel.resetConnectBackoff();
  }

  @Override
  public void close() {
    channel.shutdownNow();
    loop.shutdownGracefully();
  }
}
