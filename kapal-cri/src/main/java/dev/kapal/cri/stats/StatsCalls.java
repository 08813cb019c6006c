package dev.kapal.cri.stats;

import dev.kapal.cri.rpc.CallGroup;
import dev.kapal.cri.rpc.Calls;
import dev.kapal.engine.Engine;

/** Samples of containers and pods. */
public record StatsCalls(Engine engine) implements CallGroup {
  @Override
  public void bind(Calls calls) {}
}
