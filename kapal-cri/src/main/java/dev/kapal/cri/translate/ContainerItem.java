package dev.kapal.cri.translate;

import dev.kapal.cri.proto.Container;
import dev.kapal.engine.ContainerInfo;

/**
 * A container as lists show it.
 *
 * @param of what was made into it
 */
record ContainerItem(ContainerInfo of, Container message) {
  static ContainerItem of(ContainerInfo container) {
    return new ContainerItem(container, ContainerMessages.item(container));
  }

  /** Whether nothing has changed since: the engine gives the same object as long as that is so. */
  @SuppressWarnings("ReferenceEquality")
  boolean holds(ContainerInfo container) {
    return of == container;
  }
}
