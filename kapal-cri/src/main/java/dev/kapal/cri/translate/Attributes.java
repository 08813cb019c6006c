package dev.kapal.cri.translate;

import dev.kapal.cri.proto.ContainerConfig;
import dev.kapal.cri.proto.ContainerMetadata;
import dev.kapal.cri.proto.ImageSpec;
import dev.kapal.cri.proto.PodSandboxConfig;
import dev.kapal.cri.proto.PodSandboxMetadata;
import dev.kapal.engine.ContainerInfo;
import dev.kapal.engine.PodInfo;
import dev.kapal.engine.spec.PodMember;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What the interface says of pods and containers and the engine has no word for. It is kept in the
 * attributes that the engine stores with them.
 */
public final class Attributes {
  private static final String NAME = "name";
  private static final String UID = "uid";
  private static final String NAMESPACE = "namespace";
  private static final String ATTEMPT = "attempt";
  private static final String LOGS = "logs";
  private static final String HANDLER = "handler";
  private static final String IMAGE = "image";
  private static final String USER_IMAGE = "image-as-written";
  private static final String ANNOTATION = "annotation:";

  private Attributes() {}

  static Map<String, String> of(PodSandboxConfig config, String handler) {
    Map<String, String> all = new LinkedHashMap<>();
    PodSandboxMetadata metadata = config.getMetadata();
    all.put(NAME, metadata.getName());
    all.put(UID, metadata.getUid());
    all.put(NAMESPACE, metadata.getNamespace());
    all.put(ATTEMPT, Integer.toUnsignedString(metadata.getAttempt()));
    all.put(LOGS, config.getLogDirectory());
    all.put(HANDLER, handler);
    config.getAnnotationsMap().forEach((name, value) -> all.put(ANNOTATION + name, value));
    return all;
  }

  static Map<String, String> of(ContainerConfig config) {
    Map<String, String> all = new LinkedHashMap<>();
    ContainerMetadata metadata = config.getMetadata();
    all.put(NAME, metadata.getName());
    all.put(ATTEMPT, Integer.toUnsignedString(metadata.getAttempt()));
    all.put(LOGS, config.getLogPath());
    all.put(IMAGE, config.getImage().getImage());
    all.put(USER_IMAGE, config.getImage().getUserSpecifiedImage());
    config.getAnnotationsMap().forEach((name, value) -> all.put(ANNOTATION + name, value));
    return all;
  }

  /** Whether a pod came through this door. */
  public static boolean known(PodInfo pod) {
    return pod.spec().attributes().containsKey(UID);
  }

  /** Whether a container came through this door. */
  public static boolean known(ContainerInfo container) {
    return container.spec().pod().filter(p -> p.attributes().containsKey(NAME)).isPresent();
  }

  /** A pod's name, uid, namespace and attempt. */
  public static PodSandboxMetadata metadata(PodInfo pod) {
    Map<String, String> all = pod.spec().attributes();
    return PodSandboxMetadata.newBuilder()
        .setName(text(all, NAME))
        .setUid(text(all, UID))
        .setNamespace(text(all, NAMESPACE))
        .setAttempt(number(all))
        .build();
  }

  /** What containers have to know of their pod's request. */
  public static PodSandboxConfig config(PodInfo pod) {
    return PodSandboxConfig.newBuilder()
        .setMetadata(metadata(pod))
        .setLogDirectory(text(pod.spec().attributes(), LOGS))
        .putAllAnnotations(annotations(pod))
        .build();
  }

  /** A container's name and attempt. */
  public static ContainerMetadata metadata(ContainerInfo container) {
    Map<String, String> all = of(container);
    return ContainerMetadata.newBuilder().setName(text(all, NAME)).setAttempt(number(all)).build();
  }

  /** A pod's annotations. */
  public static Map<String, String> annotations(PodInfo pod) {
    return annotations(pod.spec().attributes());
  }

  /** A container's annotations. */
  public static Map<String, String> annotations(ContainerInfo container) {
    return annotations(of(container));
  }

  /** The handler that the pod was asked for with. */
  public static String handler(PodInfo pod) {
    return text(pod.spec().attributes(), HANDLER);
  }

  /** The image as it was asked for. */
  static ImageSpec image(ContainerInfo container) {
    Map<String, String> all = of(container);
    return ImageSpec.newBuilder()
        .setImage(text(all, IMAGE))
        .setUserSpecifiedImage(text(all, USER_IMAGE))
        .build();
  }

  private static Map<String, String> of(ContainerInfo container) {
    return container.spec().pod().map(PodMember::attributes).orElse(Map.of());
  }

  private static Map<String, String> annotations(Map<String, String> all) {
    Map<String, String> annotations = new LinkedHashMap<>();
    all.forEach((key, value) -> {
      if (key.startsWith(ANNOTATION)) {
        annotations.put(key.substring(ANNOTATION.length()), value);
      }
    });
    return annotations;
  }

  private static String text(Map<String, String> all, String key) {
    return all.getOrDefault(key, "");
  }

  private static int number(Map<String, String> all) {
    return Integer.parseUnsignedInt(all.getOrDefault(ATTEMPT, "0"));
  }
}
