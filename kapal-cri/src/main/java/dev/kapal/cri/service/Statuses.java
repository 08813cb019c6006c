package dev.kapal.cri.service;

import dev.kapal.cri.proto.ContainerStatus;
import dev.kapal.cri.translate.Attributes;
import dev.kapal.cri.translate.ContainerMessages;
import dev.kapal.engine.ContainerInfo;
import dev.kapal.engine.Engine;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.PodInfo;
import dev.kapal.image.Image;
import dev.kapal.oci.OciException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Containers in full, with what their images are called now. */
public record Statuses(Engine engine) {
  /** One. */
  public ContainerStatus of(ContainerInfo container) {
    return ContainerMessages.status(container, image(container));
  }

  /** Those of a pod; one that is removed meanwhile is left out. */
  public List<ContainerStatus> ofPod(PodInfo pod) {
    List<ContainerStatus> all = new ArrayList<>();
    for (String id : pod.containers()) {
      try {
        ContainerInfo container = engine.containers().inspect(id);
        if (Attributes.known(container)) {
          all.add(of(container));
        }
      } catch (EngineException.NotFound e) {
        // It went.
      }
    }
    return all;
  }

  private Optional<Image> image(ContainerInfo container) {
    try {
      return engine.images().find(container.imageId());
    } catch (OciException e) {
      return Optional.empty();
    }
  }
}
