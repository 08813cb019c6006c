import dev.kapal.cri.proto.ContainerConfig;
import dev.kapal.cri.proto.ContainerMetadata;
import dev.kapal.cri.proto.CreateContainerRequest;
import dev.kapal.cri.proto.ExecSyncRequest;
import dev.kapal.cri.proto.ImageSpec;
import dev.kapal.cri.proto.LinuxPodSandboxConfig;
import dev.kapal.cri.proto.LinuxSandboxSecurityContext;
import dev.kapal.cri.proto.ListContainersRequest;
import dev.kapal.cri.proto.NamespaceMode;
import dev.kapal.cri.proto.NamespaceOption;
import dev.kapal.cri.proto.PodSandboxConfig;
import dev.kapal.cri.proto.PodSandboxMetadata;
import dev.kapal.cri.proto.RemovePodSandboxRequest;
import dev.kapal.cri.proto.RunPodSandboxRequest;
import dev.kapal.cri.proto.RuntimeServiceGrpc;
import dev.kapal.cri.proto.RuntimeServiceGrpc.RuntimeServiceBlockingStub;
import dev.kapal.cri.proto.StartContainerRequest;
import dev.kapal.cri.proto.StopPodSandboxRequest;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import java.net.UnixDomainSocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;

/**
 * Drives a runtime through the kubelet's interface, as the kubelet does.
 *
 * <pre>
 *   CriBench SOCKET IMAGE latency RUNS CGROUP   medians in ms: pod, host (without a network), exec
 *   CriBench SOCKET IMAGE list COUNT CGROUP     median in ms of ListContainers with so many
 *   CriBench SOCKET IMAGE hold COUNT CGROUP     runs so many pods, prints "ready", ends them at end of input
 * </pre>
 */
final class CriBench {
  private final RuntimeServiceBlockingStub runtime;
  private final String image;
  private final String cgroup;

  private CriBench(RuntimeServiceBlockingStub runtime, String image, String cgroup) {
    this.runtime = runtime;
    this.image = image;
    this.cgroup = cgroup;
  }

  public static void main(String[] words) throws Exception {
    EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    ManagedChannel channel =
        NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(words[0]))
            .channelType(NioDomainSocketChannel.class)
            .eventLoopGroup(loop)
            .overrideAuthority("localhost")
            .usePlaintext()
            .maxInboundMessageSize(16 << 20)
            .build();
    CriBench bench = new CriBench(RuntimeServiceGrpc.newBlockingStub(channel), words[1], words[4]);
    int count = Integer.parseInt(words[3]);
    switch (words[2]) {
      case "latency" -> bench.latency(count);
      case "list" -> bench.list(count);
      case "hold" -> bench.hold(count);
      default -> throw new IllegalArgumentException(words[2]);
    }
    channel.shutdownNow();
    loop.shutdownGracefully();
  }

  private PodSandboxConfig pod(boolean host) {
    String uid = UUID.randomUUID().toString();
    return PodSandboxConfig.newBuilder()
        .setMetadata(
            PodSandboxMetadata.newBuilder().setName("bench-" + uid).setUid(uid).setNamespace("b"))
        .setLogDirectory("/tmp")
        .setLinux(
            LinuxPodSandboxConfig.newBuilder()
                .setCgroupParent(cgroup + "/pod" + uid)
                .setSecurityContext(
                    LinuxSandboxSecurityContext.newBuilder()
                        .setNamespaceOptions(
                            NamespaceOption.newBuilder()
                                .setNetwork(host ? NamespaceMode.NODE : NamespaceMode.POD)
                                .setPid(NamespaceMode.CONTAINER))))
        .build();
  }

  private String run(PodSandboxConfig config) {
    return runtime
        .runPodSandbox(RunPodSandboxRequest.newBuilder().setConfig(config).build())
        .getPodSandboxId();
  }

  private String create(String pod, PodSandboxConfig config, int number) {
    return runtime
        .createContainer(
            CreateContainerRequest.newBuilder()
                .setPodSandboxId(pod)
                .setSandboxConfig(config)
                .setConfig(
                    ContainerConfig.newBuilder()
                        .setMetadata(ContainerMetadata.newBuilder().setName("c" + number))
                        .setImage(ImageSpec.newBuilder().setImage(image))
                        .addAllCommand(List.of("sleep", "100000")))
                .build())
        .getContainerId();
  }

  private void start(String container) {
    runtime.startContainer(StartContainerRequest.newBuilder().setContainerId(container).build());
  }

  private void end(String pod) {
    runtime.stopPodSandbox(StopPodSandboxRequest.newBuilder().setPodSandboxId(pod).build());
    runtime.removePodSandbox(RemovePodSandboxRequest.newBuilder().setPodSandboxId(pod).build());
  }

  private double once(boolean host) {
    PodSandboxConfig config = pod(host);
    long begin = System.nanoTime();
    String pod = run(config);
    start(create(pod, config, 0));
    double took = (System.nanoTime() - begin) / 1e6;
    end(pod);
    return took;
  }

  private void latency(int runs) {
    for (int i = 0; i < 20; i++) {
      once(i % 2 == 0);
    }
    double[] pods = new double[runs];
    double[] hosts = new double[runs];
    for (int i = 0; i < runs; i++) {
      pods[i] = once(false);
      hosts[i] = once(true);
    }
    PodSandboxConfig config = pod(true);
    String pod = run(config);
    String container = create(pod, config, 0);
    start(container);
    double[] execs = new double[runs];
    for (int i = -10; i < runs; i++) {
      long begin = System.nanoTime();
      runtime.execSync(
          ExecSyncRequest.newBuilder().setContainerId(container).addCmd("true").build());
      if (i >= 0) {
        execs[i] = (System.nanoTime() - begin) / 1e6;
      }
    }
    end(pod);
    System.out.printf("%.2f %.2f %.2f%n", median(pods), median(hosts), median(execs));
  }

  private void list(int count) {
    List<String> pods = new ArrayList<>();
    int perPod = 50;
    for (int i = 0; i < count; ) {
      PodSandboxConfig config = pod(true);
      String pod = run(config);
      pods.add(pod);
      for (int j = 0; j < perPod && i < count; j++, i++) {
        create(pod, config, j);
      }
    }
    double[] times = new double[50];
    for (int i = -20; i < times.length; i++) {
      long begin = System.nanoTime();
      int found =
          runtime
              .listContainers(ListContainersRequest.getDefaultInstance())
              .getContainersCount();
      if (found != count) {
        throw new IllegalStateException("listed " + found + " of " + count);
      }
      if (i >= 0) {
        times[i] = (System.nanoTime() - begin) / 1e6;
      }
    }
    pods.forEach(this::end);
    System.out.printf("%.2f%n", median(times));
  }

  private void hold(int count) throws Exception {
    List<String> pods = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      PodSandboxConfig config = pod(false);
      String pod = run(config);
      start(create(pod, config, 0));
      pods.add(pod);
    }
    System.out.println("ready");
    while (System.in.read() >= 0) {}
    pods.forEach(this::end);
  }

  private static double median(double[] all) {
    double[] sorted = all.clone();
    Arrays.sort(sorted);
    int half = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  }
}
