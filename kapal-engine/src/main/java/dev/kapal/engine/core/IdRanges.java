package dev.kapal.engine.core;

import dev.kapal.engine.EngineConfig;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.spec.NamespaceMode;
import dev.kapal.engine.spec.NamespaceSpec;

/** Whose ids of the host those of a user namespace are. */
final class IdRanges {
  private IdRanges() {}

  /**
   * The namespaces with the configured range where a user namespace is asked for without one.
   *
   * @throws EngineException.Unsupported none is configured either
   */
  static NamespaceSpec resolve(NamespaceSpec n, EngineConfig config) {
    if (n.user().kind() != NamespaceMode.Kind.PRIVATE || !n.uidMappings().isEmpty()) {
      return n;
    }
    if (config.uidMappings().isEmpty() || config.gidMappings().isEmpty()) {
      throw new EngineException.Unsupported(
          "a user namespace needs a range of host IDs: configure one, or give the mappings");
    }
    return n.withUser(n.user(), config.uidMappings(), config.gidMappings());
  }
}
