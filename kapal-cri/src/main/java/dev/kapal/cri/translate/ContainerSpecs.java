package dev.kapal.cri.translate;

import dev.kapal.cri.config.CriConfig;
import dev.kapal.cri.proto.ContainerConfig;
import dev.kapal.cri.proto.Device;
import dev.kapal.cri.proto.LinuxContainerSecurityContext;
import dev.kapal.cri.proto.PodSandboxConfig;
import dev.kapal.cri.proto.SupplementalGroupsPolicy;
import dev.kapal.engine.spec.ContainerSpec;
import dev.kapal.engine.spec.DeviceSpec;
import dev.kapal.engine.spec.HealthSpec;
import dev.kapal.engine.spec.LogSpec;
import dev.kapal.engine.spec.PodMember;
import dev.kapal.engine.spec.ProcessSpec;
import dev.kapal.engine.spec.StorageSpec;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/** Containers as they are asked for. */
public final class ContainerSpecs {
  private ContainerSpecs() {}

  /**
   * The engine's specification.
   *
   * @param pod ID of its pod
   * @param imageId of the image that the request means
   * @param images the ID of an image that a volume is made of, by its name
   * @param sandbox what the pod was run with
   * @param passed which annotations the pod's runtime is given
   * @throws IllegalArgumentException the request makes no sense
   */
  public static ContainerSpec of(
      String pod,
      String imageId,
      Function<String, String> images,
      ContainerConfig config,
      PodSandboxConfig sandbox,
      CriConfig.Passed passed,
      Host host) {
    if (config.getMetadata().getName().isEmpty()) {
      throw new IllegalArgumentException("the container's metadata lacks a name");
    }
    LinuxContainerSecurityContext context = config.getLinux().getSecurityContext();
    return ContainerSpec.builder(imageId)
        .name(ContainerNames.of(config.getMetadata(), sandbox.getMetadata(), pod))
        .pod(new PodMember(pod, Attributes.of(config)))
        .process(process(config))
        .security(Rights.ofContainer(context, host))
        .namespaces(Namespaces.ofContainer(context.getNamespaceOptions()))
        .storage(
            StorageSpec.DEFAULT
                .withMounts(config.getMountsList().stream().map(m -> Mounts.of(m, images)).toList())
                .withReadOnlyRoot(context.getReadonlyRootfs()))
        .resources(Limits.of(config.getLinux().getResources()))
        .devices(devices(config))
        .labels(config.getLabelsMap())
        .annotations(annotations(config, sandbox, passed))
        // The kubelet probes; what an image says of it is Docker's.
        .health(HealthSpec.DISABLED)
        .log(log(config, sandbox))
        .build();
  }

  private static ProcessSpec process(ContainerConfig config) {
    LinuxContainerSecurityContext context = config.getLinux().getSecurityContext();
    ProcessSpec.Builder process =
        ProcessSpec.builder()
            .command(config.getArgsList())
            .env(
                config.getEnvsList().stream()
                    .map(e -> e.getKey() + "=" + e.getValue().toStringUtf8())
                    .toList())
            .groupAdd(context.getSupplementalGroupsList().stream().map(Users::id).toList())
            .strictGroups(context.getSupplementalGroupsPolicy() == SupplementalGroupsPolicy.Strict)
            .tty(config.getTty())
            .stdinOpen(config.getStdin())
            .stdinOnce(config.getStdinOnce());
    if (config.getCommandCount() > 0) {
      process.entrypoint(config.getCommandList());
    }
    if (!config.getWorkingDir().isEmpty()) {
      process.workdir(config.getWorkingDir());
    }
    Users.of(context).ifPresent(process::user);
    StopSignals.of(config.getStopSignal()).ifPresent(process::stopSignal);
    if (config.getLinux().hasResources()) {
      Limits.oomScore(config.getLinux().getResources()).ifPresent(process::oomScoreAdj);
    }
    return process.build();
  }

  private static DeviceSpec devices(ContainerConfig config) {
    List<DeviceSpec.Device> devices = new ArrayList<>();
    for (Device d : config.getDevicesList()) {
      devices.add(
          new DeviceSpec.Device(
              d.getHostPath(),
              d.getContainerPath().isEmpty() ? d.getHostPath() : d.getContainerPath(),
              d.getPermissions().isEmpty() ? "rwm" : d.getPermissions()));
    }
    return new DeviceSpec(devices, List.of(), cdi(config));
  }

  /** By name, and in annotations as older kubelets hand them on; each once. */
  private static List<String> cdi(ContainerConfig config) {
    Set<String> names = new LinkedHashSet<>();
    config.getCDIDevicesList().forEach(device -> names.add(device.getName()));
    config
        .getAnnotationsMap()
        .forEach((name, value) -> {
          if (name.startsWith(Annotations.CDI_PREFIX)) {
            names.addAll(List.of(value.split(",", -1)));
          }
        });
    return List.copyOf(names);
  }

  private static Map<String, String> annotations(
      ContainerConfig config, PodSandboxConfig sandbox, CriConfig.Passed passed) {
    Map<String, String> all = new LinkedHashMap<>(PodSpecs.annotations(sandbox, passed));
    all.putAll(Annotations.matching(config.getAnnotationsMap(), passed.container()));
    all.remove(Annotations.POD_LOGS);
    all.put(Annotations.CONTAINER_NAME, config.getMetadata().getName());
    all.put(Annotations.IMAGE_NAME, config.getImage().getImage());
    return all;
  }

  /** Without both parts of the path nothing is kept. */
  private static LogSpec log(ContainerConfig config, PodSandboxConfig sandbox) {
    String folder = sandbox.getLogDirectory();
    String file = config.getLogPath();
    if (folder.isEmpty() || file.isEmpty()) {
      return LogSpec.of("none");
    }
    if (file.startsWith("/") || List.of(file.split("/", -1)).contains("..")) {
      throw new IllegalArgumentException(
          "the log_path \"" + file + "\" is not a path below the pod's log_directory");
    }
    return new LogSpec("cri", Map.of(), Optional.of(folder + "/" + file));
  }
}
