package dev.kapal.cri.translate;

import dev.kapal.cri.config.CriConfig;
import dev.kapal.cri.proto.LinuxPodSandboxConfig;
import dev.kapal.cri.proto.NamespaceMode;
import dev.kapal.cri.proto.PodSandboxConfig;
import dev.kapal.cri.proto.PodSandboxMetadata;
import dev.kapal.engine.spec.PodSpec;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** Pods as they are asked for. */
public final class PodSpecs {
  private PodSpecs() {}

  /**
   * The engine's specification.
   *
   * @param handler as asked for
   * @param runtime that the handler means; empty: the default one
   * @param passed which annotations that runtime is given
   * @throws IllegalArgumentException the request makes no sense
   */
  public static PodSpec of(
      PodSandboxConfig config,
      String handler,
      Optional<String> runtime,
      CriConfig.Passed passed,
      Host host) {
    PodSandboxMetadata metadata = config.getMetadata();
    if (metadata.getName().isEmpty()
        || metadata.getNamespace().isEmpty()
        || metadata.getUid().isEmpty()) {
      throw new IllegalArgumentException("the pod's metadata lacks a name, a namespace or a uid");
    }
    LinuxPodSandboxConfig linux = config.getLinux();
    PodSpec.Builder spec =
        PodSpec.builder(name(metadata))
            .network(PodNetworks.of(config))
            .namespaces(Namespaces.ofPod(linux.getSecurityContext().getNamespaceOptions()))
            .security(Rights.ofPod(linux.getSecurityContext(), host))
            .sysctls(linux.getSysctlsMap())
            .resources(Limits.sums(linux.getResources()))
            .overhead(Limits.sums(linux.getOverhead()))
            .labels(config.getLabelsMap())
            .annotations(annotations(config, passed))
            .attributes(Attributes.of(config, handler));
    runtime.ifPresent(spec::runtime);
    if (!linux.getCgroupParent().isEmpty()) {
      spec.cgroupParent(linux.getCgroupParent());
    }
    boolean hostNetwork =
        linux.getSecurityContext().getNamespaceOptions().getNetwork() == NamespaceMode.NODE;
    if (!config.getHostname().isEmpty() && !hostNetwork) {
      spec.hostname(config.getHostname());
    }
    return spec.build();
  }

  /** One sandbox for each attempt at a pod. */
  private static String name(PodSandboxMetadata m) {
    return String.join(
        "_", m.getName(), m.getNamespace(), m.getUid(), Integer.toUnsignedString(m.getAttempt()));
  }

  static Map<String, String> annotations(PodSandboxConfig config, CriConfig.Passed passed) {
    PodSandboxMetadata metadata = config.getMetadata();
    Map<String, String> all =
        new LinkedHashMap<>(Annotations.matching(config.getAnnotationsMap(), passed.pod()));
    all.put(Annotations.POD_NAME, metadata.getName());
    all.put(Annotations.POD_NAMESPACE, metadata.getNamespace());
    all.put(Annotations.POD_UID, metadata.getUid());
    all.put(Annotations.POD_LOGS, config.getLogDirectory());
    return all;
  }
}
