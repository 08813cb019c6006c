package dev.kapal.cri.translate;

import dev.kapal.cri.proto.Container;
import dev.kapal.cri.proto.ContainerResources;
import dev.kapal.cri.proto.ContainerState;
import dev.kapal.cri.proto.ContainerStatus;
import dev.kapal.cri.proto.ContainerUser;
import dev.kapal.cri.proto.ImageSpec;
import dev.kapal.cri.proto.LinuxContainerUser;
import dev.kapal.engine.ContainerInfo;
import dev.kapal.engine.spec.PodMember;
import dev.kapal.image.Image;
import dev.kapal.oci.Reference;
import java.util.Optional;

/** Containers as the interface tells of them. */
public final class ContainerMessages {
  private static final int EXEC_FAILED = 128;

  private ContainerMessages() {}

  /** In a list. */
  public static Container item(ContainerInfo c) {
    return Container.newBuilder()
        .setId(c.id())
        .setPodSandboxId(pod(c))
        .setMetadata(Attributes.metadata(c))
        .setImage(Attributes.image(c))
        .setImageRef(c.imageId())
        .setImageId(c.imageId())
        .setState(state(c))
        .setCreatedAt(Times.nanos(c.created()))
        .putAllLabels(c.spec().labels())
        .putAllAnnotations(Attributes.annotations(c))
        .build();
  }

  /** ID of its pod. */
  public static String pod(ContainerInfo c) {
    return c.spec().pod().map(PodMember::pod).orElse("");
  }

  /** Where it is in its life. */
  public static ContainerState state(ContainerInfo c) {
    return switch (c.state()) {
      case CREATED ->
          c.error().isPresent()
              ? ContainerState.CONTAINER_EXITED
              : ContainerState.CONTAINER_CREATED;
      case RUNNING, PAUSED -> ContainerState.CONTAINER_RUNNING;
      case EXITED, RESTARTING, REMOVING -> ContainerState.CONTAINER_EXITED;
      case DEAD -> ContainerState.CONTAINER_UNKNOWN;
    };
  }

  /**
   * In full.
   *
   * @param image its image, if that is still here
   */
  public static ContainerStatus status(ContainerInfo c, Optional<Image> image) {
    ContainerState state = state(c);
    ContainerStatus.Builder status =
        ContainerStatus.newBuilder()
            .setId(c.id())
            .setMetadata(Attributes.metadata(c))
            .setState(state)
            .setCreatedAt(Times.nanos(c.created()))
            .setImage(image(c, image))
            .setImageRef(
                image.stream()
                    .flatMap(i -> i.repoDigests().stream())
                    .map(Reference::toString)
                    .findFirst()
                    .orElse(c.imageId()))
            .setImageId(c.imageId())
            .putAllLabels(c.spec().labels())
            .putAllAnnotations(Attributes.annotations(c))
            .setLogPath(c.spec().log().path().orElse(""))
            .setResources(
                ContainerResources.newBuilder()
                    .setLinux(
                        Limits.message(c.spec().resources(), c.spec().process().oomScoreAdj())))
            .setStopSignal(StopSignals.message(c.stopSignal()));
    c.spec().storage().mounts().stream().map(Mounts::message).forEach(status::addMounts);
    c.user()
        .ifPresent(u ->
            status.setUser(
                ContainerUser.newBuilder()
                    .setLinux(
                        LinuxContainerUser.newBuilder()
                            .setUid(u.uid())
                            .setGid(u.gid())
                            .addAllSupplementalGroups(u.groups()))));
    c.started().map(Times::nanos).ifPresent(status::setStartedAt);
    if (state == ContainerState.CONTAINER_EXITED) {
      // One that never ran is over since it was made.
      status.setFinishedAt(Times.nanos(c.finished().or(c::started).orElse(c.created())));
      boolean failed = c.started().isEmpty() && c.error().isPresent();
      int code = failed && c.exitCode() == 0 ? EXEC_FAILED : c.exitCode();
      status.setExitCode(code).setReason(reason(c, failed));
      c.error().ifPresent(status::setMessage);
    }
    return status.build();
  }

  private static String reason(ContainerInfo c, boolean failed) {
    if (failed) {
      return "StartError";
    }
    if (c.oomKilled()) {
      return "OOMKilled";
    }
    return c.exitCode() == 0 ? "Completed" : "Error";
  }

  /** What was asked for, by a name if it has one now. */
  private static ImageSpec image(ContainerInfo c, Optional<Image> image) {
    ImageSpec asked = Attributes.image(c);
    return image.stream()
        .flatMap(i -> i.names().stream())
        .findFirst()
        .map(name -> asked.toBuilder().setImage(name.toString()).build())
        .orElse(asked);
  }
}
