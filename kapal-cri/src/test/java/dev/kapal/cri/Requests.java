package dev.kapal.cri;

import dev.kapal.cri.config.CriConfig;
import dev.kapal.cri.proto.ContainerConfig;
import dev.kapal.cri.proto.ContainerMetadata;
import dev.kapal.cri.proto.ImageSpec;
import dev.kapal.cri.proto.PodSandboxConfig;
import dev.kapal.cri.proto.PodSandboxMetadata;
import dev.kapal.cri.translate.ContainerSpecs;
import dev.kapal.cri.translate.Host;
import dev.kapal.cri.translate.PodSpecs;
import dev.kapal.engine.spec.ContainerSpec;
import dev.kapal.engine.spec.PodSpec;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What a kubelet asks for, as the engine gets it. */
public final class Requests {
  private static final CriConfig.Passed NOTHING = new CriConfig.Passed(List.of(), List.of());
  private static final Host HOST = new Host(false);

  private Requests() {}

  private static PodSandboxConfig config(String name) {
    return PodSandboxConfig.newBuilder()
        .setMetadata(
            PodSandboxMetadata.newBuilder().setName(name).setUid("u-" + name).setNamespace("n"))
        .setLogDirectory("/logs")
        .build();
  }

  /** A pod. */
  public static PodSpec pod(String name) {
    return PodSpecs.of(config(name), "", Optional.empty(), NOTHING, HOST);
  }

  /** A pod that somebody else made. */
  public static PodSpec podOfOthers() {
    PodSpec pod = pod("other");
    return new PodSpec(
        "other",
        pod.runtime(),
        pod.hostname(),
        pod.network(),
        pod.namespaces(),
        pod.security(),
        pod.sysctls(),
        pod.cgroupParent(),
        pod.resources(),
        pod.overhead(),
        pod.shmSize(),
        pod.labels(),
        pod.annotations(),
        Map.of());
  }

  /** A container of a pod. */
  public static ContainerSpec container(String pod, String name) {
    return ContainerSpecs.of(
        pod,
        FakeNode.IMAGE.toString(),
        image -> image,
        ContainerConfig.newBuilder()
            .setMetadata(ContainerMetadata.newBuilder().setName(name))
            .setImage(ImageSpec.newBuilder().setImage("registry.example/web:1"))
            .putLabels("app", name)
            .build(),
        config("web"),
        NOTHING,
        HOST);
  }

  /** A container that is in no pod. */
  public static ContainerSpec containerOfOthers() {
    return ContainerSpec.builder("x").build();
  }
}
