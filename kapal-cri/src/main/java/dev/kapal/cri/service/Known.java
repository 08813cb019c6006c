package dev.kapal.cri.service;

import dev.kapal.cri.translate.Attributes;
import dev.kapal.engine.ContainerInfo;
import dev.kapal.engine.Engine;
import dev.kapal.engine.EngineException;

/** Containers that came through this door; others are not its callers' business. */
final class Known {
  private Known() {}

  /**
   * A container of a pod.
   *
   * @throws EngineException.NotFound there is none such
   */
  static ContainerInfo container(Engine engine, String id) {
    if (id.isEmpty()) {
      throw new IllegalArgumentException("no container is named");
    }
    ContainerInfo container = engine.containers().inspect(id);
    if (!Attributes.known(container)) {
      throw new EngineException.NotFound("there is no container \"" + id + "\" in any pod");
    }
    return container;
  }
}
